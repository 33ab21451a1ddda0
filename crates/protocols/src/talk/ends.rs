//! Both directions of a conversation, whatever it travels over.

use plimsoll_model::conversation::{Listener, Message, Speaker};
use plimsoll_model::talk::{Cut, TalkRequest};
use plimsoll_model::{Failure, Reply};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UdpSocket;
use url::Url;

use super::error::TalkError;
use crate::net::{Dialer, NetError, Origin, Stream};
use crate::phases::{CONNECT, DNS, TLS};

/// A message longer than this is given up: no server means it.
const MESSAGE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Read at once from a stream.
const READ_BYTES: usize = 16 * 1024;

/// Read at once from a datagram socket.
const DATAGRAM_BYTES: usize = 65_536;

/// Both directions of a conversation.
pub(super) enum Ends {
    Web(Box<dyn Speaker>, Box<dyn Listener>),
    /// Bytes behind what was cut out so far wait here.
    Tcp(Stream, Vec<u8>),
    Udp(UdpSocket),
}

impl Ends {
    /// Dials what stands behind `tcp://`, `tcps://` or `udp://`, and puts down how long each part took.
    pub(super) async fn dial(
        dialer: &Dialer,
        request: &TalkRequest,
        reply: &mut Reply,
    ) -> Result<Self, TalkError> {
        let bad = || {
            let why = format!("{} is no address; write tcp://host:port, tcps:// or udp://", request.server);
            TalkError::Request("bad url", why)
        };
        let url = Url::parse(&request.server).map_err(|_| bad())?;
        let (Some(host), Some(port)) = (url.host_str(), url.port()) else { return Err(bad()) };
        if url.scheme() == "udp" {
            return datagrams(host, port).await.map_err(|error| TalkError::of_net(&error));
        }
        let origin = Origin {
            tls: url.scheme() == "tcps",
            host: host.to_owned(),
            port,
            receive_bytes: None,
            network: None,
        };
        let dialled = dialer.dial_bare(&origin, request.timeout_ns).await;
        let (stream, route) = dialled.map_err(|error| TalkError::of_net(&error))?;
        for (phase, took) in [(DNS, route.dns_ns), (CONNECT, route.connect_ns), (TLS, route.tls_ns)] {
            reply.phases_ns[phase] += took;
        }
        Ok(Self::Tcp(stream, Vec::new()))
    }

    /// Says something.
    pub(super) async fn say(&mut self, message: Message) -> Result<(), Failure> {
        match self {
            Self::Web(speaker, _) => speaker.say(message).await,
            Self::Tcp(stream, _) => {
                stream.write_all(&bytes_of(message)).await.map_err(|e| lost(&e))?;
                // What is encrypted may still wait to be written.
                stream.flush().await.map_err(|e| lost(&e))
            }
            Self::Udp(socket) => socket.send(&bytes_of(message)).await.map(|_count| ()).map_err(|e| lost(&e)),
        }
    }

    /// What comes next; `None` at the end.
    pub(super) async fn hear(&mut self, cut: &Cut) -> Option<Result<Message, Failure>> {
        match self {
            Self::Web(_, listener) => listener.hear().await,
            Self::Tcp(stream, rest) => cut_out(stream, rest, cut).await.transpose(),
            Self::Udp(socket) => {
                let mut buffer = vec![0; DATAGRAM_BYTES];
                Some(match socket.recv(&mut buffer).await {
                    Ok(count) => {
                        buffer.truncate(count);
                        Ok(Message::Binary(buffer))
                    }
                    Err(error) => Err(lost(&error)),
                })
            }
        }
    }
}

/// A socket that speaks with one address only.
async fn datagrams(host: &str, port: u16) -> Result<Ends, NetError> {
    let address = format!("{host}:{port}");
    let any = if host.starts_with('[') { "[::]:0" } else { "0.0.0.0:0" };
    let failed = |source: std::io::Error| {
        // The system has no kind of its own for a name that it does not know.
        if source.to_string().contains("lookup") {
            NetError::Dns { host: host.to_owned(), source: Some(source) }
        } else {
            NetError::Connect { address: address.clone(), source }
        }
    };
    let socket = UdpSocket::bind(any).await.map_err(failed)?;
    socket.connect(&address).await.map_err(failed)?;
    Ok(Ends::Udp(socket))
}

/// Reads until a message can be cut out. What is read stays in `rest` if this is given up in between.
async fn cut_out(stream: &mut Stream, rest: &mut Vec<u8>, cut: &Cut) -> Result<Option<Message>, Failure> {
    loop {
        if let Some(length) = length(rest, cut) {
            let message = rest.drain(..length).collect();
            return Ok(Some(Message::Binary(message)));
        }
        if rest.len() > MESSAGE_BYTES_MAX {
            return Err(Failure::new("too large", "64 MiB came without an end"));
        }
        // A vector gives a reader no more room than it has.
        rest.reserve(READ_BYTES);
        if stream.read_buf(rest).await.map_err(|e| lost(&e))? == 0 {
            return Ok(None);
        }
    }
}

/// Length of the first message in what came, once it is whole.
fn length(bytes: &[u8], cut: &Cut) -> Option<usize> {
    match cut {
        Cut::Any => Some(bytes.len()).filter(|length| *length > 0),
        Cut::Bytes(count) => Some(*count).filter(|count| bytes.len() >= *count),
        Cut::Until(end) => {
            let at = bytes.windows(end.len().max(1)).position(|window| window == end.as_slice())?;
            Some(at + end.len())
        }
    }
}

fn bytes_of(message: Message) -> Vec<u8> {
    match message {
        Message::Text(text) => text.into_bytes(),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes,
        Message::Close(_, reason) => reason.into_bytes(),
    }
}

fn lost(error: &std::io::Error) -> Failure {
    Failure::new("lost", error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_cut_out_of_a_stream() {
        let until = |end: &str| Cut::Until(end.as_bytes().to_vec());
        assert_eq!(length(b"+OK\r\n+PO", &until("\r\n")), Some(5));
        assert_eq!((length(b"+OK\r", &until("\r\n")), length(b"", &until("\n"))), (None, None));
        assert_eq!((length(b"abcd", &Cut::Bytes(3)), length(b"ab", &Cut::Bytes(3))), (Some(3), None));
        assert_eq!((length(b"ab", &Cut::Any), length(b"", &Cut::Any)), (Some(2), None));
    }
}
