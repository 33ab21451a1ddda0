//! Remote procedure calls over NATS, with nothing installed: a small NATS server of its own (`broker`), and behind it
//! services (`calculator`, `orders`) that answer in Cliffracer's envelope.
//!
//! The server knows what clients of the core protocol need: publish, subscribe with wildcards and queue groups, request
//! and reply, headers, and the notice that nobody listens. It stores nothing and trusts everybody.

mod broker;
mod calculator;
mod envelope;
mod orders;
mod wire;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::unbounded_channel;

use crate::serve::{self, Running, StartError};
use crate::timer::Timers;
use broker::Broker;
use wire::Said;

/// Starts it.
pub fn start(address: SocketAddr) -> Result<Running, StartError> {
    let running = serve::spawn(address, |listener| async move { serve(listener).await })?;
    Ok(running.speaking("nats"))
}

async fn serve(listener: TcpListener) {
    let Ok(timers) = Timers::new() else { return };
    let broker = Rc::new(RefCell::new(Broker::default()));
    let ticking = timers.clone();
    drop(tokio::task::spawn_local(async move { ticking.run().await }));
    loop {
        // A connection that is gone before it was accepted is nobody's loss.
        let Ok((tcp, _)) = listener.accept().await else { continue };
        tokio::task::spawn_local(converse(tcp, broker.clone(), timers.clone()));
    }
}

/// One client, until it goes or says what makes no sense.
async fn converse(tcp: TcpStream, broker: Rc<RefCell<Broker>>, timers: Rc<Timers>) {
    // Without it small messages may wait for an acknowledgement.
    let _best_effort = tcp.set_nodelay(true);
    let (reading, mut writing) = tcp.into_split();
    let (out, mut lines) = unbounded_channel::<Vec<u8>>();
    let client = broker.borrow_mut().enter(out);
    let write = async move {
        while let Some(mut bytes) = lines.recv().await {
            // What is there already goes out in one write.
            while let Ok(more) = lines.try_recv() {
                bytes.extend(more);
            }
            if writing.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    let read = async {
        let mut reading = BufReader::new(reading);
        while let Ok(said) = wire::read(&mut reading).await {
            if let Said::Nonsense(what) = &said {
                broker
                    .borrow_mut()
                    .say(client, format!("-ERR 'Unknown Protocol Operation: {what}'\r\n").into_bytes());
                return;
            }
            let Some(later) = broker.borrow_mut().hear(client, said) else { continue };
            let (broker, timers) = (broker.clone(), timers.clone());
            let at_ns = timers.now() + later.after_ns;
            // The answer comes whether or not the one who asked is still there.
            drop(tokio::task::spawn_local(async move {
                timers.sleep_until(at_ns).await;
                broker.borrow_mut().deliver(&later.message);
            }));
        }
    };
    tokio::select! { () = write => {}, () = read => {} }
    broker.borrow_mut().leave(client);
}
