//! Text and JSON with holes: `/orders/${id}`.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use form_urlencoded::byte_serialize;
use rand::Rng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::Value;

use super::data::Picked;
use super::names::Names;

/// Keys and indexes into a value.
pub type Path = Vec<String>;

/// Where a hole's value comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// Computed anew each time.
    Call(Function),
    /// Known before the run.
    Constant(Value),
    /// The current row of a data set.
    Data(usize),
    /// Saved by setup.
    Global(String),
    /// The number of the iteration.
    Iteration,
    /// Saved by a step of this routine.
    Slot(usize),
    /// The number of the user.
    User,
}

/// Something that makes a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Function {
    /// One of the given.
    Choice(Vec<String>),
    /// An even draw.
    Float(f64, f64),
    /// An even draw, both ends included.
    Int(i64, i64),
    /// RFC 3339, UTC, milliseconds.
    Now,
    /// Random letters and digits.
    Text(usize),
    /// Milliseconds since 1970.
    UnixMs,
    /// Version 4.
    Uuid,
}

impl Function {
    /// For messages.
    pub const NAMES: &'static str =
        "uuid(), int(1, 10), float(0, 1), choice(a, b), text(8), now() and unix_ms()";

    /// Parses `name(arguments`, the closing parenthesis gone.
    pub fn parse(call: &str) -> Result<Self, (String, String)> {
        let wrong = || {
            (
                format!("`{call})` is not a function with its arguments"),
                format!("functions are {}", Self::NAMES),
            )
        };
        let (name, arguments) = call.split_once('(').ok_or_else(wrong)?;
        let arguments: Vec<&str> = arguments.split(',').map(str::trim).filter(|a| !a.is_empty()).collect();
        let number =
            |index: usize| arguments.get(index).and_then(|a| a.parse::<f64>().ok()).ok_or_else(wrong);
        let expect = |count: usize| if arguments.len() == count { Ok(()) } else { Err(wrong()) };
        match name.trim() {
            "choice" if !arguments.is_empty() => {
                Ok(Self::Choice(arguments.iter().map(|a| (*a).to_owned()).collect()))
            }
            "float" => expect(2)
                .and_then(|()| Ok(Self::Float(number(0)?, number(1)?)))
                .and_then(|f| if number(0)? < number(1)? { Ok(f) } else { Err(wrong()) }),
            "int" => expect(2)
                .and_then(|()| Ok(Self::Int(number(0)? as i64, number(1)? as i64)))
                .and_then(|f| if number(0)? <= number(1)? { Ok(f) } else { Err(wrong()) }),
            "now" => expect(0).map(|()| Self::Now),
            "text" => expect(1).and_then(|()| Ok(Self::Text(number(0)? as usize))),
            "unix_ms" => expect(0).map(|()| Self::UnixMs),
            "uuid" => expect(0).map(|()| Self::Uuid),
            _ => Err(wrong()),
        }
    }

    fn make(&self, scope: &mut Scope<'_>) -> Value {
        let random = &mut *scope.random;
        match self {
            Self::Choice(given) => Value::String(given[random.random_range(0..given.len())].clone()),
            Self::Float(from, to) => Value::from(random.random_range(*from..*to)),
            Self::Int(from, to) => Value::from(random.random_range(*from..=*to)),
            Self::Now => Value::String(rfc3339_ms(scope.wall_ns / 1_000_000)),
            Self::Text(length) => Value::String(
                (0..*length).map(|_| char::from(random.sample(rand::distr::Alphanumeric))).collect(),
            ),
            Self::UnixMs => Value::from(scope.wall_ns / 1_000_000),
            Self::Uuid => Value::String(uuid(random)),
        }
    }
}

/// A version 4 UUID from the run's own randomness.
pub fn uuid(random: &mut impl Rng) -> String {
    let bits: u128 = random.random();
    let bits = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Milliseconds since 1970 as RFC 3339 in UTC (days to date by Howard Hinnant's `civil_from_days`).
pub fn rfc3339_ms(unix_ms: u64) -> String {
    let (days, ms) = (unix_ms / 86_400_000, unix_ms % 86_400_000);
    let z = days + 719_468;
    let (era, day_of_era) = (z / 146_097, z % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1_000)
}

/// What holes are filled from, in one iteration of one user.
pub struct Scope<'a> {
    /// Saved by steps.
    pub slots: &'a [Option<Value>],
    /// Saved by setup.
    pub globals: &'a super::Globals,
    /// The current row of each data set; `None` if it is used up.
    pub rows: &'a mut dyn FnMut(usize) -> Option<Picked>,
    /// The iteration's number.
    pub iteration: u64,
    /// The user's number.
    pub user: u64,
    /// The user's randomness.
    pub random: &'a mut Xoshiro256PlusPlus,
    /// Wall clock, in nanoseconds since 1970.
    pub wall_ns: u64,
    /// A body that was sent and is needed no more.
    pub spare: &'a mut Option<Arc<[u8]>>,
}

/// A hole has nothing to be filled with.
#[derive(Debug, PartialEq, Eq)]
pub struct Missing(pub String);

/// A hole.
#[derive(Clone, Debug, PartialEq)]
pub struct Hole {
    origin: Origin,
    path: Path,
    written: String,
    form: Form,
}

/// How a value is written into the text around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As a JSON value.
    Json,
    /// Inside a JSON string.
    JsonString,
    /// As it is.
    Plain,
    /// Percent-encoded.
    Query,
}

impl Hole {
    fn picked(&self, set: usize, scope: &mut Scope<'_>) -> Result<Picked, Missing> {
        (scope.rows)(set).ok_or_else(|| Missing(format!("the data behind ${{{}}} is used up", self.written)))
    }

    fn missing(&self) -> Missing {
        Missing(format!("${{{}}} has no value", self.written))
    }

    fn value<'s>(&'s self, scope: &'s mut Scope<'_>) -> Result<Cow<'s, Value>, Missing> {
        let missing = || self.missing();
        let whole = match &self.origin {
            Origin::Call(function) => Cow::Owned(function.make(scope)),
            Origin::Constant(value) => Cow::Borrowed(value),
            Origin::Data(set) => {
                let picked = self.picked(*set, scope)?;
                if picked.row.batch.is_some() {
                    return Ok(Cow::Owned(Value::String(batch_text(&picked, scope.wall_ns))));
                }
                return dig(&picked.row.value, &self.path).cloned().map(Cow::Owned).ok_or_else(missing);
            }
            Origin::Global(name) => {
                let globals = scope.globals.read().unwrap_or_else(std::sync::PoisonError::into_inner);
                Cow::Owned(globals.get(name).ok_or_else(missing)?.clone())
            }
            Origin::Iteration => Cow::Owned(Value::from(scope.iteration)),
            Origin::Slot(slot) => {
                Cow::Borrowed(scope.slots.get(*slot).and_then(Option::as_ref).ok_or_else(missing)?)
            }
            Origin::User => Cow::Owned(Value::from(scope.user)),
        };
        if self.path.is_empty() {
            return Ok(whole);
        }
        match whole {
            Cow::Borrowed(value) => dig(value, &self.path).map(Cow::Borrowed).ok_or_else(missing),
            Cow::Owned(value) => dig(&value, &self.path).cloned().map(Cow::Owned).ok_or_else(missing),
        }
    }

    fn render(&self, scope: &mut Scope<'_>, out: &mut String) -> Result<(), Missing> {
        if let Origin::Data(set) = &self.origin {
            let picked = self.picked(*set, scope)?;
            let is_whole = self.path.is_empty() && self.form == Form::Json;
            match &picked.row.batch {
                Some(_) if is_whole => out.push_str(&batch_text(&picked, scope.wall_ns)),
                Some(_) => {
                    write_value(&Value::String(batch_text(&picked, scope.wall_ns)), self.form, out);
                }
                // A whole row as JSON is kept as text: no need to write it out again each time.
                None if is_whole => out.push_str(&picked.row.text),
                // Nor is a part of it, which may be large, to be copied before it is written.
                None => {
                    let part = dig(&picked.row.value, &self.path);
                    write_value(part.ok_or_else(|| self.missing())?, self.form, out);
                }
            }
            return Ok(());
        }
        let value = self.value(scope)?;
        write_value(&value, self.form, out);
        Ok(())
    }
}

/// A batch, with what makes it the one that it is.
fn batch_text(picked: &Picked, wall_ns: u64) -> String {
    let mut bytes = picked.row.text.clone().into_bytes();
    if let Some(batch) = &picked.row.batch {
        batch.write(picked.number, wall_ns, &mut bytes);
    }
    String::from_utf8(bytes).expect("digits were written over digits")
}

fn dig<'a>(value: &'a Value, path: &Path) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, key| match value {
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        other => other.get(key),
    })
}

fn write_value(value: &Value, form: Form, out: &mut String) {
    let plain = || match value {
        Value::String(text) => Cow::Borrowed(text.as_str()),
        other => Cow::Owned(other.to_string()),
    };
    match form {
        Form::Json => write!(out, "{value}").expect("writing to a string cannot fail"),
        Form::JsonString => {
            let quoted = Value::String(plain().into_owned()).to_string();
            out.push_str(&quoted[1..quoted.len() - 1]);
        }
        Form::Plain => out.push_str(&plain()),
        Form::Query => byte_serialize(plain().as_bytes()).for_each(|piece| out.push_str(piece)),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    Hole(Hole),
}

/// Text with holes.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Template(Vec<Piece>);

/// What is wrong inside a template: where, as byte offsets into it, what, and what to write instead.
#[derive(Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// Where.
    pub span: std::ops::Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write.
    pub hint: String,
}

impl Template {
    /// Fixed text.
    pub fn fixed(text: &str) -> Self {
        Self(vec![Piece::Text(text.to_owned())])
    }

    /// Parses text; `$${` stands for a literal `${`.
    pub fn parse(text: &str, form: Form, names: &Names) -> Result<Self, TemplateError> {
        let mut template = Self::default();
        template.push_parsed(text, form, names)?;
        Ok(template)
    }

    /// A JSON value whose strings may hold holes; a string that is one hole becomes the value itself.
    pub fn json(value: &Value, names: &Names) -> Result<Self, TemplateError> {
        let mut template = Self::default();
        template.push_json(value, names)?;
        Ok(template)
    }

    fn push_text(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ if text.is_empty() => {}
            _ => self.0.push(Piece::Text(text.to_owned())),
        }
    }

    fn push_literal(&mut self, text: &str, form: Form) {
        let mut written = String::new();
        match form {
            // In a query or form the literal part of the text was written by the user, who knows what is needed.
            Form::Query | Form::Plain => written.push_str(text),
            Form::Json | Form::JsonString => {
                write_value(&Value::String(text.to_owned()), Form::JsonString, &mut written);
            }
        }
        self.push_text(&written);
    }

    fn push_parsed(&mut self, text: &str, form: Form, names: &Names) -> Result<(), TemplateError> {
        let mut at = 0;
        while let Some(found) = text[at..].find("${") {
            let start = at + found;
            if text[..start].ends_with('$') {
                self.push_literal(&text[at..start - 1], form);
                self.push_literal("${", form);
                at = start + 2;
                continue;
            }
            self.push_literal(&text[at..start], form);
            let Some(length) = text[start..].find('}') else {
                return Err(TemplateError {
                    span: start..text.len(),
                    message: "`${` is not closed".to_owned(),
                    hint: "close it with `}`, or write `$${` for the characters themselves".to_owned(),
                });
            };
            let written = &text[start + 2..start + length];
            let resolved = names.resolve(written);
            let (origin, path) = resolved.map_err(|(message, hint)| TemplateError {
                span: start..start + length + 1,
                message,
                hint,
            })?;
            self.push_hole(Hole { origin, path, written: written.to_owned(), form });
            at = start + length + 1;
        }
        self.push_literal(&text[at..], form);
        Ok(())
    }

    fn push_hole(&mut self, hole: Hole) {
        if let Origin::Constant(value) = &hole.origin
            && let Some(value) = dig(value, &hole.path)
        {
            let mut written = String::new();
            write_value(value, hole.form, &mut written);
            return self.push_text(&written);
        }
        self.0.push(Piece::Hole(hole));
    }

    fn push_json(&mut self, value: &Value, names: &Names) -> Result<(), TemplateError> {
        match value {
            Value::String(text) if is_one_hole(text) => return self.push_parsed(text, Form::Json, names),
            Value::String(text) => {
                self.push_text("\"");
                self.push_parsed(text, Form::JsonString, names)?;
                self.push_text("\"");
            }
            Value::Array(items) => {
                self.push_text("[");
                for (index, item) in items.iter().enumerate() {
                    self.push_text(if index == 0 { "" } else { "," });
                    self.push_json(item, names)?;
                }
                self.push_text("]");
            }
            Value::Object(entries) => {
                self.push_text("{");
                for (index, (key, item)) in entries.iter().enumerate() {
                    self.push_text(if index == 0 { "" } else { "," });
                    self.push_text(&Value::String(key.clone()).to_string());
                    self.push_text(":");
                    self.push_json(item, names)?;
                }
                self.push_text("}");
            }
            fixed => self.push_text(&fixed.to_string()),
        }
        Ok(())
    }

    /// Puts another template behind this one.
    pub fn append(&mut self, other: Self) {
        for piece in other.0 {
            match piece {
                Piece::Text(text) => self.push_text(&text),
                hole @ Piece::Hole(_) => self.0.push(hole),
            }
        }
    }

    /// The text, if there are no holes left.
    pub fn as_fixed(&self) -> Option<&str> {
        fixed(&self.0)
    }

    /// The only hole with what stands before and behind it, if it is a whole row of a data set as JSON or as it is.
    pub fn around_row(&self) -> Option<(&str, usize, &str)> {
        let at = self.0.iter().position(|piece| matches!(piece, Piece::Hole(_)))?;
        let Piece::Hole(Hole { origin: Origin::Data(set), path, form, .. }) = &self.0[at] else {
            return None;
        };
        let whole = path.is_empty() && matches!(form, Form::Json | Form::Plain);
        whole.then_some((fixed(&self.0[..at])?, *set, fixed(&self.0[at + 1..])?))
    }

    /// Data sets whose rows it uses.
    pub fn data_sets(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Hole(Hole { origin: Origin::Data(set), .. }) => Some(*set),
            _ => None,
        })
    }

    /// Appends the filled text.
    pub fn render_into(&self, scope: &mut Scope<'_>, out: &mut String) -> Result<(), Missing> {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Hole(hole) => hole.render(scope, out)?,
            }
        }
        Ok(())
    }

    /// The filled text.
    pub fn render(&self, scope: &mut Scope<'_>) -> Result<String, Missing> {
        let mut out = String::new();
        self.render_into(scope, &mut out).map(|()| out)
    }
}

fn fixed(pieces: &[Piece]) -> Option<&str> {
    match pieces {
        [] => Some(""),
        [Piece::Text(text)] => Some(text),
        _ => None,
    }
}

fn is_one_hole(text: &str) -> bool {
    text.starts_with("${") && text.find('}') == Some(text.len() - 1)
}

#[cfg(test)]
mod tests;
