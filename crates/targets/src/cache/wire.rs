//! What clients and the cache say to each other, as bytes (RESP).

/// Words of one command, and bytes of one word: what is beyond is no cache's business.
const WORDS_MAX: usize = 1 << 20;
const WORD_BYTES_MAX: usize = 64 << 20;

/// What a client may say in one line.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Bulk(Vec<u8>),
    Error(String),
    Integer(i64),
    List(Vec<Self>),
    Map(Vec<(Self, Self)>),
    Nil,
    Simple(&'static str),
}

impl Reply {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Bulk(text.into().into_bytes())
    }

    /// Appends it as RESP2, or as RESP3.
    pub(super) fn write(&self, as_three: bool, out: &mut Vec<u8>) {
        let mut line = |text: String| out.extend_from_slice(text.as_bytes());
        match self {
            Self::Simple(text) => line(format!("+{text}\r\n")),
            Self::Error(text) => line(format!("-{text}\r\n")),
            Self::Integer(number) => line(format!(":{number}\r\n")),
            Self::Nil => line((if as_three { "_\r\n" } else { "$-1\r\n" }).to_owned()),
            Self::Bulk(bytes) => {
                line(format!("${}\r\n", bytes.len()));
                out.extend_from_slice(bytes);
                out.extend_from_slice(b"\r\n");
            }
            Self::List(items) => {
                line(format!("*{}\r\n", items.len()));
                items.iter().for_each(|item| item.write(as_three, out));
            }
            Self::Map(entries) => {
                line(if as_three {
                    format!("%{}\r\n", entries.len())
                } else {
                    format!("*{}\r\n", 2 * entries.len())
                });
                for (key, value) in entries {
                    key.write(as_three, out);
                    value.write(as_three, out);
                }
            }
        }
    }
}

/// The words of a command, and how many bytes it took.
pub(super) type Command = (Vec<Vec<u8>>, usize);

/// The first command of some bytes; nothing if it is not whole yet.
pub(super) fn read(bytes: &[u8]) -> Result<Option<Command>, String> {
    let Some((first, mut at)) = line(bytes)? else { return Ok(None) };
    let Some(count) = first.strip_prefix(b"*") else {
        // What a person types: words between blanks.
        let words = first.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        return Ok(Some((words.map(<[u8]>::to_vec).collect(), at)));
    };
    let count = number(count, WORDS_MAX).ok_or("invalid multibulk length")?;
    let mut words = Vec::with_capacity(count.min(16));
    for _ in 0..count {
        let Some((head, taken)) = line(&bytes[at..])? else { return Ok(None) };
        let length = head.strip_prefix(b"$").ok_or_else(|| {
            let found = head.first().map_or(' ', |byte| char::from(*byte));
            format!("expected '$', got '{found}'")
        })?;
        let length = number(length, WORD_BYTES_MAX).ok_or("invalid bulk length")?;
        at += taken;
        let Some(word) = bytes.get(at..at + length + 2) else { return Ok(None) };
        if !word.ends_with(b"\r\n") {
            return Err("a word does not end where its length says".to_owned());
        }
        words.push(word[..length].to_vec());
        at += length + 2;
    }
    Ok(Some((words, at)))
}

/// A line without its end, and how many bytes it took.
fn line(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, String> {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => Ok(Some((bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]), end + 1))),
        None if bytes.len() > LINE_BYTES_MAX => Err("too big inline request".to_owned()),
        None => Ok(None),
    }
}

fn number(digits: &[u8], most: usize) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok().filter(|number| *number <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_however_they_come_in_pieces() {
        let bytes = b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$4\r\nx\r\ny\r\nPING hello\r\n";
        for end in 0..30 {
            assert_eq!(read(&bytes[..end]), Ok(None), "{end}");
        }
        let (words, taken) = read(bytes).unwrap().unwrap();
        assert_eq!((words, taken), (vec![b"SET".to_vec(), b"a".to_vec(), b"x\r\ny".to_vec()], 30));
        let (words, rest) = read(&bytes[taken..]).unwrap().unwrap();
        assert_eq!((words, taken + rest), (vec![b"PING".to_vec(), b"hello".to_vec()], bytes.len()));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in
            ["*x\r\n", "*1\r\n:3\r\n", "*1\r\n$-2\r\n", "*1\r\n$1\r\nabc\r\n", "*1\r\n$99999999999\r\n"]
        {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(read(&vec![b'x'; LINE_BYTES_MAX + 1]).is_err());
    }

    #[test]
    fn answers_are_written_in_either_version() {
        let reply = Reply::Map(vec![(Reply::text("a"), Reply::Nil), (Reply::text("b"), Reply::Integer(-1))]);
        let written = |as_three| {
            let mut out = Vec::new();
            reply.write(as_three, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(false), "*4\r\n$1\r\na\r\n$-1\r\n$1\r\nb\r\n:-1\r\n");
        assert_eq!(written(true), "%2\r\n$1\r\na\r\n_\r\n$1\r\nb\r\n:-1\r\n");
    }
}
