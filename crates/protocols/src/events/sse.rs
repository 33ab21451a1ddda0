//! Server-sent events, fed with bytes as they come (HTML Living Standard, 9.2.6). Our own reader, because what is measured is
//! the moment at which each event was whole: libraries take a stream and give events without it.

/// An event is given up beyond this size: no server means it.
const EVENT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its kind; empty if it has none (`message`).
    pub(crate) kind: String,
    /// Its lines of data, joined.
    pub(crate) data: String,
}

/// Reads one stream.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    line: Vec<u8>,
    /// The last byte was a carriage return: a line feed behind it belongs to it.
    after_return: bool,
    has_begun: bool,
    event: Event,
    has_data: bool,
}

impl Decoder {
    /// Takes bytes and gives every event that is whole with them; an error if one is too large.
    pub(crate) fn feed(&mut self, bytes: &[u8], mut give: impl FnMut(Event)) -> Result<(), &'static str> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if std::mem::take(&mut self.after_return) && rest[0] == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let Some(end) = rest.iter().position(|b| matches!(b, b'\n' | b'\r')) else {
                self.line.extend_from_slice(rest);
                break;
            };
            self.line.extend_from_slice(&rest[..end]);
            self.after_return = rest[end] == b'\r';
            rest = &rest[end + 1..];
            if let Some(event) = self.line_ends() {
                give(event);
            }
        }
        if self.line.len() + self.event.data.len() > EVENT_BYTES_MAX {
            return Err("an event of the stream is too large");
        }
        Ok(())
    }

    fn line_ends(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        let mut line = line.as_slice();
        if !std::mem::replace(&mut self.has_begun, true) {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return std::mem::take(&mut self.has_data).then_some(event);
        }
        let text = String::from_utf8_lossy(line);
        let (field, value) = text.split_once(':').unwrap_or((&text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            "event" => value.clone_into(&mut self.event.kind),
            // A comment, an identity or a time to wait: nothing of it is measured.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(pieces: &[&[u8]]) -> Vec<(String, String)> {
        let mut decoder = Decoder::default();
        let mut all = Vec::new();
        for piece in pieces {
            decoder.feed(piece, |e| all.push((e.kind, e.data))).unwrap();
        }
        all
    }

    fn event(kind: &str, data: &str) -> (String, String) {
        (kind.to_owned(), data.to_owned())
    }

    /// The examples of the standard.
    #[test]
    fn the_standards_examples_are_read() {
        let stocks = b"data: YHOO\ndata: +2\ndata: 10\n\n";
        assert_eq!(events(&[stocks]), [event("", "YHOO\n+2\n10")]);
        let four =
            b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n";
        assert_eq!(
            events(&[four]),
            [event("", "first event"), event("", "second event"), event("", " third event")]
        );
        // The last block has no blank line behind it and is thrown away.
        assert_eq!(events(&[b"data\n\ndata\ndata\n\ndata:"]), [event("", ""), event("", "\n")]);
        assert_eq!(events(&[b"event: add\ndata: 73857293\n\nevent: x\n\n"]), [event("add", "73857293")]);
    }

    #[test]
    fn it_does_not_matter_how_the_bytes_come() {
        let text = "\u{feff}event: a\r\ndata: é\rdata: 2\n\r\n: c\r\r\ndata: end\n\n".as_bytes();
        let whole = events(&[text]);
        assert_eq!(whole, [event("a", "é\n2"), event("", "end")]);
        let single: Vec<_> = text.chunks(1).collect();
        assert_eq!(events(&single), whole);
        for cut in 0..text.len() {
            assert_eq!(events(&[&text[..cut], &text[cut..]]), whole, "cut at {cut}");
        }
    }

    #[test]
    fn an_endless_event_is_given_up() {
        let mut decoder = Decoder::default();
        let line = vec![b'x'; EVENT_BYTES_MAX + 1];
        assert!(decoder.feed(&line, |_| ()).is_err());
    }
}
