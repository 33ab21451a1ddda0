//! The same traffic as a plan's, by bare clients in a loop: what the benchmarks hold the protocols against.
//!
//! `bare nats URL USERS SECONDS` requests, `bare publish URL USERS SECONDS` publishes and flushes, `bare websocket URL USERS
//! SECONDS` says something and waits for it to come back; each prints how often. `bare answer URL` answers requests.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on is to panic where it stands")]
#![expect(clippy::print_stdout, reason = "its result")]
#![expect(clippy::disallowed_methods, reason = "it has a clock of its own")]

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures::{SinkExt, StreamExt};
use tokio::task::LocalSet;
use tokio_tungstenite::tungstenite::Message;

/// What is sent.
const PAYLOAD: &str = "hello world, this is a small message";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [mode, url, rest @ ..] = arguments.as_slice() else { panic!("bare MODE URL [USERS SECONDS]") };
    let number = |at: usize| rest.get(at).map_or(0, |text: &String| text.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let count = Rc::new(Cell::new(0_u64));
    LocalSet::new().block_on(&runtime, async {
        if mode == "answer" {
            return answer(url).await;
        }
        let until = Instant::now() + Duration::from_secs(number(1));
        let users = (0..number(0)).map(|_| {
            let (mode, url, count) = (mode.clone(), url.clone(), count.clone());
            tokio::task::spawn_local(async move {
                match mode.as_str() {
                    "nats" => nats(&url, until, &count).await,
                    "publish" => publish(&url, until, &count).await,
                    "websocket" => websocket(&url, until, &count).await,
                    other => panic!("`{other}` is no mode"),
                }
            })
        });
        futures::future::join_all(users).await;
    });
    println!("{}", count.get());
}

async fn nats(url: &str, until: Instant, count: &Cell<u64>) {
    let client = async_nats::connect(url).await.unwrap();
    while Instant::now() < until {
        client.request("bench.echo", PAYLOAD.into()).await.unwrap();
        count.set(count.get() + 1);
    }
}

async fn publish(url: &str, until: Instant, count: &Cell<u64>) {
    let client = async_nats::connect(url).await.unwrap();
    while Instant::now() < until {
        client.publish("bench.heard", PAYLOAD.into()).await.unwrap();
        client.flush().await.unwrap();
        count.set(count.get() + 1);
    }
}

async fn websocket(url: &str, until: Instant, count: &Cell<u64>) {
    let address = url.strip_prefix("ws://").unwrap().split('/').next().unwrap();
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    while Instant::now() < until {
        socket.send(Message::text(PAYLOAD)).await.unwrap();
        socket.next().await.unwrap().unwrap();
        count.set(count.get() + 1);
    }
}

async fn answer(url: &str) {
    let client = async_nats::connect(url).await.unwrap();
    let mut asked = client.queue_subscribe("bench.echo", "bench".to_owned()).await.unwrap();
    while let Some(message) = asked.next().await {
        if let Some(reply) = message.reply {
            client.publish(reply, message.payload).await.unwrap();
        }
    }
}
