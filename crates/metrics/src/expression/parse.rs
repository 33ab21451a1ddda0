//! Text to [`Expression`], with errors that point at the place and say what to write instead.

use super::{Comparison, Dimension, Expression, Measure, Selector, Timing, UNITS};

/// What is wrong with an expression, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// Byte offset of the place in the text.
    pub offset: usize,
    /// Its length in bytes, at least 1.
    pub length: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

const MEASURES: &str = "p99, p99.9, min, max, mean, median, count, throughput, ok_rate, fail_rate, uptime, share, sum or tokens; of what a monitor reads also last";

/// Parses one expression.
pub fn parse(text: &str) -> Result<Expression, ExpressionError> {
    let mut cursor = Cursor::new(text);
    let (measure, selector) = measured(&mut cursor)?;
    let comparison = comparison(&mut cursor)?;
    let bound = bound(&mut cursor, measure)?;
    cursor.end()?;
    Ok(Expression { measure, selector, comparison, bound })
}

/// A measure with what it is of.
pub(super) fn measured(cursor: &mut Cursor<'_>) -> Result<(Measure, Selector), ExpressionError> {
    Ok((measure(cursor)?, selector(cursor)?))
}

pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Nothing may follow.
    pub(super) fn end(&mut self) -> Result<(), ExpressionError> {
        self.skip_spaces();
        if self.at == self.text.len() {
            return Ok(());
        }
        Err(self.error(
            self.text.len() - self.at,
            "there is more after the bound",
            "one claim holds one comparison; write a second claim",
        ))
    }

    /// Takes a name.
    pub(super) fn word(&mut self) -> &'a str {
        self.skip_spaces();
        self.take_while(|c| c.is_ascii_alphanumeric() || c == '_')
    }

    /// Takes `token`, which must be here.
    pub(super) fn want(&mut self, token: &str, hint: &str) -> Result<(), ExpressionError> {
        if self.take(token) {
            Ok(())
        } else {
            Err(self.error(1, &format!("`{token}` is missing here"), hint))
        }
    }

    /// Takes what stands in parentheses, split at commas.
    pub(super) fn arguments(&mut self) -> Result<Vec<String>, ExpressionError> {
        self.want("(", "write parentheses behind the name, with its arguments if it has any")?;
        let inside = self.take_while(|c| c != ')');
        self.want(")", "write `)` behind the arguments")?;
        Ok(inside.split(',').map(|a| a.trim().to_owned()).filter(|a| !a.is_empty()).collect())
    }

    /// Takes everything before one of `ends`, without spaces around it.
    pub(super) fn up_to(&mut self, ends: &[char]) -> &'a str {
        self.skip_spaces();
        self.take_while(|c| !ends.contains(&c)).trim_end()
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn take(&mut self, token: &str) -> bool {
        self.skip_spaces();
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    pub(super) fn error(&self, length: usize, message: &str, hint: &str) -> ExpressionError {
        self.error_at(self.at, length, message, hint)
    }

    #[expect(clippy::unused_self, reason = "reads beside `error`")]
    fn error_at(&self, offset: usize, length: usize, message: &str, hint: &str) -> ExpressionError {
        ExpressionError { offset, length: length.max(1), message: message.to_owned(), hint: hint.to_owned() }
    }
}

pub(super) fn measure(cursor: &mut Cursor<'_>) -> Result<Measure, ExpressionError> {
    cursor.skip_spaces();
    let start = cursor.at;
    let word = cursor.take_while(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    let named = match word {
        "count" => Some(Measure::Count),
        "error_rate" | "fail_rate" => Some(Measure::FailRate),
        "max" => Some(Measure::Max),
        "avg" | "mean" => Some(Measure::Mean),
        "med" | "median" => Some(Measure::Quantile(0.5)),
        "min" => Some(Measure::Min),
        "ok_rate" => Some(Measure::OkRate),
        "share" => Some(Measure::Share),
        "sum" => Some(Measure::Sum),
        "throughput" => Some(Measure::Throughput),
        "tokens" => Some(Measure::Tokens),
        "uptime" => Some(Measure::Uptime),
        _ => None,
    };
    if let Some(measure) = named {
        return Ok(measure);
    }
    let percent = word.strip_prefix('p').and_then(|digits| digits.parse::<f64>().ok());
    match percent {
        Some(percent) if percent > 0.0 && percent < 100.0 => Ok(Measure::Quantile(percent / 100.0)),
        Some(_) => Err(cursor.error_at(
            start,
            word.len(),
            "a percentile lies between 0 and 100",
            "write `max` for the largest, or p99.9",
        )),
        None if word.is_empty() => {
            Err(cursor.error_at(start, 1, "a claim begins with what is measured", &format!("use {MEASURES}")))
        }
        None => Err(cursor.error_at(
            start,
            word.len(),
            &format!("`{word}` is not a measure"),
            &format!("use {MEASURES}"),
        )),
    }
}

pub(super) fn selector(cursor: &mut Cursor<'_>) -> Result<Selector, ExpressionError> {
    let mut selector = Selector::default();
    if !cursor.take("(") {
        return Ok(selector);
    }
    loop {
        cursor.skip_spaces();
        let start = cursor.at;
        let item = cursor.take_while(|c| c != ',' && c != ')' && c != '(').trim_end();
        let problem = if item.is_empty() {
            Some("a step name, or key=value, is missing here".to_owned())
        } else {
            select(&mut selector, item).err()
        };
        if let Some(problem) = problem {
            return Err(cursor.error_at(
                start,
                item.len(),
                &problem,
                "use a step name, scenario=, phase=, outcome=, tag.KEY=VALUE, response or service",
            ));
        }
        if cursor.take(")") {
            return Ok(selector);
        }
        if !cursor.take(",") {
            return Err(cursor.error(1, "the parenthesis is not closed", "write `)` after the step name"));
        }
    }
}

pub(super) fn select(selector: &mut Selector, item: &str) -> Result<(), String> {
    let Some((key, value)) = item.split_once('=') else {
        match item {
            "service" => selector.timing = Timing::Service,
            "response" => selector.timing = Timing::Response,
            name => selector.step = Some(name.to_owned()),
        }
        return Ok(());
    };
    let value = value.trim().to_owned();
    match key.trim() {
        "step" => selector.step = Some(value),
        "scenario" => selector.scenario = Some(value),
        "phase" => selector.phase = Some(value),
        "outcome" => selector.outcome = Some(value.parse().map_err(|e| format!("{e}"))?),
        key => match key.strip_prefix("tag.") {
            Some(tag) => selector.tags.push((tag.to_owned(), value)),
            None => return Err(format!("`{key}` is not something a claim can select by")),
        },
    }
    Ok(())
}

pub(super) fn comparison(cursor: &mut Cursor<'_>) -> Result<Comparison, ExpressionError> {
    let signs = [
        ("<=", Comparison::AtMost),
        (">=", Comparison::AtLeast),
        ("==", Comparison::Equal),
        ("!=", Comparison::Unequal),
        ("<", Comparison::Below),
        (">", Comparison::Above),
    ];
    for (sign, comparison) in signs {
        if cursor.take(sign) {
            return Ok(comparison);
        }
    }
    Err(cursor.error(1, "a comparison is missing here", "write one of < <= > >= == !="))
}

fn bound(cursor: &mut Cursor<'_>, measure: Measure) -> Result<f64, ExpressionError> {
    bound_of(cursor, measure.dimension(), example(measure))
}

/// A number and what stands behind it, as they are written.
struct Written<'a> {
    start: usize,
    digits: &'a str,
    number: f64,
    unit: &'a str,
}

fn written<'a>(cursor: &mut Cursor<'a>, example: &str) -> Result<Written<'a>, ExpressionError> {
    cursor.skip_spaces();
    let start = cursor.at;
    let digits = cursor.take_while(|c| c.is_ascii_digit() || c == '.' || c == '_');
    let Ok(number) = digits.replace('_', "").parse::<f64>() else {
        return Err(cursor.error_at(start, digits.len(), "a number is missing here", example));
    };
    cursor.skip_spaces();
    let unit = cursor.take_while(|c| c.is_alphabetic() || c == '%' || c == '/');
    Ok(Written { start, digits, number, unit })
}

/// A number with a unit of `dimension`, in the base unit.
pub(super) fn bound_of(
    cursor: &mut Cursor<'_>,
    dimension: Dimension,
    example: &str,
) -> Result<f64, ExpressionError> {
    let Written { start, digits, number, unit } = written(cursor, example)?;
    let whole = cursor.at - start;
    let wrong = |message: String| Err(cursor.error_at(start, whole, &message, example));
    if unit.is_empty() {
        return match dimension {
            Dimension::Count => Ok(number),
            Dimension::Share if number <= 1.0 => Ok(number),
            _ => wrong(format!("a unit is missing behind {digits}")),
        };
    }
    match unit_of(unit) {
        None => wrong(format!("`{unit}` is not a unit")),
        Some((_, found, _)) if *found != dimension => wrong(format!("`{unit}` is not a unit that fits here")),
        Some((_, _, size)) if dimension == Dimension::Share && number * size > 1.0 => {
            wrong(format!("a share of {digits}{unit} is more than all"))
        }
        Some((_, _, size)) => Ok(number * size),
    }
}

fn unit_of(name: &str) -> Option<&'static (&'static str, Dimension, f64)> {
    UNITS.iter().find(|(known, ..)| *known == name)
}

/// A number with whatever unit, in the base unit, and what it is.
pub(super) fn any_bound(cursor: &mut Cursor<'_>, example: &str) -> Result<(f64, Dimension), ExpressionError> {
    let Written { start, number, unit, .. } = written(cursor, example)?;
    match unit_of(unit) {
        _ if unit.is_empty() => Ok((number, Dimension::Count)),
        Some((_, dimension, size)) => Ok((number * size, *dimension)),
        None => {
            let message = format!("`{unit}` is not a unit");
            Err(cursor.error_at(start, cursor.at - start, &message, example))
        }
    }
}

fn example(measure: Measure) -> &'static str {
    match measure.dimension() {
        Dimension::ByteRate | Dimension::Bytes => "write a number of bytes, as in max(redis.memory) < 500MB",
        Dimension::Count => "write a plain number, as in count(checkout) >= 1000",
        Dimension::Rate => "write a rate, as in throughput(checkout) >= 500/s",
        Dimension::Share => "write a share, as in ok_rate >= 99.9%",
        Dimension::Time => "write a time, as in p99(checkout) < 200ms",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;

    #[test]
    fn what_the_design_shows_parses() {
        let p99 = parse("p99(checkout) < 200ms").unwrap();
        assert_eq!(p99.measure, Measure::Quantile(0.99));
        assert_eq!(p99.selector.step.as_deref(), Some("checkout"));
        assert_eq!((p99.comparison, p99.bound), (Comparison::Below, 200e6));
        let ok = parse("ok_rate >= 99.9%").unwrap();
        assert!((ok.bound - 0.999).abs() < 1e-12);
        assert_eq!(parse("throughput(x) >= 30000/min").unwrap().bound, 500.0);
        let budget = parse("tokens(chat) < 50k").unwrap();
        assert_eq!((budget.measure, budget.bound), (Measure::Tokens, 50_000.0));
        let hits = parse("share(cart.hit) >= 90%").unwrap();
        assert_eq!((hits.measure, hits.selector.step.as_deref()), (Measure::Share, Some("cart.hit")));
        let rich =
            parse(" mean( track order , phase=hold, outcome=rejected, tag.kind=read, service ) <= 1.5 s")
                .unwrap();
        assert_eq!(rich.selector.step.as_deref(), Some("track order"));
        assert_eq!(rich.selector.outcome, Some(Outcome::Rejected));
        assert_eq!(rich.selector.tags, [("kind".to_owned(), "read".to_owned())]);
        assert_eq!((rich.selector.timing, rich.bound), (Timing::Service, 1.5e9));
    }

    #[test]
    fn every_mistake_is_placed_and_answered() {
        let table = [
            ("", 0, "a claim begins"),
            ("q99 < 1ms", 0, "`q99` is not a measure"),
            ("p100 < 1ms", 0, "between 0 and 100"),
            ("p99(checkout < 1ms", 4, ""),
            ("p99() < 1ms", 4, "missing"),
            ("p99(colour=red) < 1ms", 4, "`colour`"),
            ("p99(outcome=good) < 1ms", 4, "`good`"),
            ("p99 200ms", 4, "comparison"),
            ("p99 < fast", 6, "number"),
            ("p99 < 200", 6, "a unit is missing"),
            ("p99 < 200%", 6, "not a unit that fits"),
            ("rate<0.1%", 0, "`rate`"),
            ("ok_rate >= 150%", 11, "more than all"),
            ("p99 < 200ms or so", 12, "more after"),
        ];
        for (text, offset, message) in table {
            let error = parse(text).unwrap_err();
            assert!(error.message.contains(message), "{text}: {}", error.message);
            assert!(!error.hint.is_empty());
            if !message.is_empty() {
                assert_eq!(error.offset, offset, "{text}: {}", error.message);
            }
        }
    }
}
