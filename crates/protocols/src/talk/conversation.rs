//! A conversation of a user, and what came in it while nobody listened.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use futures::FutureExt;
use plimsoll_model::Failure;
use plimsoll_model::conversation::Message;
use plimsoll_model::talk::Cut;

use super::ends::Ends;

/// Messages that wait for a step at most: beyond them the other side has to wait, as it would without us.
const WAITING_MAX: usize = 256;

/// Something heard: a message, a failure, or the end.
type Heard = Option<Result<Message, Failure>>;

/// The conversations of one user. Whoever steps into one holds them meanwhile.
pub(super) type Talks = Rc<RefCell<Vec<Conversation>>>;

/// A conversation.
pub(super) struct Conversation {
    /// With whom.
    pub(super) server: Arc<str>,
    ends: Ends,
    waiting: VecDeque<Heard>,
}

impl Conversation {
    /// One that has just begun.
    pub(super) fn new(server: Arc<str>, ends: Ends) -> Self {
        Self { server, ends, waiting: VecDeque::new() }
    }

    /// Whether it travels over WebSocket.
    pub(super) fn is_web(&self) -> bool {
        matches!(self.ends, Ends::Web(..))
    }

    /// Says something.
    pub(super) async fn say(&mut self, message: Message) -> Result<(), Failure> {
        self.ends.say(message).await
    }

    /// What came, or comes, next; `None` at the end.
    pub(super) async fn hear(&mut self, cut: &Cut) -> Heard {
        match self.waiting.pop_front() {
            Some(heard) => heard,
            None => self.ends.hear(cut).await,
        }
    }

    /// Takes in what is there without waiting for more; the library answers pings meanwhile.
    pub(super) fn look_in(&mut self) {
        let is_over = |heard: &Heard| !matches!(heard, Some(Ok(_)));
        while self.is_web()
            && self.waiting.len() < WAITING_MAX
            && !self.waiting.back().is_some_and(is_over)
            && let Some(heard) = self.ends.hear(&Cut::Any).now_or_never()
        {
            // A ping has been answered, and is nothing that a step waits for.
            if !matches!(heard, Some(Ok(Message::Ping(_)))) {
                self.waiting.push_back(heard);
            }
        }
    }
}
