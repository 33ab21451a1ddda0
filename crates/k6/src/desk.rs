//! Where a user's operations are performed: what they share, and those that go on beside the script.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use futures::StreamExt;
use futures::future::{Either, LocalBoxFuture, select};
use futures::stream::FuturesUnordered;
use plimsoll_model::conversation::{Listener, Message, Opened, Speaker};
use plimsoll_model::{Begun, Driver, Failure, Host, Nanos, Observation, Outcome, Reply, Session};

use crate::flow::{Flow, address};
use crate::vu::{Call, Dial, Event, Seen, Token, Vu};

/// What the operations of a user share.
pub(crate) struct Desk<'h> {
    vu: Rc<Vu>,
    pub(crate) host: RefCell<Box<dyn Host + 'h>>,
    driver: Rc<dyn Driver>,
    /// For calls by gRPC, if this build knows of them.
    calls: Option<Rc<dyn Driver>>,
    /// Its sessions that nothing is under way on.
    idle_calls: RefCell<Vec<Box<dyn Session>>>,
    /// Sessions that nothing is under way on: as many as were ever needed at once.
    idle: RefCell<Vec<Box<dyn Session>>>,
    /// Answered, and not settled until the script has had its say.
    pending: RefCell<Vec<Pending>>,
    /// Our side of the conversations that go on.
    speakers: RefCell<BTreeMap<Token, Box<dyn Speaker>>>,
    /// Of those that are held and in which nobody speaks.
    held: RefCell<BTreeMap<Token, Box<dyn Speaker>>>,
}

struct Pending {
    begun: Begun,
    seen: Rc<Seen>,
}

impl<'h> Desk<'h> {
    pub(crate) fn new(
        vu: Rc<Vu>,
        (driver, calls): (Rc<dyn Driver>, Option<Rc<dyn Driver>>),
        host: Box<dyn Host + 'h>,
    ) -> Self {
        Self {
            vu,
            host: RefCell::new(host),
            driver,
            calls,
            idle_calls: RefCell::default(),
            held: RefCell::default(),
            idle: RefCell::default(),
            pending: RefCell::default(),
            speakers: RefCell::default(),
        }
    }

    /// Performs a request with all that it leads to. Its last response waits to be settled.
    pub(crate) async fn perform(&self, flow: &mut Flow) {
        if flow.method.is_empty() {
            // Refused before it was sent.
            return;
        }
        loop {
            if let Some(rps) = self.vu.run.options.rps {
                Box::pin(self.vu.clock.sleep_until(self.vu.run.turn(self.vu.now(), rps))).await;
            }
            let call = flow.call(&self.vu);
            let idle = self.idle.borrow_mut().pop();
            let mut session = idle.unwrap_or_else(|| self.driver.session());
            let begun = self.host.borrow_mut().begin(call.step);
            let reply = session.perform(&call.operation).await;
            let seen = Rc::new(seen(session.as_ref(), reply));
            self.idle.borrow_mut().push(session);
            let goes_on = flow.take(&self.vu, seen.clone());
            let pending = Pending { begun, seen };
            if !goes_on {
                self.pending.borrow_mut().push(pending);
                return;
            }
            self.finish(&pending);
        }
    }

    /// Performs requests side by side, as many at once as options allow.
    pub(crate) async fn perform_all(&self, mut flows: Vec<Flow>) -> Vec<Flow> {
        let (all_max, per_host_max) = (self.vu.run.options.batch, self.vu.run.options.batch_per_host);
        let hosts: Vec<String> = flows.iter().map(|flow| address::authority(&flow.url).to_owned()).collect();
        let mut waiting: VecDeque<_> = flows.iter_mut().zip(&hosts).collect();
        let mut busy: Vec<&String> = Vec::new();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < all_max
                && let Some(next) = waiting
                    .iter()
                    .position(|(_, host)| busy.iter().filter(|b| *b == host).count() < per_host_max)
            {
                let (flow, host) = waiting.remove(next).expect("it was just found");
                busy.push(host);
                running.push(async move {
                    self.perform(flow).await;
                    host
                });
            }
            let Some(host) = running.next().await else { break };
            let at = busy.iter().position(|b| *b == host).expect("it was put there when it began");
            busy.swap_remove(at);
        }
        drop((running, waiting));
        flows
    }

    /// Makes a call by gRPC.
    pub(crate) async fn call(&self, call: Call) -> Rc<Seen> {
        let idle = self.idle_calls.borrow_mut().pop();
        let driver = self.calls.as_ref().unwrap_or(&self.driver);
        let mut session = idle.unwrap_or_else(|| driver.session());
        let begun = self.host.borrow_mut().begin(call.step);
        let reply = session.perform(&call.operation).await;
        let seen = Rc::new(seen(session.as_ref(), reply));
        self.idle_calls.borrow_mut().push(session);
        self.finish(&Pending { begun, seen: seen.clone() });
        seen
    }

    /// Begins a conversation in which nobody speaks; why not, if there is none.
    pub(crate) async fn hold(&self, token: Token, dial: Box<Dial>) -> Option<String> {
        let opened = self.opened(*dial).await;
        if let Some((speaker, _)) = opened.ends {
            self.held.borrow_mut().insert(token, speaker);
        }
        opened.reply.failure.map(|failure| match failure.class.as_ref() {
            "refused" => "connect: connection refused".to_owned(),
            _ => failure.message,
        })
    }

    /// Begins a conversation.
    pub(crate) async fn dial(&self, token: Token, dial: Box<Dial>) -> Event {
        Event::Opened(token, Box::new(self.opened(*dial).await))
    }

    /// Begins a conversation. In the record it is an operation that ends with the handshake.
    async fn opened(&self, dial: Dial) -> Opened {
        let begun = self.host.borrow_mut().begin(dial.step);
        let by_grpc = dial.request.url.starts_with("grpc");
        let driver = self.calls.as_ref().filter(|_| by_grpc).unwrap_or(&self.driver);
        let opened = driver.converse(dial.request).await;
        let failure = opened.reply.failure.as_deref();
        self.host.borrow_mut().finish(&Observation {
            begun,
            outcome: opened.reply.outcome,
            reply: &opened.reply,
            failure: failure.map(|f| (f.class.as_ref(), f.message.as_str())),
            checked: false,
        });
        opened
    }

    /// Says something in a conversation; why not, if it cannot be said.
    pub(crate) async fn say(&self, token: Token, message: Message) -> Option<String> {
        let speaker = self.speakers.borrow_mut().remove(&token);
        let Some(mut speaker) = speaker else { return Some("the conversation is over".to_owned()) };
        let said = speaker.say(message).await;
        self.speakers.borrow_mut().insert(token, speaker);
        said.err().map(|failure| failure.message)
    }

    /// Nobody listens to this conversation any more.
    pub(crate) fn forget(&self, token: Token) {
        self.speakers.borrow_mut().remove(&token);
        self.held.borrow_mut().remove(&token);
    }

    /// Nobody listens to any.
    pub(crate) fn hang_up(&self) {
        self.speakers.borrow_mut().clear();
    }

    /// What the script is told of an event; conversations go on to be listened to.
    pub(crate) fn passed<'d>(&'d self, event: Event, beside: &mut Beside<'d>) -> Option<Event> {
        match event {
            Event::Opened(token, mut opened) => {
                if let Some((speaker, listener)) = opened.ends.take() {
                    self.speakers.borrow_mut().insert(token, speaker);
                    beside.start(listen(token, listener));
                }
                Some(Event::Opened(token, opened))
            }
            Event::Heard(token, heard, listener) => {
                if !self.speakers.borrow().contains_key(&token) {
                    return None;
                }
                if let Some(Ok(message)) = heard {
                    beside.start(listen(token, listener));
                    return Some(Event::Heard(token, Some(Ok(message)), Box::new(Nothing)));
                }
                self.forget(token);
                Some(Event::Heard(token, heard, listener))
            }
            told @ (Event::Replied(..) | Event::Called(..)) => Some(told),
        }
    }

    /// The script has gone on: what it made of the last responses stands now.
    pub(crate) fn settle(&self) {
        for ended in self.vu.groups_ended.borrow_mut().drain(..) {
            self.host.borrow_mut().group(ended.step, ended.begun_ns, ended.outcome);
        }
        for pending in self.pending.borrow_mut().drain(..) {
            self.finish(&pending);
        }
    }

    fn finish(&self, Pending { begun, seen }: &Pending) {
        let judged = seen.judged.take();
        let failed = judged.failed_check.map(|name| ("check failed", name));
        let failed =
            failed.or(judged.unexpected.map(|status| ("unexpected status", format!("status {status}"))));
        let failed = failed.filter(|_| seen.reply.outcome == Outcome::Ok);
        let class = failed.as_ref().map(|(class, what)| (format!("{class}: {what}"), what));
        self.host.borrow_mut().finish(&Observation {
            begun: *begun,
            outcome: if class.is_some() { Outcome::AppError } else { seen.reply.outcome },
            reply: &seen.reply,
            failure: class.as_ref().map(|(class, what)| (class.as_str(), what.as_str())),
            checked: judged.looked,
        });
    }
}

fn seen(session: &dyn Session, reply: Reply) -> Seen {
    let view = session.response();
    let has_failed = reply.failure.is_some() && !matches!(reply.outcome, Outcome::Ok);
    Seen {
        status: if has_failed { 0 } else { view.status },
        headers: session.headers(),
        body: view.body.to_vec(),
        trailers: view.trailers.to_vec(),
        tls: view.tls,
        judged: RefCell::default(),
        reply,
    }
}

async fn listen(token: Token, mut listener: Box<dyn Listener>) -> Event {
    let heard = listener.hear().await;
    Event::Heard(token, heard, listener)
}

/// Says nothing: what the script is given in the place of a listener.
struct Nothing;

impl Listener for Nothing {
    fn hear(&mut self) -> LocalBoxFuture<'_, Option<Result<Message, Failure>>> {
        Box::pin(async { None })
    }
}

/// What goes on beside the script of one user.
#[derive(Default)]
pub(crate) struct Beside<'d> {
    running: FuturesUnordered<LocalBoxFuture<'d, Event>>,
    /// What has come to an end and was not asked for yet.
    events: VecDeque<Event>,
}

impl<'d> Beside<'d> {
    /// Lets something go on beside the script.
    pub(crate) fn start(&mut self, event: impl Future<Output = Event> + 'd) {
        self.running.push(Box::pin(event));
    }

    /// Whether anything is under way, or has come to something that the script does not know.
    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_empty() && self.events.is_empty()
    }

    /// What the script waits for; everything else goes on meanwhile.
    pub(crate) async fn during<T>(&mut self, main: impl Future<Output = T>) -> T {
        if self.running.is_empty() {
            return main.await;
        }
        let mut main = pin!(main);
        poll_fn(|cx| {
            while let Poll::Ready(Some(event)) = self.running.poll_next_unpin(cx) {
                self.events.push_back(event);
            }
            main.as_mut().poll(cx)
        })
        .await
    }

    /// The next event; `None` if `timeout` is over before there is one, or none will ever come.
    pub(crate) async fn next(&mut self, timeout: impl Future<Output = ()>) -> Option<Event> {
        if let Some(event) = self.events.pop_front() {
            return Some(event);
        }
        match select(self.running.next(), pin!(timeout)).await {
            Either::Left((event, _)) => event,
            Either::Right(_) => None,
        }
    }
}

/// Until a moment of the run's clock; without one, for ever.
pub(crate) async fn until(vu: &Vu, moment: Option<Nanos>) {
    match moment {
        Some(moment) => vu.clock.sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
