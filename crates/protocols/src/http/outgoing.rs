//! The bytes of a request that still have to be sent, produced piece by piece.

use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use super::error::HttpError;
use super::prepared::{Outgoing, Prepared};

/// Read from a body file at once.
const FILE_PIECE_BYTES: usize = 64 * 1024;

/// What is left to send.
pub(crate) struct Sending<'a> {
    wire: &'a [u8],
    rest: Rest,
    /// Bytes made from the rest and not yet sent.
    piece: Vec<u8>,
    piece_sent: usize,
    /// The body waits for `100 Continue`.
    pub(crate) held_back: bool,
}

enum Rest {
    Nothing,
    Bytes(Arc<[u8]>, usize),
    Chunked(Arc<[u8]>, usize, usize),
    File(File),
}

impl<'a> Sending<'a> {
    pub(crate) fn of(prepared: &'a Prepared) -> Result<Self, HttpError> {
        let rest = match &prepared.body {
            Outgoing::Nothing => Rest::Nothing,
            Outgoing::Bytes(bytes) => Rest::Bytes(bytes.clone(), 0),
            Outgoing::Chunked(bytes, size) => Rest::Chunked(bytes.clone(), 0, *size),
            Outgoing::File(path) => {
                let opened = File::open(path);
                Rest::File(opened.map_err(|e| {
                    HttpError::Request("no file", format!("failed to open {}: {e}", path.display()))
                })?)
            }
        };
        Ok(Self {
            wire: &prepared.wire,
            rest,
            piece: Vec::new(),
            piece_sent: 0,
            held_back: prepared.expect_continue,
        })
    }

    /// True once everything has been sent.
    pub(crate) fn is_done(&self) -> bool {
        self.wire.is_empty() && self.piece_sent == self.piece.len() && matches!(self.rest, Rest::Nothing)
    }

    /// The next bytes to send; empty if there are none, or none yet.
    pub(crate) fn next(&mut self) -> Result<&[u8], HttpError> {
        if !self.wire.is_empty() {
            return Ok(self.wire);
        }
        if self.held_back {
            return Ok(&[]);
        }
        if self.piece_sent == self.piece.len() {
            self.refill()?;
        }
        match &self.rest {
            Rest::Bytes(bytes, sent) => Ok(&bytes[*sent..]),
            _ => Ok(&self.piece[self.piece_sent..]),
        }
    }

    fn refill(&mut self) -> Result<(), HttpError> {
        self.piece.clear();
        self.piece_sent = 0;
        match &mut self.rest {
            Rest::Nothing | Rest::Bytes(..) => {}
            Rest::Chunked(bytes, sent, size) => {
                let end = (*sent + *size).min(bytes.len());
                let chunk = &bytes[*sent..end];
                self.piece.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                self.piece.extend_from_slice(chunk);
                self.piece.extend_from_slice(b"\r\n");
                let last = chunk.is_empty();
                *sent = end;
                if last {
                    self.rest = Rest::Nothing;
                }
            }
            Rest::File(file) => {
                self.piece.resize(FILE_PIECE_BYTES, 0);
                let read = file.read(&mut self.piece).map_err(|e| {
                    HttpError::Request("no file", format!("failed to read the body's file: {e}"))
                })?;
                self.piece.truncate(read);
                if read == 0 {
                    self.rest = Rest::Nothing;
                }
            }
        }
        Ok(())
    }

    /// `count` of the bytes of [`Sending::next`] have been sent.
    pub(crate) fn advance(&mut self, count: usize) {
        if !self.wire.is_empty() {
            self.wire = &self.wire[count..];
            return;
        }
        if let Rest::Bytes(bytes, sent) = &mut self.rest {
            *sent += count;
            if *sent == bytes.len() {
                self.rest = Rest::Nothing;
            }
            return;
        }
        self.piece_sent += count;
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::http::{Body, HttpRequest};

    use super::super::prepared::{Additions, parse_url};
    use super::*;

    fn sent(body: Body, at_once: usize) -> String {
        let mut request = HttpRequest::new("POST", "http://h/");
        request.body = body;
        let prepared =
            Prepared::encode(&request, parse_url(&request.url).unwrap(), Additions::default()).unwrap();
        let mut sending = Sending::of(&prepared).unwrap();
        let mut all = Vec::new();
        while !sending.is_done() {
            let bytes = sending.next().unwrap();
            let count = bytes.len().min(at_once);
            all.extend_from_slice(&bytes[..count]);
            sending.advance(count);
        }
        let text = String::from_utf8(all).unwrap();
        text.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    #[test]
    fn bodies_arrive_whole_however_small_the_writes() {
        for at_once in [1, 7, 100_000] {
            assert_eq!(
                sent(Body::Chunked(b"hello world".as_slice().into(), 4), at_once),
                "4\r\nhell\r\n4\r\no wo\r\n3\r\nrld\r\n0\r\n\r\n"
            );
            let large: Arc<[u8]> = vec![b'x'; 40_000].into();
            assert_eq!(sent(Body::Bytes(large), at_once).len(), 40_000);
        }
    }
}
