//! One user of a protocol, outside any load.

use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;

use futures::future::LocalBoxFuture;
use plimsoll_model::dial::TlsSpoken;
use plimsoll_model::http::{HttpRequest, HttpSettings, Keep};
use plimsoll_model::{
    Clock, IdleStrategy, Nanos, Operation, Outcome, Protocol, Reading, Reply, SECOND_NS, Session,
};
use plimsoll_protocols::http::Http;
use plimsoll_targets::truth::{Fault, TruthOptions};
use plimsoll_targets::{Running, start, truth};
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;
use tokio::time::Instant;

/// The loopback interface, any free port.
pub(crate) const ANYWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

struct RealClock(Instant);

impl Clock for RealClock {
    fn now(&self) -> Nanos {
        self.0.elapsed().as_nanos() as Nanos
    }

    fn sleep_until(&self, at: Nanos) -> LocalBoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep_until(self.0 + std::time::Duration::from_nanos(at)))
    }

    fn wait_until(&self, at: Nanos, _strategy: IdleStrategy) -> LocalBoxFuture<'_, ()> {
        self.sleep_until(at)
    }
}

/// One user.
pub(crate) struct Client {
    runtime: Rc<Runtime>,
    tasks: Rc<LocalSet>,
    session: Box<dyn Session>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) reply: Reply,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) tls: Option<TlsSpoken>,
    pub(crate) parts: Vec<Reading>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn class(&self) -> &str {
        self.reply.failure.as_ref().map_or("", |f| f.class.as_ref())
    }

    /// Outcome and class together, which reports count by.
    pub(crate) fn end(&self) -> (Outcome, &str) {
        (self.reply.outcome, self.class())
    }
}

impl Client {
    pub(crate) fn new(settings: HttpSettings) -> Self {
        Self::of(&Http::new(settings).unwrap())
    }

    pub(crate) fn of(protocol: &dyn Protocol) -> Self {
        let [one, _] = Self::two_of(protocol);
        one
    }

    /// Two users of one load thread.
    pub(crate) fn two_of(protocol: &dyn Protocol) -> [Self; 2] {
        let runtime = Rc::new(Builder::new_current_thread().enable_all().build().unwrap());
        let clock: Rc<dyn Clock> = runtime.block_on(async { Rc::new(RealClock(Instant::now())) });
        let driver = protocol.driver(clock);
        let tasks = Rc::new(LocalSet::new());
        [(), ()].map(|()| Self { runtime: runtime.clone(), tasks: tasks.clone(), session: driver.session() })
    }

    pub(crate) fn send(&mut self, request: HttpRequest) -> Answer {
        self.perform(Operation::Http(request))
    }

    pub(crate) fn perform(&mut self, operation: Operation) -> Answer {
        let operation = Arc::new(operation);
        let reply = self.tasks.block_on(&self.runtime, self.session.perform(&operation));
        self.answer(reply)
    }

    fn answer(&self, reply: Reply) -> Answer {
        let view = self.session.response();
        let parts = self.session.parts().to_vec();
        Answer {
            reply,
            headers: view.headers.iter().chain(view.trailers).cloned().collect(),
            body: view.body.to_vec(),
            tls: view.tls,
            parts,
        }
    }

    /// Begins an operation and gives it up after a while.
    pub(crate) fn give_up(&mut self, operation: Operation, after: std::time::Duration) {
        let operation = Arc::new(operation);
        let begun = async { tokio::time::timeout(after, self.session.perform(&operation)).await };
        assert!(
            self.tasks.block_on(&self.runtime, begun).is_err(),
            "it was over before it could be given up"
        );
    }

    /// Thinks, for as long as it takes until this is true.
    pub(crate) fn think_until(&self, is_over: impl Fn() -> bool) {
        self.tasks.block_on(&self.runtime, async {
            while !is_over() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        });
    }

    pub(crate) fn begin_iteration(&mut self) {
        self.session.begin_iteration();
    }
}

/// What two users of one load thread get who ask at the same moment.
pub(crate) fn two_at_once(protocol: &dyn Protocol, operations: [Operation; 2]) -> [Answer; 2] {
    let [mut one, mut two] = Client::two_of(protocol);
    let [first, second] = operations.map(Arc::new);
    let both = async { futures::join!(one.session.perform(&first), two.session.perform(&second)) };
    let (first, second) = one.runtime.block_on(both);
    [one.answer(first), two.answer(second)]
}

/// Settings that keep to what a test says, whatever the environment.
pub(crate) fn settings() -> HttpSettings {
    HttpSettings::default()
}

/// A request whose response is kept whole.
pub(crate) fn request(method: &str, url: &str) -> HttpRequest {
    HttpRequest { keep: Keep::Body, timeout_ns: 10 * SECOND_NS, ..HttpRequest::new(method, url) }
}

/// A built-in service.
pub(crate) fn service(name: &str) -> Running {
    start(name, ANYWHERE).unwrap()
}

/// A truth server with faults.
pub(crate) fn broken(faults: &[&str]) -> Running {
    let faults: Vec<Fault> = faults.iter().map(|f| f.parse().unwrap()).collect();
    truth::start(ANYWHERE, TruthOptions { faults, servers: 0, ..TruthOptions::default() }).unwrap()
}
