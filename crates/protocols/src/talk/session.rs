//! One user's side of a conversation.

use std::rc::Rc;
use std::sync::Arc;

use futures::future::LocalBoxFuture;
use plimsoll_model::conversation::Message;
use plimsoll_model::http::HttpRequest;
use plimsoll_model::talk::{Act, Cut, SKIPPED, TalkRequest, Wanted};
use plimsoll_model::{Clock, Operation, Reading, Reply, ResponseView, Session};

use super::TalkDriver;
use super::conversation::{Conversation, Talks};
use super::ends::Ends;
use super::error::TalkError;
use crate::phases::{CONNECT, SEND, WAIT};
use crate::trouble::{not_ours, put_down, within};

/// One user's side of a conversation.
pub(crate) struct TalkSession {
    thread: Rc<TalkDriver>,
    /// With whom it speaks.
    talks: Talks,
    /// Somebody looks after them.
    is_attended: bool,
    heard: Heard,
    pings: u64,
    parts: Vec<Reading>,
}

impl TalkSession {
    pub(crate) fn new(thread: Rc<TalkDriver>) -> Self {
        Self {
            thread,
            talks: Talks::default(),
            is_attended: false,
            heard: Heard::default(),
            pings: 0,
            parts: Vec::new(),
        }
    }

    /// What is given up on its way, or fails, ends the conversation: its late answer is not to be taken for another's. Only
    /// waiting in vain for something to be said harms nothing.
    async fn attempt(&mut self, request: &TalkRequest, reply: &mut Reply) -> Result<(), TalkError> {
        let is_meant = |talk: &Conversation| talk.server == request.server;
        let known = {
            let mut talks = self.talks.borrow_mut();
            let at = talks.iter().position(is_meant);
            at.map(|at| talks.swap_remove(at)).filter(|_| request.act != Act::Connect)
        };
        let mut talk = match known {
            Some(talk) => talk,
            None if request.act == Act::Close => {
                let why = "there is no conversation to be ended".to_owned();
                return Err(TalkError::Request("not connected", why));
            }
            None => self.begun(request, reply).await?,
        };
        if let Act::Hear(wanted) = &request.act {
            self.keep(talk);
            let heard = self.hear_in_place(&request.server, wanted, reply).await;
            if heard.is_err() {
                self.talks.borrow_mut().retain(|talk| !is_meant(talk));
            }
            return heard;
        }
        self.act(&mut talk, &request.act, reply).await?;
        if request.act != Act::Close {
            self.keep(talk);
        }
        Ok(())
    }

    /// Keeps a conversation for the next step.
    fn keep(&mut self, talk: Conversation) {
        if talk.is_web() && !std::mem::replace(&mut self.is_attended, true) {
            self.thread.attendant.attend(&self.talks);
        }
        self.talks.borrow_mut().push(talk);
    }

    /// Hears in a conversation that stays where it is, so that it outlives the waiting.
    #[expect(
        clippy::await_holding_refcell_ref,
        reason = "who looks after them meanwhile passes over what is held"
    )]
    async fn hear_in_place(
        &mut self,
        server: &Arc<str>,
        wanted: &Wanted,
        reply: &mut Reply,
    ) -> Result<(), TalkError> {
        let Self { talks, heard, thread, .. } = self;
        let mut talks = talks.borrow_mut();
        let Some(talk) = talks.iter_mut().find(|known| known.server == *server) else {
            return Err(TalkError::Ended("there is no conversation".to_owned()));
        };
        let clock = thread.clock.as_ref();
        heard.until(talk, clock, reply, &wanted.cut, |message| is_wanted(wanted, message)).await
    }

    async fn begun(&self, request: &TalkRequest, reply: &mut Reply) -> Result<Conversation, TalkError> {
        let clock = &self.thread.clock;
        let before_ns = clock.now();
        reply.sent_ns = Some(before_ns);
        let ends = if request.server.starts_with("ws") {
            let handshake = HttpRequest {
                headers: request.headers.clone(),
                timeout_ns: request.timeout_ns,
                ..HttpRequest::new("GET", &request.server)
            };
            let opened = self.thread.http.converse(handshake).await;
            reply.status = opened.reply.status;
            reply.connects += opened.reply.connects;
            let (speaker, listener) = opened.ends.ok_or_else(|| TalkError::begin(&opened.reply))?;
            reply.phases_ns[CONNECT] += clock.now() - before_ns;
            Ends::Web(speaker, listener)
        } else {
            reply.connects += 1;
            Ends::dial(&self.thread.dialer, request, reply).await?
        };
        reply.done_ns = clock.now();
        Ok(Conversation::new(request.server.clone(), ends))
    }

    async fn act(&mut self, talk: &mut Conversation, act: &Act, reply: &mut Reply) -> Result<(), TalkError> {
        let clock = self.thread.clock.clone();
        match act {
            Act::Connect | Act::Hear(_) => Ok(()),
            Act::Say(message, wanted) => {
                self.say(talk, message.clone(), reply).await?;
                let Some(wanted) = wanted else { return Ok(()) };
                let is_it = |message: &Message| is_wanted(wanted, message);
                self.heard.until(talk, clock.as_ref(), reply, &wanted.cut, is_it).await
            }
            Act::Ping => {
                // Each says something else, so that a late answer to one is not taken for another's.
                self.pings += 1;
                let asked = self.pings.to_be_bytes().to_vec();
                self.say(talk, Message::Ping(asked.clone()), reply).await?;
                let is_it = |message: &Message| matches!(message, Message::Pong(said) if *said == asked);
                self.heard.until(talk, clock.as_ref(), reply, &Cut::Any, is_it).await
            }
            Act::Close => {
                self.say(talk, Message::Close(Some(1_000), String::new()), reply).await?;
                // Over TCP the end is ours alone; over WebSocket the other side confirms it.
                if !talk.is_web() {
                    return Ok(());
                }
                let is_it = |message: &Message| matches!(message, Message::Close(..));
                match self.heard.until(talk, clock.as_ref(), reply, &Cut::Any, is_it).await {
                    Err(TalkError::Ended(_)) => Ok(()),
                    ended => ended,
                }
            }
        }
    }

    async fn say(
        &self,
        talk: &mut Conversation,
        message: Message,
        reply: &mut Reply,
    ) -> Result<(), TalkError> {
        let before_ns = self.thread.clock.now();
        reply.sent_ns.get_or_insert(before_ns);
        reply.bytes_sent += message.len() as u64;
        talk.say(message).await.map_err(TalkError::of)?;
        reply.done_ns = self.thread.clock.now();
        reply.phases_ns[SEND] += reply.done_ns - before_ns;
        Ok(())
    }
}

/// What a step heard.
#[derive(Default)]
struct Heard {
    /// Messages before the one that was waited for.
    skipped: u64,
    /// That one.
    body: Vec<u8>,
}

impl Heard {
    /// Hears until a message is the one. The end of the conversation ends this, too, unless it is what was waited for.
    async fn until(
        &mut self,
        talk: &mut Conversation,
        clock: &dyn Clock,
        reply: &mut Reply,
        cut: &Cut,
        is_it: impl Fn(&Message) -> bool,
    ) -> Result<(), TalkError> {
        let before_ns = clock.now();
        reply.sent_ns.get_or_insert(before_ns);
        let ended = loop {
            let heard = talk.hear(cut).await;
            reply.done_ns = clock.now();
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

fn is_wanted(wanted: &Wanted, message: &Message) -> bool {
    match message {
        Message::Text(text) => wanted.pattern.is_met(text.as_bytes()),
        Message::Binary(bytes) => wanted.pattern.is_met(bytes),
        Message::Ping(_) | Message::Pong(_) | Message::Close(..) => false,
    }
}

fn said(message: Message) -> Vec<u8> {
    match message {
        Message::Text(text) => text.into_bytes(),
        Message::Binary(bytes) => bytes,
        Message::Ping(_) | Message::Pong(_) | Message::Close(..) => Vec::new(),
    }
}

impl Session for TalkSession {
    fn perform<'a>(&'a mut self, operation: &'a Arc<Operation>) -> LocalBoxFuture<'a, Reply> {
        Box::pin(async move {
            let Operation::Talk(request) = operation.as_ref() else {
                return not_ours("steps of conversations", self.thread.clock.now());
            };
            let mut reply = Reply::new();
            self.heard = Heard::default();
            let ended = within(request.timeout_ns, self.attempt(request, &mut reply)).await;
            self.parts = vec![Reading::number(SKIPPED, self.heard.skipped)];
            match ended {
                Ok(()) => {}
                Err(TalkError::TimedOut(_)) => {
                    put_down(&mut reply, &TalkError::TimedOut(self.heard.skipped), self.thread.clock.now());
                }
                Err(error) => put_down(&mut reply, &error, self.thread.clock.now()),
            }
            reply
        })
    }

    fn response(&self) -> ResponseView<'_> {
        ResponseView { body: &self.heard.body, ..ResponseView::default() }
    }

    fn parts(&self) -> &[Reading] {
        &self.parts
    }

    fn begin_iteration(&mut self) {}
}
