//! Reading a response, fed with bytes as they come.

use std::rc::Rc;

use plimsoll_model::http::Keep;

use super::error::HttpError;

/// A head larger than this is refused: no server means it.
pub(crate) const HEAD_BYTES_MAX: usize = 256 * 1024;

/// More header fields than this are refused.
const HEADERS_MAX: usize = 128;

/// What a head says about how to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct HeadFacts {
    bytes: usize,
    status: u16,
    framing: Framing,
    close: bool,
}

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length(u64),
    Chunked,
    UntilClose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Head,
    Body(u64),
    ChunkSize,
    Chunk(u64),
    /// Line break behind a chunk.
    ChunkEnd,
    Trailers,
    UntilClose,
    Done,
}

/// What of the response is wanted, and what it answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) keep: Keep,
    pub(crate) to_head: bool,
    pub(crate) body_bytes_max: u64,
}

/// Reads one response after the other from a connection.
pub(crate) struct ResponseReader {
    state: State,
    wanted: Wanted,
    /// Bytes of an element that did not come whole.
    partial: Vec<u8>,
    /// The last head and what it said: most responses repeat it.
    last_head: Vec<u8>,
    last_facts: Option<HeadFacts>,
    headers_of_last: bool,
    pub(crate) status: u16,
    /// Shared with whoever looks at the response: a head that is repeated is not copied again.
    pub(crate) headers: Rc<[(String, String)]>,
    pub(crate) body: Vec<u8>,
    pub(crate) body_bytes: u64,
    close: bool,
    /// A `100 Continue` has come.
    pub(crate) continued: bool,
}

impl ResponseReader {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Done,
            wanted: Wanted { keep: Keep::Status, to_head: false, body_bytes_max: 0 },
            partial: Vec::new(),
            last_head: Vec::new(),
            last_facts: None,
            headers_of_last: false,
            status: 0,
            headers: Rc::default(),
            body: Vec::new(),
            body_bytes: 0,
            close: false,
            continued: false,
        }
    }

    /// Prepares for the next response.
    pub(crate) fn expect(&mut self, wanted: Wanted) {
        self.state = State::Head;
        self.wanted = wanted;
        self.partial.clear();
        self.status = 0;
        self.body.clear();
        self.body_bytes = 0;
        self.continued = false;
    }

    /// Whether a whole response has been read.
    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether the connection may carry another request.
    pub(crate) fn may_reuse(&self) -> bool {
        self.is_done() && !self.close
    }

    /// Whether the head has been read.
    pub(crate) fn has_head(&self) -> bool {
        self.state != State::Head
    }

    /// Takes bytes from the connection. Bytes behind a whole response are a protocol error: nothing was asked.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) -> Result<(), HttpError> {
        if self.partial.is_empty() {
            let taken = self.walk(bytes)?;
            bytes = &bytes[taken..];
            self.partial.extend_from_slice(bytes);
        } else {
            let mut whole = std::mem::take(&mut self.partial);
            whole.extend_from_slice(bytes);
            let taken = self.walk(&whole)?;
            whole.drain(..taken);
            self.partial = whole;
        }
        if self.state == State::Head && self.partial.len() > HEAD_BYTES_MAX {
            return Err(HttpError::Protocol(
                "head too large",
                format!("the response's head is larger than {HEAD_BYTES_MAX} bytes"),
            ));
        }
        if self.is_done() && !self.partial.is_empty() {
            return Err(HttpError::Protocol(
                "surplus bytes",
                format!("{} bytes came behind the end of the response", self.partial.len()),
            ));
        }
        Ok(())
    }

    /// The connection has ended.
    pub(crate) fn end(&mut self, received: u64) -> Result<(), HttpError> {
        if self.state == State::UntilClose {
            self.state = State::Done;
            self.close = true;
            return Ok(());
        }
        Err(HttpError::Truncated(received))
    }

    /// Walks as far as the bytes go; returns how many were used.
    fn walk(&mut self, bytes: &[u8]) -> Result<usize, HttpError> {
        let mut at = 0;
        loop {
            let rest = &bytes[at..];
            let used = match self.state {
                State::Done => return Ok(at),
                State::Head => self.head(rest)?,
                State::Body(left) => {
                    let take = left.min(rest.len() as u64);
                    self.take_body(&rest[..take as usize])?;
                    self.state = if left == take { State::Done } else { State::Body(left - take) };
                    take as usize
                }
                State::UntilClose => {
                    self.take_body(rest)?;
                    rest.len()
                }
                State::Chunk(left) => {
                    let take = left.min(rest.len() as u64);
                    self.take_body(&rest[..take as usize])?;
                    self.state = if left == take { State::ChunkEnd } else { State::Chunk(left - take) };
                    take as usize
                }
                State::ChunkSize => self.chunk_size(rest)?,
                State::ChunkEnd => self.chunk_end(rest)?,
                State::Trailers => self.trailers(rest)?,
            };
            at += used;
            if used == 0 && !self.is_done() {
                return Ok(at);
            }
        }
    }

    fn take_body(&mut self, bytes: &[u8]) -> Result<(), HttpError> {
        self.body_bytes += bytes.len() as u64;
        if self.body_bytes > self.wanted.body_bytes_max {
            let limit = self.wanted.body_bytes_max;
            return Err(HttpError::Protocol(
                "body too large",
                format!("the body is larger than the {limit} bytes the plan allows"),
            ));
        }
        if self.wanted.keep == Keep::Body {
            self.body.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn head(&mut self, bytes: &[u8]) -> Result<usize, HttpError> {
        let repeated = self.last_facts.filter(|_| {
            bytes.starts_with(&self.last_head) && (self.headers_of_last || self.wanted.keep == Keep::Status)
        });
        let facts = match repeated {
            Some(facts) => facts,
            None => match self.parse_head(bytes)? {
                Some(facts) => facts,
                None => return Ok(0),
            },
        };
        if facts.status < 200 {
            // An interim response; the real one follows.
            self.continued |= facts.status == 100;
            return Ok(facts.bytes);
        }
        self.status = facts.status;
        self.close = facts.close;
        let no_body = self.wanted.to_head || matches!(facts.status, 204 | 304);
        self.state = match facts.framing {
            _ if no_body => State::Done,
            Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Body(length),
            Framing::Chunked => State::ChunkSize,
            Framing::UntilClose => State::UntilClose,
        };
        Ok(facts.bytes)
    }

    fn parse_head(&mut self, bytes: &[u8]) -> Result<Option<HeadFacts>, HttpError> {
        let mut fields = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut head = httparse::Response::new(&mut fields);
        let length = match head.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(httparse::Error::TooManyHeaders) => {
                return Err(HttpError::Protocol(
                    "head too large",
                    format!("the response has more than {HEADERS_MAX} header fields"),
                ));
            }
            Err(error) => {
                return Err(HttpError::Protocol(
                    "not http",
                    format!("the response is not HTTP/1.1: {error}; it begins {}", excerpt(bytes)),
                ));
            }
        };
        let facts = facts(&head, length)?;
        self.headers_of_last = self.wanted.keep > Keep::Status;
        let owned =
            |h: &httparse::Header<'_>| (h.name.to_owned(), String::from_utf8_lossy(h.value).into_owned());
        self.headers =
            if self.headers_of_last { head.headers.iter().map(owned).collect() } else { Rc::default() };
        self.last_head.clear();
        self.last_head.extend_from_slice(&bytes[..length]);
        self.last_facts = Some(facts);
        Ok(Some(facts))
    }

    fn chunk_size(&mut self, bytes: &[u8]) -> Result<usize, HttpError> {
        match httparse::parse_chunk_size(bytes) {
            Ok(httparse::Status::Complete((used, size))) => {
                self.state = if size == 0 { State::Trailers } else { State::Chunk(size) };
                Ok(used)
            }
            Ok(httparse::Status::Partial) if bytes.len() < 4096 => Ok(0),
            _ => Err(HttpError::Protocol(
                "bad chunk",
                format!("a chunk's size is not a number: {}", excerpt(bytes)),
            )),
        }
    }

    fn chunk_end(&mut self, bytes: &[u8]) -> Result<usize, HttpError> {
        if bytes.len() < 2 {
            return Ok(0);
        }
        if &bytes[..2] != b"\r\n" {
            return Err(HttpError::Protocol(
                "bad chunk",
                "a chunk does not end where its size says".to_owned(),
            ));
        }
        self.state = State::ChunkSize;
        Ok(2)
    }

    fn trailers(&mut self, bytes: &[u8]) -> Result<usize, HttpError> {
        let Some(end) = bytes.windows(2).position(|pair| pair == b"\r\n") else {
            if bytes.len() > HEAD_BYTES_MAX {
                return Err(HttpError::Protocol("head too large", "the trailers have no end".to_owned()));
            }
            return Ok(0);
        };
        if end == 0 {
            self.state = State::Done;
        }
        Ok(end + 2)
    }
}

fn facts(head: &httparse::Response<'_, '_>, bytes: usize) -> Result<HeadFacts, HttpError> {
    let mut framing = Framing::UntilClose;
    let mut close = head.version == Some(0);
    for header in head.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") && framing != Framing::Chunked {
            let length = std::str::from_utf8(header.value).ok().and_then(|v| v.trim().parse().ok());
            let length = length.ok_or_else(|| {
                HttpError::Protocol("bad length", format!("Content-Length is {}", excerpt(header.value)))
            })?;
            framing = Framing::Length(length);
        } else if header.name.eq_ignore_ascii_case("transfer-encoding")
            && contains_token(header.value, b"chunked")
        {
            framing = Framing::Chunked;
        } else if header.name.eq_ignore_ascii_case("connection") {
            close = contains_token(header.value, b"close")
                || (close && !contains_token(header.value, b"keep-alive"));
        }
    }
    Ok(HeadFacts { bytes, status: head.code.unwrap_or(0), framing, close })
}

fn contains_token(value: &[u8], token: &[u8]) -> bool {
    value.split(|b| *b == b',').any(|part| part.trim_ascii().eq_ignore_ascii_case(token))
}

/// The beginning of some bytes, fit to print.
fn excerpt(bytes: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(40)]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::garbled::garbled;

    fn read(text: &str, piece: usize, keep: Keep) -> Result<ResponseReader, HttpError> {
        let mut reader = ResponseReader::new();
        reader.expect(Wanted { keep, to_head: false, body_bytes_max: 1_000 });
        text.as_bytes().chunks(piece).try_for_each(|bytes| reader.feed(bytes))?;
        Ok(reader)
    }

    #[test]
    fn bodies_of_every_framing_arrive_whole_in_pieces_of_any_size() {
        let table = [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello"),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: 1\r\n\r\n",
                "hello",
            ),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok", "ok"),
            ("HTTP/1.1 204 No Content\r\n\r\n", ""),
        ];
        for (text, body) in table {
            for piece in [1, 2, 3, 7, 1_000] {
                let reader = read(text, piece, Keep::Body).unwrap();
                assert!(reader.is_done(), "{text} in pieces of {piece}");
                assert_eq!(String::from_utf8_lossy(&reader.body), body);
            }
        }
    }

    #[test]
    fn a_body_until_close_ends_with_the_connection() {
        let mut reader = read("HTTP/1.0 200 OK\r\n\r\nhello", 4, Keep::Body).unwrap();
        assert!(!reader.is_done());
        reader.end(20).unwrap();
        assert_eq!((reader.body.as_slice(), reader.may_reuse()), (b"hello".as_slice(), false));
    }

    #[test]
    fn a_repeated_head_reads_the_same() {
        let text = b"HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: 2\r\n\r\nok";
        let mut reader = ResponseReader::new();
        for keep in [Keep::Status, Keep::Head, Keep::Head] {
            reader.expect(Wanted { keep, to_head: false, body_bytes_max: 10 });
            reader.feed(text).unwrap();
            assert!(reader.may_reuse());
            assert_eq!(reader.headers.len(), if keep == Keep::Status { 0 } else { 2 });
        }
    }

    #[test]
    fn nonsense_is_refused_with_its_class() {
        let endless_head = format!("HTTP/1.1 200 OK\r\nX: {}", "a".repeat(HEAD_BYTES_MAX + 1));
        let many_fields = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(200));
        let large_body = format!("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{}", "x".repeat(2_000));
        let table = [
            ("SSH-2.0-OpenSSH_9.2p1 Debian\r\n\r\n", "not http"),
            ("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", "bad length"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "bad chunk"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", "bad chunk"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", "surplus bytes"),
            (&endless_head, "head too large"),
            (&many_fields, "head too large"),
            (&large_body, "body too large"),
        ];
        for (text, class) in table {
            match read(text, 10_000, Keep::Status) {
                Err(HttpError::Protocol(found, _)) => assert_eq!(found, class),
                other => panic!("{class}: {:?}", other.map(|r| r.status)),
            }
        }
    }

    const ANSWERS: &[&[u8]] = &[
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: 1\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 404 Not Found\r\nConnection: close\r\n\r\nnothing here",
    ];

    proptest! {
        /// Whatever comes is read or refused, and it makes no difference in what pieces it comes.
        #[test]
        fn whatever_comes_is_read_or_refused(bytes in garbled(ANSWERS), piece in 1_usize..9) {
            let read = |piece: usize| {
                let mut reader = ResponseReader::new();
                reader.expect(Wanted { keep: Keep::Body, to_head: false, body_bytes_max: 1_000 });
                bytes.chunks(piece).try_for_each(|bytes| reader.feed(bytes)).ok()?;
                Some((reader.is_done(), reader.status, reader.body.clone()))
            };
            prop_assert_eq!(read(piece), read(bytes.len().max(1)));
        }
    }
}
