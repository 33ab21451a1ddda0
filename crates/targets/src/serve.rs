//! A service on a thread and a runtime of its own, stopped when its handle is dropped.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// A service could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("failed to listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No thread or runtime.
    #[error("failed to start the service's thread")]
    Thread(#[source] std::io::Error),
    /// There is no such service.
    #[error(
        "no built-in service is called `{0}`; there are cache, chat, echo, events, mcp, rpc, shop and truth"
    )]
    Unknown(String),
}

/// A running service.
#[derive(Debug)]
pub struct Running {
    scheme: &'static str,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The same, for a service that speaks something else than HTTP.
    pub(crate) fn speaking(mut self, scheme: &'static str) -> Self {
        self.scheme = scheme;
        self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // An error means that the service has ended by itself.
            let _ended = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            // A panic of the service has already been printed by its thread.
            let _panicked = thread.join();
        }
    }
}

/// Starts a service that `body` makes of a listener, on a thread of its own.
pub(crate) fn spawn<F, B>(address: SocketAddr, body: B) -> Result<Running, StartError>
where
    B: FnOnce(TcpListener) -> F + Send + 'static,
    F: Future<Output = ()>,
{
    let (ready, started) = mpsc::channel();
    let (stop, stopped) = oneshot::channel();
    let thread = thread::Builder::new().name("target".to_owned()).spawn(move || {
        let runtime = match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return drop(ready.send(Err(StartError::Thread(error)))),
        };
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, async move {
            let listener = match TcpListener::bind(address).await {
                Ok(listener) => listener,
                Err(source) => return drop(ready.send(Err(StartError::Listen { address, source }))),
            };
            let bound = listener.local_addr().map_err(|source| StartError::Listen { address, source });
            let _waiting = ready.send(bound);
            tokio::select! { () = body(listener) => {}, _ = stopped => {} }
        });
    });
    let thread = thread.map_err(StartError::Thread)?;
    match started.recv() {
        Ok(Ok(address)) => Ok(Running { scheme: "http", address, stop: Some(stop), thread: Some(thread) }),
        Ok(Err(error)) => Err(error),
        Err(_gone) => Err(StartError::Thread(std::io::Error::other("it ended before it listened"))),
    }
}

/// What is written in pieces is to leave in pieces: without this a second small one waits 40 ms for the other side.
fn send_at_once(stream: &mut tokio::net::TcpStream) {
    // A connection that is gone by now shows itself when it is read.
    let _gone = stream.set_nodelay(true);
}

/// Starts an axum service.
pub(crate) fn axum(
    address: SocketAddr,
    router: impl FnOnce() -> Router + Send + 'static,
) -> Result<Running, StartError> {
    spawn(address, move |listener| async move {
        // It serves until it is dropped; accept errors are retried inside.
        let _never = axum::serve(listener.tap_io(send_at_once), router()).await;
    })
}
