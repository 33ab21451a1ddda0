//! Both directions of a conversation, whatever it travels over.

use plimsoll_model::Failure;
use plimsoll_model::conversation::{Listener, Message, Speaker};
use plimsoll_model::talk::Cut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

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
    Tcp(TcpStream, Vec<u8>),
    Udp(UdpSocket),
}

impl Ends {
    /// Dials what stands behind `tcp://` or `udp://`.
    pub(super) async fn dial(server: &str) -> std::io::Result<Self> {
        if let Some(address) = server.strip_prefix("udp://") {
            let is_six = address.starts_with('[');
            let socket = UdpSocket::bind(if is_six { "[::]:0" } else { "0.0.0.0:0" }).await?;
            socket.connect(address).await?;
            return Ok(Self::Udp(socket));
        }
        let stream = TcpStream::connect(server.strip_prefix("tcp://").unwrap_or(server)).await?;
        // What is said is to leave at once.
        stream.set_nodelay(true)?;
        Ok(Self::Tcp(stream, Vec::new()))
    }

    /// Says something.
    pub(super) async fn say(&mut self, message: Message) -> Result<(), Failure> {
        match self {
            Self::Web(speaker, _) => speaker.say(message).await,
            Self::Tcp(stream, _) => stream.write_all(&bytes_of(message)).await.map_err(|e| lost(&e)),
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

/// Reads until a message can be cut out. What is read stays in `rest` if this is given up in between.
async fn cut_out(stream: &mut TcpStream, rest: &mut Vec<u8>, cut: &Cut) -> Result<Option<Message>, Failure> {
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
