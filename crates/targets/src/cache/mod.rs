//! A cache that speaks the protocol of Redis (RESP2, and RESP3 for who asks for it by `HELLO`): strings with a time to live, in
//! memory of a limited size. Beyond the limit, what was not used for longest goes; what is too old goes by itself.
//!
//! It knows what clients of a cache need (`commands`), counts hits, misses, what it evicted and what expired (`INFO`), and
//! keeps nothing on disk. `CONFIG SET maxmemory` moves its limit, as it does with Redis.

mod commands;
mod store;
mod wire;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::serve::{self, Running, StartError};
use commands::Client;
use store::Store;

/// What the cache holds if nothing is said: far more than a short test writes.
pub const BYTES_MAX: u64 = 64 << 20;

/// Read at once from a client.
const READ_BYTES: usize = 16 * 1024;

/// How the cache is set up.
#[derive(Clone, Copy, Debug)]
pub struct CacheOptions {
    /// What it holds at most, in bytes: keys, values, and what it takes to find them.
    pub bytes_max: u64,
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self { bytes_max: BYTES_MAX }
    }
}

/// Starts it.
pub fn start(address: SocketAddr, options: CacheOptions) -> Result<Running, StartError> {
    let running = serve::spawn(address, move |listener| async move { serve(listener, options).await })?;
    Ok(running.speaking("redis"))
}

async fn serve(listener: TcpListener, options: CacheOptions) {
    let store = Rc::new(RefCell::new(Store::new(options.bytes_max)));
    let clock = Clock::new();
    for number in 1.. {
        // A connection that is gone before it was accepted is nobody's loss.
        let Ok((tcp, _)) = listener.accept().await else { continue };
        tokio::task::spawn_local(converse(tcp, Client::new(number), store.clone(), clock));
    }
}

/// One client, until it goes or says what makes no sense. Commands that came together are answered together.
async fn converse(mut tcp: TcpStream, mut client: Client, store: Rc<RefCell<Store>>, clock: Clock) {
    // Without it small answers may wait for an acknowledgement.
    let _best_effort = tcp.set_nodelay(true);
    let (mut buffer, mut answers) = (Vec::new(), Vec::new());
    loop {
        let mut done = 0;
        let problem = loop {
            match wire::read(&buffer[done..]) {
                Ok(Some((words, bytes))) => {
                    done += bytes;
                    let reply = client.hear(&mut store.borrow_mut(), &words, clock.now_ms());
                    if let Some(reply) = reply {
                        reply.write(client.speaks_three(), &mut answers);
                    }
                }
                Ok(None) => break None,
                Err(problem) => break Some(problem),
            }
        };
        buffer.drain(..done);
        if let Some(problem) = &problem {
            wire::Reply::Error(format!("ERR Protocol error: {problem}")).write(false, &mut answers);
        }
        if tcp.write_all(&answers).await.is_err() || problem.is_some() || client.has_left() {
            return;
        }
        answers.clear();
        buffer.reserve(READ_BYTES);
        match tcp.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

/// Milliseconds since the service began.
#[derive(Clone, Copy)]
struct Clock(std::time::Instant);

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "a service has its own clock")]
    fn new() -> Self {
        Self(std::time::Instant::now())
    }

    fn now_ms(self) -> u64 {
        self.0.elapsed().as_millis() as u64
    }
}
