//! `Response.json()`: whole, or what a path of gjson selects.

use rquickjs::function::{Func, Opt};
use rquickjs::{Class, Ctx, Object, Result, Value};

use super::bytes::bytes_of;
use super::class::Held;
use super::go_error;
use super::response::Response;

pub(super) fn install<'js>(own: &Object<'js>) -> Result<()> {
    own.set(
        "responseJson",
        Func::from(|ctx: Ctx<'js>, response: Class<'js, Held<Response>>, path: Opt<String>| {
            let response = response.borrow();
            let body = response.0.seen().map_or(&[][..], |seen| &seen.body);
            json(&ctx, &String::from_utf8_lossy(body), path.0.as_deref())
        }),
    )?;
    own.set("hasBody", Func::from(|response: Class<'js, Held<Response>>| response.borrow().0.has_body()))?;
    own.set(
        "textJson",
        Func::from(|ctx: Ctx<'js>, body: Value<'js>, path: Opt<String>| {
            let bytes = bytes_of(&ctx, &body)?.unwrap_or_default();
            json(&ctx, &String::from_utf8_lossy(&bytes), path.0.as_deref())
        }),
    )
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
