//! `Response.json()`: whole, or what a path of gjson selects.

use rquickjs::function::{Args, Func, Opt, This};
use rquickjs::{Coerced, Ctx, Object, Result, Value};

use super::bytes::bytes_of;
use super::class::thing;
use super::go_error;
use super::response::Response;

pub(super) fn install<'js>(own: &Object<'js>) -> Result<()> {
    own.set(
        "textJson",
        Func::from(|ctx: Ctx<'js>, body: Value<'js>, path: Opt<Value<'js>>| {
            let bytes = bytes_of(&ctx, &body)?.unwrap_or_default();
            json(&ctx, &String::from_utf8_lossy(&bytes), path_of(path.0)?.as_deref())
        }),
    )
}

/// `json()` of a response. Where the script has put something in its place, or there is no body, the module goes on.
pub(super) fn of_response<'js>(
    ctx: Ctx<'js>,
    this: This<Object<'js>>,
    path: Opt<Value<'js>>,
) -> Result<Value<'js>> {
    let response = thing::<Response>(this.as_value()).filter(|_| this.is_empty());
    if let Some(response) = response
        && let Some(text) = response.borrow().0.body_text()
    {
        return json(&ctx, &text, path_of(path.0)?.as_deref());
    }
    let own = super::hidden(&ctx)?;
    let methods: Object<'js> = own.get::<_, Object<'js>>("http")?.get("methods")?;
    let mut arguments = Args::new_unsized(ctx);
    arguments.this(this.0)?;
    arguments.push_args(path.0)?;
    arguments.apply(&methods.get("json")?)
}

/// A path as it was given: nothing in its place is the empty one.
fn path_of(given: Option<Value<'_>>) -> Result<Option<String>> {
    let text = |given: Value<'_>| {
        let is_nothing = given.is_null() || given.is_undefined();
        if is_nothing { Ok(String::new()) } else { given.get::<Coerced<String>>().map(|text| text.0) }
    };
    given.map(text).transpose()
}

fn json<'js>(ctx: &Ctx<'js>, text: &str, path: Option<&str>) -> Result<Value<'js>> {
    let Some(path) = path else {
        return ctx.json_parse(text).map_err(|_thrown| {
            // What QuickJS has thrown gives way to what k6 would say.
            ctx.catch();
            go_error(ctx, &format!("cannot parse json due to an error at {}", mistake(text)))
        });
    };
    if path.is_empty() || !gjson::valid(text) {
        return Ok(Value::new_undefined(ctx.clone()));
    }
    let found = gjson::get(text, path);
    if !found.exists() {
        return Ok(Value::new_undefined(ctx.clone()));
    }
    ctx.json_parse(found.json())
}

/// Where a text stops being JSON, and why.
fn mistake(text: &str) -> String {
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Err(error) if error.is_eof() => {
            let lines = text.matches('\n').count() + 1;
            format!("line {lines}, character {} , error: unexpected end of JSON input", text.len())
        }
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
            let found = text[before..].chars().nth(column.saturating_sub(1)).unwrap_or(' ');
            format!(
                "line {line}, character {} , error: invalid character {found:?} ({error})",
                before + column
            )
        }
        Ok(_) => "line 1, character 0 , error: it is no JSON to a script".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_placed() {
        assert_eq!(mistake("{"), "line 1, character 1 , error: unexpected end of JSON input");
        assert!(mistake("{\n \"a\": x}").starts_with("line 2, character 9 , error: invalid character 'x'"));
    }
}
