//! What a client of NATS says, read line by line (the client protocol of docs.nats.io).

use std::io;

use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// The largest message that is taken, as real servers have it.
pub(super) const PAYLOAD_BYTES_MAX: usize = 1024 * 1024;

/// One thing a client says.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    /// Who it is; whether it wants to be told that nobody listens.
    Connect {
        wants_notice: bool,
    },
    Ping,
    Pong,
    Subscribe {
        subject: String,
        queue: Option<String>,
        number: String,
    },
    Unsubscribe {
        number: String,
        after: Option<u64>,
    },
    Publish(Message),
    /// What no client says.
    Nonsense(String),
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Message {
    pub(super) subject: String,
    pub(super) reply: Option<String>,
    /// With their first line and the blank one at the end.
    pub(super) headers: Vec<u8>,
    pub(super) payload: Vec<u8>,
}

/// Reads the next thing. An error is the end of the connection.
pub(super) async fn read(reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Said> {
    let mut line = String::new();
    if reader.read_line(&mut line).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let line = line.trim_end();
    let (verb, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    let words: Vec<&str> = rest.split_ascii_whitespace().collect();
    let text = |at: usize| words[at].to_owned();
    Ok(match (verb.to_ascii_uppercase().as_str(), words.len()) {
        ("PING", _) => Said::Ping,
        ("PONG", _) => Said::Pong,
        ("CONNECT", _) => {
            let options: Value = serde_json::from_str(rest).unwrap_or_default();
            Said::Connect { wants_notice: options["no_responders"] == Value::Bool(true) }
        }
        ("SUB", 2) => Said::Subscribe { subject: text(0), queue: None, number: text(1) },
        ("SUB", 3) => Said::Subscribe { subject: text(0), queue: Some(text(1)), number: text(2) },
        ("UNSUB", 1) => Said::Unsubscribe { number: text(0), after: None },
        ("UNSUB", 2) => Said::Unsubscribe { number: text(0), after: words[1].parse().ok() },
        ("PUB", 2 | 3) | ("HPUB", 3 | 4) => message(reader, verb.len() == 4, &words).await?,
        _ => Said::Nonsense(verb.chars().take(20).collect()),
    })
}

async fn message(
    reader: &mut (impl AsyncBufRead + Unpin),
    has_headers: bool,
    words: &[&str],
) -> io::Result<Said> {
    let sizes = if has_headers { 2 } else { 1 };
    let (names, numbers) = words.split_at(words.len() - sizes);
    let numbers: Vec<usize> = numbers.iter().filter_map(|n| n.parse().ok()).collect();
    let (head, whole) = match numbers.as_slice() {
        [whole] => (0, *whole),
        [head, whole] if head <= whole => (*head, *whole),
        _ => return Ok(Said::Nonsense("PUB".to_owned())),
    };
    if whole - head > PAYLOAD_BYTES_MAX || head > PAYLOAD_BYTES_MAX {
        return Ok(Said::Nonsense("Maximum Payload Violation".to_owned()));
    }
    let mut bytes = vec![0; whole + 2];
    reader.read_exact(&mut bytes).await?;
    bytes.truncate(whole);
    let payload = bytes.split_off(head);
    let reply = names.get(1).map(|&reply| reply.to_owned());
    Ok(Said::Publish(Message { subject: names[0].to_owned(), reply, headers: bytes, payload }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut bytes: &[u8]) -> Vec<Said> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut said = Vec::new();
        while let Ok(one) = runtime.block_on(read(&mut bytes)) {
            said.push(one);
        }
        said
    }

    #[test]
    fn what_clients_say_is_read() {
        let said = all(b"CONNECT {\"no_responders\":true}\r\nPING\r\nSUB a.* q 7\r\nUNSUB 7 2\r\nPUB x r 2\r\nhi\r\nHPUB y 12 15\r\nNATS/1.0\r\n\r\nabc\r\n");
        assert_eq!(said[0], Said::Connect { wants_notice: true });
        assert_eq!(
            said[2],
            Said::Subscribe { subject: "a.*".into(), queue: Some("q".into()), number: "7".into() }
        );
        assert_eq!(said[3], Said::Unsubscribe { number: "7".into(), after: Some(2) });
        let Said::Publish(message) = &said[4] else { panic!("{said:?}") };
        assert_eq!((message.reply.as_deref(), message.payload.as_slice()), (Some("r"), &b"hi"[..]));
        let Said::Publish(message) = &said[5] else { panic!("{said:?}") };
        assert_eq!(
            (message.headers.as_slice(), message.payload.as_slice()),
            (&b"NATS/1.0\r\n\r\n"[..], &b"abc"[..])
        );
        assert_eq!(said.len(), 6);
    }

    #[test]
    fn nonsense_is_nonsense() {
        for text in ["GET / HTTP/1.1\r\n", "PUB\r\n", "PUB x -1\r\n", "HPUB x 5 3\r\n", "PUB x 99999999\r\n"]
        {
            assert!(matches!(all(text.as_bytes()).first(), Some(Said::Nonsense(_))), "{text}");
        }
    }
}
