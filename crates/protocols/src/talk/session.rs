//! One user's side of a conversation.

use std::rc::Rc;
use std::sync::Arc;

use futures::future::LocalBoxFuture;
use plimsoll_model::conversation::Message;
use plimsoll_model::http::HttpRequest;
use plimsoll_model::talk::{Act, Cut, SKIPPED, TalkRequest, Wanted};
use plimsoll_model::{Clock, Driver, Failure, Operation, Outcome, Reading, Reply, ResponseView, Session};

use super::ends::Ends;
use super::error::TalkError;
use crate::phases::{CONNECT, SEND, WAIT};
use crate::trouble::{not_ours, put_down, within};

/// What a ping says: the answer repeats it.
const PING: &[u8] = b"plimsoll";

/// One user's side of a conversation.
pub(crate) struct TalkSession {
    clock: Rc<dyn Clock>,
    http: Rc<dyn Driver>,
    current: Option<(Arc<str>, Ends)>,
    skipped: u64,
    parts: Vec<Reading>,
    /// The message that was waited for last.
    body: Vec<u8>,
}

impl TalkSession {
    pub(crate) fn new(clock: Rc<dyn Clock>, http: Rc<dyn Driver>) -> Self {
        Self { clock, http, current: None, skipped: 0, parts: Vec::new(), body: Vec::new() }
    }

    async fn attempt(&mut self, request: &TalkRequest, reply: &mut Reply) -> Result<(), TalkError> {
        let is_known = self.current.as_ref().is_some_and(|(server, _)| *server == request.server);
        if request.act == Act::Close && !is_known {
            return Err(TalkError::Request(
                "not connected",
                "there is no conversation to be ended".to_owned(),
            ));
        }
        if !is_known || request.act == Act::Connect {
            self.current = None;
            let ends = self.begun(request, reply).await?;
            self.current = Some((request.server.clone(), ends));
        }
        let done = self.act(&request.act, reply).await;
        if done.is_err() || request.act == Act::Close {
            self.current = None;
        }
        done
    }

    async fn begun(&self, request: &TalkRequest, reply: &mut Reply) -> Result<Ends, TalkError> {
        let before_ns = self.clock.now();
        reply.sent_ns = Some(before_ns);
        let ends = if request.server.starts_with("ws") {
            let handshake = HttpRequest {
                headers: request.headers.clone(),
                timeout_ns: request.timeout_ns,
                ..HttpRequest::new("GET", &request.server)
            };
            let opened = self.http.converse(handshake).await;
            reply.status = opened.reply.status;
            reply.connects += opened.reply.connects;
            let (speaker, listener) = opened.ends.ok_or_else(|| TalkError::begin(&opened.reply))?;
            Ends::Web(speaker, listener)
        } else {
            reply.connects += 1;
            Ends::dial(&request.server).await.map_err(|e| not_dialled(&request.server, &e))?
        };
        reply.done_ns = self.clock.now();
        reply.phases_ns[CONNECT] += reply.done_ns - before_ns;
        Ok(ends)
    }

    async fn act(&mut self, act: &Act, reply: &mut Reply) -> Result<(), TalkError> {
        match act {
            Act::Connect => Ok(()),
            Act::Hear(wanted) => self.hear(wanted, reply).await,
            Act::Say(message, wanted) => {
                self.say(message.clone(), reply).await?;
                match wanted {
                    Some(wanted) => self.hear(wanted, reply).await,
                    None => Ok(()),
                }
            }
            Act::Ping => {
                self.say(Message::Ping(PING.to_vec()), reply).await?;
                self.until(reply, &Cut::Any, |message| matches!(message, Message::Pong(said) if said == PING))
                    .await
            }
            Act::Close => {
                self.say(Message::Close(Some(1_000), String::new()), reply).await?;
                // Over TCP the end is ours alone; over WebSocket the other side confirms it.
                if let Some((_, Ends::Web(..))) = &self.current {
                    let ended = self.until(reply, &Cut::Any, |m| matches!(m, Message::Close(..))).await;
                    if !matches!(ended, Err(TalkError::Ended(_))) {
                        return ended;
                    }
                }
                Ok(())
            }
        }
    }

    fn ends(&mut self) -> Result<&mut Ends, TalkError> {
        let ends = self.current.as_mut().map(|(_, ends)| ends);
        ends.ok_or_else(|| TalkError::Request("not connected", "there is no conversation".to_owned()))
    }

    async fn say(&mut self, message: Message, reply: &mut Reply) -> Result<(), TalkError> {
        let before_ns = self.clock.now();
        reply.sent_ns.get_or_insert(before_ns);
        reply.bytes_sent += message.len() as u64;
        self.ends()?.say(message).await.map_err(TalkError::of)?;
        reply.done_ns = self.clock.now();
        reply.phases_ns[SEND] += reply.done_ns - before_ns;
        Ok(())
    }

    async fn hear(&mut self, wanted: &Wanted, reply: &mut Reply) -> Result<(), TalkError> {
        let is_it = |message: &Message| match message {
            Message::Text(text) => wanted.pattern.is_met(text.as_bytes()),
            Message::Binary(bytes) => wanted.pattern.is_met(bytes),
            Message::Ping(_) | Message::Pong(_) | Message::Close(..) => false,
        };
        self.until(reply, &wanted.cut, is_it).await
    }

    /// Hears until a message is the one. The end of the conversation ends this, too, unless it is what was waited for.
    async fn until(
        &mut self,
        reply: &mut Reply,
        cut: &Cut,
        is_it: impl Fn(&Message) -> bool,
    ) -> Result<(), TalkError> {
        let before_ns = self.clock.now();
        reply.sent_ns.get_or_insert(before_ns);
        let ended = loop {
            let heard = self.ends()?.hear(cut).await;
            reply.done_ns = self.clock.now();
            let message = match heard {
                Some(Ok(message)) => message,
                Some(Err(failure)) => break Err(TalkError::of(failure)),
                None => break Err(TalkError::Ended("the other side ended the conversation".to_owned())),
            };
            reply.bytes_received += message.len() as u64;
            if is_it(&message) {
                self.body = said(message);
                break Ok(());
            }
            if let Message::Close(code, reason) = message {
                let code = code.map_or_else(|| "no code".to_owned(), |code| code.to_string());
                break Err(TalkError::Ended(format!(
                    "the other side ended the conversation: {code} {reason}"
                )));
            }
            if matches!(message, Message::Text(_) | Message::Binary(_)) {
                self.skipped += 1;
            }
        };
        reply.phases_ns[WAIT] += reply.done_ns - before_ns;
        ended
    }
}

fn said(message: Message) -> Vec<u8> {
    match message {
        Message::Text(text) => text.into_bytes(),
        Message::Binary(bytes) => bytes,
        Message::Ping(_) | Message::Pong(_) | Message::Close(..) => Vec::new(),
    }
}

fn not_dialled(server: &str, error: &std::io::Error) -> TalkError {
    let class = match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "refused",
        std::io::ErrorKind::InvalidInput => "bad url",
        _ if error.to_string().contains("lookup") => "dns",
        _ => "connect",
    };
    let failure = Failure::new(class, format!("no connection to {server}: {error}"));
    TalkError::Begin(Outcome::ConnectError, 0, failure)
}

impl Session for TalkSession {
    fn perform<'a>(&'a mut self, operation: &'a Arc<Operation>) -> LocalBoxFuture<'a, Reply> {
        Box::pin(async move {
            let Operation::Talk(request) = operation.as_ref() else {
                return not_ours("steps of conversations", self.clock.now());
            };
            let mut reply = Reply::new();
            self.body.clear();
            self.skipped = 0;
            let ended = within(request.timeout_ns, self.attempt(request, &mut reply)).await;
            self.parts = vec![Reading::number(SKIPPED, self.skipped)];
            match ended {
                Ok(()) => {}
                // The conversation goes on: what did not come in time may come later.
                Err(TalkError::TimedOut(_)) => {
                    put_down(&mut reply, &TalkError::TimedOut(self.skipped), self.clock.now());
                }
                Err(error) => put_down(&mut reply, &error, self.clock.now()),
            }
            reply
        })
    }

    fn response(&self) -> ResponseView<'_> {
        ResponseView { body: &self.body, ..ResponseView::default() }
    }

    fn parts(&self) -> &[Reading] {
        &self.parts
    }

    fn begin_iteration(&mut self) {}
}
