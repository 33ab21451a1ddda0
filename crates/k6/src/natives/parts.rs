//! What modules find under the hidden name. It comes in parts, and a part is only put there when something of it is asked
//! for: thousands of users hold no more of it than their script uses.

use std::rc::Rc;

use rquickjs::object::{Accessor, Property};
use rquickjs::{Ctx, Object, Result, Value};

use super::{
    address, checks, counting, crypto, encoding, files, flow, grpc, html, http, info, json, k6, lazy,
    modules, shared_arrays, subtle, websocket, x509,
};
use crate::vu::Vu;

/// How a part comes to be there.
enum Made {
    /// By functions in Rust.
    Native(for<'js> fn(&Object<'js>, &Rc<Vu>) -> Result<()>),
    /// By a module, under its name, which puts down what it has.
    Module(&'static str),
}

/// Parts, each with the names that it puts down.
const PARTS: &[(Made, &[&str])] = &[
    (Made::Native(k6::install), &["sleep", "group", "fail", "randomSeed"]),
    (Made::Native(flow), &["now", "timers", "say"]),
    (Made::Native(counting), &["metric", "add"]),
    (Made::Native(checks), &["check"]),
    (Made::Native(shared_arrays), &["sharedArray", "sharedElement"]),
    (Made::Native(modules), &["resolveModule", "loadModule"]),
    (
        Made::Native(info::install),
        &["info", "stage", "clockMs", "getTag", "setTag", "deleteTag", "tagNames", "abort", "failTest"],
    ),
    (Made::Native(info::summaries), &["secret", "textSummary", "humanize"]),
    (Made::Native(|own, _| address::install(own)), &["resolveUrl", "checkUrl", "withQuery"]),
    (Made::Native(|own, _| encoding::install(own)), &["b64encode", "b64decode", "text", "bytes", "concat"]),
    (Made::Native(files::install), &["openFile", "fileSlice", "csvRows"]),
    (
        Made::Native(|own, _| html::install(own)),
        &["htmlParse", "htmlNode", "htmlText", "htmlRender", "htmlSelect", "htmlMatching"],
    ),
    (Made::Native(|own, _| json::install(own)), &["textJson"]),
    (Made::Native(crypto::install), &["digest", "hex", "randomBytes"]),
    (Made::Native(|own, _| x509::install(own)), &["certificate"]),
    (Made::Native(http::install), &["responsePrototype"]),
    (Made::Native(http::install_send), &["send"]),
    (Made::Native(http::exports), &["httpExports"]),
    (
        Made::Native(http::install_more),
        &[
            "request",
            "batch",
            "start",
            "refused",
            "setResponseCallback",
            "ownJar",
            "newJar",
            "jarCookies",
            "jarSet",
            "jarRemove",
        ],
    ),
    (Made::Native(subtle::install), &["aes", "curve", "rsa", "pbkdf2"]),
    (Made::Native(websocket::install), &["wsDial", "wsSay", "wsForget", "wsNext", "wsSample", "throws"]),
    (
        Made::Native(grpc::install),
        &["grpcLoad", "grpcHold", "grpcRelease", "grpcDial", "grpcCall", "grpcStart", "grpcSample"],
    ),
    (Made::Module("go"), &["GoError", "goText", "goType", "bytesLike"]),
    (Made::Module("older"), &["commonJs", "defaultOf", "requireFrom", "exportsOf"]),
    (Made::Module("timers"), &["nextTimer", "runTimer", "clearTimers"]),
    (Made::Module("http"), &["http", "sendOther", "replied", "urlencoded"]),
    (Made::Module("timings"), &["timed"]),
    (Made::Module("html"), &["html"]),
    (Made::Module("sockets"), &["sockets", "socket"]),
    (Made::Module("webcrypto"), &["webcrypto"]),
];

/// Global names that a module puts down when they are first asked for.
const GLOBALS: &[(&str, &str)] = &[
    ("console", "console"),
    ("setTimeout", "timers"),
    ("setInterval", "timers"),
    ("clearTimeout", "timers"),
    ("clearInterval", "timers"),
    ("crypto", "crypto"),
    ("TextEncoder", "text"),
    ("TextDecoder", "text"),
];

/// The object that holds all of it, empty: what it lacks is looked for behind it.
pub(super) fn holder<'js>(ctx: &Ctx<'js>, vu: &Rc<Vu>) -> Result<Object<'js>> {
    let own = Object::new(ctx.clone())?;
    let vu = vu.clone();
    lazy::behind(&own, move |ctx, name| put_down(ctx, &vu, name))?;
    Ok(own)
}

/// Puts down the part that a name belongs to; whether there is one.
fn put_down(ctx: &Ctx<'_>, vu: &Rc<Vu>, name: &str) -> Result<bool> {
    let Some((made, _)) = PARTS.iter().find(|(_, names)| names.contains(&name)) else { return Ok(false) };
    match made {
        Made::Native(install) => install(&super::hidden(ctx)?, vu)?,
        Made::Module(module) => evaluate(ctx, vu, module)?,
    }
    Ok(true)
}

fn evaluate(ctx: &Ctx<'_>, vu: &Rc<Vu>, module: &str) -> Result<()> {
    let text = crate::modules::part(module).expect("only our own modules ask, for what there is");
    let module = vu.run.compiled.declared(ctx, vu, (&crate::modules::part_name(module), text))?;
    // A module without `await` at its top is evaluated at once.
    let (_, promise) = module.eval()?;
    promise.result::<()>().unwrap_or(Ok(()))
}

/// Puts down a global name; whether a module has it.
pub(super) fn global<'js>(globals: &Object<'js>, vu: &Rc<Vu>, name: &'static str) -> Result<bool> {
    let Some((_, module)) = GLOBALS.iter().find(|(known, _)| *known == name) else { return Ok(false) };
    let vu = vu.clone();
    let read = move |ctx: Ctx<'js>| -> Result<Value<'js>> {
        evaluate(&ctx, &vu, module)?;
        ctx.globals().get(name)
    };
    let put = move |ctx: Ctx<'js>, value: Value<'js>| {
        ctx.globals().prop(name, Property::from(value).writable().enumerable().configurable())
    };
    globals.prop(name, Accessor::new(read, put).enumerable().configurable())?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<&'static str> {
        PARTS.iter().flat_map(|(_, names)| names.iter().copied()).collect()
    }

    #[test]
    fn a_name_belongs_to_one_part() {
        let mut names = known();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    /// Every name that a module of ours asks for is one that a part has, or one that a module puts down itself.
    #[test]
    fn modules_ask_for_what_there_is() {
        let texts = crate::modules::own_texts();
        let put_down = |name: &str| texts.iter().any(|text| text.contains(&format!("own.{name} = ")));
        for text in &texts {
            let words = text.split(|c: char| !(c.is_alphanumeric() || c == '.'));
            for name in words.filter_map(|word| word.strip_prefix("own.")).filter(|name| !name.is_empty()) {
                let name = name.split('.').next().unwrap_or(name);
                assert!(known().contains(&name) || put_down(name), "own.{name}");
            }
        }
    }
}
