//! What `k6/net/grpc` is made of: descriptions, calls, and streams as conversations.

use std::rc::Rc;
use std::sync::Arc;

use plimsoll_model::grpc::GrpcRequest;
use plimsoll_model::http::HttpRequest;
use plimsoll_model::{Nanos, Operation};
use rquickjs::function::{Func, Opt};
use rquickjs::{Array, Ctx, Exception, Function, IntoJs, Object, Result, Value};

use super::websocket::{OfSession, fields};
use super::{With, go_error, not_while_reading, time_is_up};
use crate::metrics::BuiltIn;
use crate::vu::{Answer, Ask, Call, Dial, Seen, Stage, Token, Vu};

pub(super) fn install<'js>(own: &Object<'js>, vu: &Rc<Vu>) -> Result<()> {
    let v = vu.clone();
    own.set(
        "grpcLoad",
        Func::from(move |ctx: Ctx<'js>, includes: Vec<String>, files: Vec<String>| {
            load(&ctx, &v, &includes, &files)
        }),
    )?;
    let v = vu.clone();
    own.set(
        "grpcHold",
        Func::from(move |ctx: Ctx<'js>, url: String, timeout_ms: f64| -> Result<Array<'js>> {
            not_while_reading(&ctx, &v, "a connection by gRPC")?;
            // It may outlast the iteration, so it is nothing that the iteration waits for.
            v.tokens.set(v.tokens.get() + 1);
            let token = v.tokens.get();
            let dial = dial(&v, &url, Vec::new(), timeout_ms);
            let Ok(Answer::Said(problem)) = v.ask(Ask::Hold(token, Box::new(dial))) else {
                return Err(time_is_up(&ctx));
            };
            let both = Array::new(ctx)?;
            both.set(0, token)?;
            both.set(1, problem)?;
            Ok(both)
        }),
    )?;
    let v = vu.clone();
    own.set(
        "grpcRelease",
        Func::from(move |ctx: Ctx<'js>, token: Token| -> Result<()> {
            v.ask(Ask::Forget(token)).map_err(|_| time_is_up(&ctx)).map(drop)
        }),
    )?;
    let v = vu.clone();
    own.set(
        "grpcDial",
        Func::from(
            move |ctx: Ctx<'js>, url: String, metadata: Array<'js>, timeout_ms: f64| -> Result<Token> {
                not_while_reading(&ctx, &v, "a connection by gRPC")?;
                let dial = dial(&v, &url, fields(&metadata)?, timeout_ms);
                let token = v.begin();
                v.ask(Ask::Dial(token, Box::new(dial))).map_err(|_| time_is_up(&ctx))?;
                Ok(token)
            },
        ),
    )?;
    let v = vu.clone();
    own.set(
        "grpcCall",
        Func::from(move |ctx: Ctx<'js>, request: Object<'js>, metadata: Array<'js>| -> Result<Value<'js>> {
            not_while_reading(&ctx, &v, "a call by gRPC")?;
            match v.ask(Ask::Call(called(&v, &request, &metadata)?)) {
                Ok(Answer::Seen(seen)) => shown(&ctx, &v, &seen),
                _ => Err(time_is_up(&ctx)),
            }
        }),
    )?;
    let v = vu.clone();
    own.set(
        "grpcStart",
        Func::from(move |ctx: Ctx<'js>, request: Object<'js>, metadata: Array<'js>| -> Result<Token> {
            not_while_reading(&ctx, &v, "a call by gRPC")?;
            let (call, token) = (called(&v, &request, &metadata)?, v.begin());
            v.ask(Ask::StartCall(token, call)).map_err(|_| time_is_up(&ctx))?;
            Ok(token)
        }),
    )?;
    samples(own, vu)
}

/// A connection, or a stream, that is to begin. What stands behind `#` tells the connections of different users apart.
fn dial(vu: &Vu, url: &str, metadata: Vec<(String, String)>, timeout_ms: f64) -> Dial {
    let mut request = HttpRequest::new("POST", url);
    request.headers = metadata;
    request.timeout_ns = (timeout_ms * 1e6) as Nanos;
    let step = vu.request_step(&vu.group_path(), "GRPC", url.split('#').next().unwrap_or_default());
    Dial { step, request }
}

/// Reads descriptions; names of their methods, with what streams.
fn load<'js>(ctx: &Ctx<'js>, vu: &Vu, includes: &[String], files: &[String]) -> Result<Value<'js>> {
    if vu.stage.get() != Stage::Init {
        return Err(go_error(ctx, "load must be called in the init context"));
    }
    let Some(services) = &vu.run.outside.services else {
        return Err(Exception::throw_message(ctx, "this plimsoll was built without gRPC (feature `grpc`)"));
    };
    let base = |path: &String| vu.run.sources.path(path);
    let includes: Vec<_> = includes.iter().map(base).collect();
    let place = |file: &String| {
        let found = includes.iter().map(|place| place.join(file)).find(|path| path.exists());
        found.unwrap_or_else(|| base(file))
    };
    let files: Vec<_> = files.iter().map(place).collect();
    let methods = services.load(&includes, &files).map_err(|problem| go_error(ctx, &problem))?;
    let list = Array::new(ctx.clone())?;
    for (at, method) in methods.iter().enumerate() {
        let shown = Object::new(ctx.clone())?;
        shown.set("package", method.package.as_str())?;
        shown.set("service", method.service.as_str())?;
        shown.set("full_method", method.path())?;
        shown.set("name", method.name.as_str())?;
        shown.set("is_client_stream", method.takes_stream)?;
        shown.set("is_server_stream", method.gives_stream)?;
        list.set(at, shown)?;
    }
    Ok(list.into_value())
}

/// A call out of what the module gives.
fn called<'js>(vu: &Vu, request: &Object<'js>, metadata: &Array<'js>) -> Result<Call> {
    let (server, method): (String, String) = (request.get("server")?, request.get("method")?);
    let message: String = request.get("message")?;
    let timeout_ms: f64 = request.get("timeout")?;
    let step = vu.request_step(&vu.group_path(), "GRPC", &method);
    let operation = Operation::Grpc(GrpcRequest {
        server: server.into(),
        method: method.trim_start_matches('/').into(),
        metadata: fields(metadata)?,
        messages: vec![message],
        json_names: true,
        timeout_ns: (timeout_ms * 1e6) as Nanos,
    });
    Ok(Call { step, operation: Arc::new(operation) })
}

/// What came of a call: status, the server's words, fields before and behind, the message as JSON, and how long it took.
fn shown<'js>(ctx: &Ctx<'js>, vu: &Vu, seen: &Seen) -> Result<Value<'js>> {
    let all = Object::new(ctx.clone())?;
    let failure = seen.reply.failure.as_ref();
    all.set("class", failure.map(|failure| failure.class.to_string()))?;
    all.set("error", failure.map(|failure| failure.message.clone()))?;
    all.set("timedOut", matches!(seen.reply.outcome, plimsoll_model::Outcome::Timeout))?;
    all.set("headers", pairs(ctx, &seen.headers)?)?;
    all.set("trailers", pairs(ctx, &seen.trailers)?)?;
    all.set("message", String::from_utf8_lossy(&seen.body).into_owned())?;
    let sent_ns = seen.reply.sent_ns.unwrap_or(seen.reply.done_ns);
    all.set("took", seen.reply.done_ns.saturating_sub(sent_ns) as f64 / 1e6)?;
    vu.store.count(BuiltIn::DataSent, seen.reply.bytes_sent as f64, vu);
    vu.store.count(BuiltIn::DataReceived, seen.reply.bytes_received as f64, vu);
    Ok(all.into_value())
}

fn pairs<'js>(ctx: &Ctx<'js>, fields: &[(String, String)]) -> Result<Value<'js>> {
    let pairs: Vec<_> = fields.iter().map(|(name, value)| vec![name.as_str(), value.as_str()]).collect();
    pairs.into_js(ctx)
}

/// Tells the script what came of a call that went on beside it.
pub(super) fn replied<'js>(
    ctx: &Ctx<'js>,
    vu: &Vu,
    own: &Object<'js>,
    token: Token,
    seen: &Seen,
) -> Result<()> {
    vu.ended();
    let tell: Function<'js> = own.get("socket")?;
    tell.call((token, "called", shown(ctx, vu, seen)?))
}

/// Values of k6's own metrics for gRPC.
fn samples<'js>(own: &Object<'js>, vu: &Rc<Vu>) -> Result<()> {
    let v = vu.clone();
    own.set(
        "grpcSample",
        Func::from(move |name: String, value: f64, tags: Opt<Value<'js>>| {
            let tags = OfSession(With { vu: &v, given: tags.0.as_ref().and_then(Value::as_object) });
            match name.as_str() {
                "grpc_streams" => v.store.count(BuiltIn::GrpcStreams, value, &tags),
                "grpc_streams_msgs_sent" => v.store.count(BuiltIn::GrpcStreamsMsgsSent, value, &tags),
                "grpc_streams_msgs_received" => v.store.count(BuiltIn::GrpcStreamsMsgsReceived, value, &tags),
                _ => v.store.time(BuiltIn::GrpcReqDuration, (value * 1e6) as Nanos, &tags),
            }
        }),
    )
}
