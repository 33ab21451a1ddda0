//! What `k6/ws` and `k6/websockets` are made of: conversations by number, and what they add to the metrics.

use std::borrow::Cow;
use std::rc::Rc;

use plimsoll_model::conversation::{Message, Opened};
use plimsoll_model::http::HttpRequest;
use plimsoll_model::{Failure, Nanos};
use rquickjs::function::{Func, Opt};
use rquickjs::{Array, Ctx, Exception, Function, IntoJs, Object, Result, Value};

use super::bytes::{buffer, bytes_of};
use super::{With, happened, not_while_reading, time_is_up};
use crate::metrics::{BuiltIn, SYSTEM_TAGS, Tagged};
use crate::vu::{Answer, Ask, Dial, Token, Vu};

/// A handshake takes no longer; k6 has no other limit for it.
const HANDSHAKE_NS: Nanos = 60_000_000_000;

pub(super) fn install<'js>(own: &Object<'js>, vu: &Rc<Vu>) -> Result<()> {
    let v = vu.clone();
    own.set(
        "wsDial",
        Func::from(move |ctx: Ctx<'js>, url: String, headers: Array<'js>| -> Result<Token> {
            not_while_reading(&ctx, &v, "a WebSocket")?;
            let mut request = HttpRequest::new("GET", &url);
            request.headers = fields(&headers)?;
            request.timeout_ns = HANDSHAKE_NS;
            request.connect_timeout_ns = HANDSHAKE_NS;
            let step = v.request_step(&v.group_path(), "WS", &url);
            let token = v.begin();
            v.ask(Ask::Dial(token, Box::new(Dial { step, request }))).map_err(|_| time_is_up(&ctx))?;
            Ok(token)
        }),
    )?;
    let v = vu.clone();
    own.set(
        "wsSay",
        Func::from(
            move |ctx: Ctx<'js>, token: Token, kind: String, data: Value<'js>, reason: Opt<String>| {
                let message = spoken(&ctx, &kind, &data, reason.0.unwrap_or_default())?;
                v.store.count(BuiltIn::DataSent, message.len() as f64, &*v);
                match v.ask(Ask::Say(token, message)) {
                    Ok(Answer::Said(problem)) => Ok(problem),
                    _ => Err(time_is_up(&ctx)),
                }
            },
        ),
    )?;
    let v = vu.clone();
    own.set(
        "wsForget",
        Func::from(move |ctx: Ctx<'js>, token: Token| -> Result<()> {
            v.ended();
            v.ask(Ask::Forget(token)).map_err(|_| time_is_up(&ctx)).map(drop)
        }),
    )?;
    let v = vu.clone();
    own.set(
        "wsNext",
        Func::from(move |ctx: Ctx<'js>, until_ms: Opt<f64>| -> Result<()> {
            let moment = until_ms.0.map(|ms| (ms * 1e6) as Nanos);
            match v.ask(Ask::Await(moment)) {
                Ok(Answer::Event(event)) => happened(&ctx, &v, event),
                Ok(_) => Ok(()),
                Err(_) => Err(time_is_up(&ctx)),
            }
        }),
    )?;
    let v = vu.clone();
    own.set("throws", Func::from(move || v.run.options.throw))?;
    samples(own, vu)
}

/// Header fields out of pairs.
pub(super) fn fields(pairs: &Array<'_>) -> Result<Vec<(String, String)>> {
    let mut fields = Vec::new();
    for pair in pairs.iter::<Vec<String>>() {
        if let [name, value] = pair?.as_slice() {
            fields.push((name.clone(), value.clone()));
        }
    }
    Ok(fields)
}

fn spoken<'js>(ctx: &Ctx<'js>, kind: &str, data: &Value<'js>, reason: String) -> Result<Message> {
    let bytes = || bytes_of(ctx, data).map(Option::unwrap_or_default);
    Ok(match kind {
        "text" => Message::Text(String::from_utf8_lossy(&bytes()?).into_owned()),
        "binary" => Message::Binary(bytes()?),
        "ping" => Message::Ping(bytes()?),
        "close" => Message::Close(data.as_number().map(|code| code as u16), reason),
        other => return Err(Exception::throw_message(ctx, &format!("nobody can say {other}"))),
    })
}

/// Values of k6's own metrics for WebSockets.
fn samples<'js>(own: &Object<'js>, vu: &Rc<Vu>) -> Result<()> {
    let v = vu.clone();
    own.set(
        "wsSample",
        Func::from(move |name: String, value: f64, tags: Opt<Value<'js>>| {
            let tags = OfSession(With { vu: &v, given: tags.0.as_ref().and_then(Value::as_object) });
            let ns = (value * 1e6) as Nanos;
            match name.as_str() {
                "ws_sessions" => v.store.count(BuiltIn::WsSessions, value, &tags),
                "ws_msgs_sent" => v.store.count(BuiltIn::WsMsgsSent, value, &tags),
                "ws_msgs_received" => v.store.count(BuiltIn::WsMsgsReceived, value, &tags),
                "ws_ping" => v.store.time(BuiltIn::WsPing, ns, &tags),
                "ws_connecting" => v.store.time(BuiltIn::WsConnecting, ns, &tags),
                _ => v.store.time(BuiltIn::WsSessionDuration, ns, &tags),
            }
        }),
    )
}

/// Tags of a session: those that it gives by itself may be left out by options.
pub(super) struct OfSession<'a, 'js>(pub(super) With<'a, 'js>);

impl OfSession<'_, '_> {
    fn hides(&self, name: &str) -> bool {
        SYSTEM_TAGS.contains(&name) && !self.0.vu.tags_with(name)
    }
}

impl Tagged for OfSession<'_, '_> {
    fn tag(&self, name: &str) -> Option<Cow<'_, str>> {
        if self.hides(name) { None } else { self.0.tag(name) }
    }

    fn each(&self, put: &mut dyn FnMut(&str, &str)) {
        self.0.each(&mut |name, value| {
            if !self.hides(name) {
                put(name, value);
            }
        });
    }
}

/// Tells the script what came of a handshake.
pub(super) fn opened<'js>(
    ctx: &Ctx<'js>,
    vu: &Vu,
    own: &Object<'js>,
    token: Token,
    opened: &Opened,
) -> Result<()> {
    if opened.reply.outcome != plimsoll_model::Outcome::Ok {
        vu.ended();
    }
    let headers: Vec<Vec<&str>> =
        opened.headers.iter().map(|(name, value)| vec![name.as_str(), value.as_str()]).collect();
    let problem = opened.reply.failure.as_ref().map(|failure| match failure.class.as_ref() {
        "refused" => "connect: connection refused".to_owned(),
        _ => failure.message.clone(),
    });
    let body = String::from_utf8_lossy(&opened.body).into_owned();
    let class = opened.reply.failure.as_ref().map(|failure| failure.class.to_string());
    tell(own)?.call((token, "opened", opened.reply.status, headers.into_js(ctx)?, body, problem, class))
}

/// Tells the script what was heard.
pub(super) fn heard<'js>(
    ctx: &Ctx<'js>,
    vu: &Vu,
    own: &Object<'js>,
    token: Token,
    heard: Option<std::result::Result<Message, Failure>>,
) -> Result<()> {
    let tell = tell(own)?;
    let message = match heard {
        Some(Ok(message)) => message,
        other => {
            vu.ended();
            return match other {
                Some(Err(failure)) => tell.call((token, "lost", failure.message, failure.class.to_string())),
                _ => tell.call((token, "end")),
            };
        }
    };
    vu.store.count(BuiltIn::DataReceived, message.len() as f64, vu);
    match message {
        Message::Text(text) => tell.call((token, "text", text)),
        Message::Binary(bytes) => tell.call((token, "binary", buffer(ctx, bytes)?)),
        Message::Ping(_) => tell.call((token, "ping")),
        Message::Pong(_) => tell.call((token, "pong")),
        Message::Close(code, reason) => tell.call((token, "close", code, reason)),
    }
}

fn tell<'js>(own: &Object<'js>) -> Result<Function<'js>> {
    own.get("socket")
}
