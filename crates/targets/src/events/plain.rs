//! Events in a text that is as plain as most are: no escapes, no control characters, nothing nested. Such a text is gone through once,
//! from quote to quote; everything else is left to a parser of all of JSON (`reading.rs`), which reads the same in it.

use std::ops::Range;

use memchr::memchr;

use super::BATCH_MAX;
use super::event::{Event, Moment};
use super::reading::{Listed, Text};

/// More digits than this may be more than a number holds.
const DIGITS_MAX: usize = 18;

/// The events of a list, or of a mapping that holds nothing but one; `None` if the text is not plain, or no JSON at all.
pub(super) fn listed(body: &[u8]) -> Option<Listed<'_>> {
    // Without a branch for each byte this takes a few microseconds for a batch.
    let is_plain = body.iter().fold(u8::MAX, |least, byte| least.min(*byte)) >= b' ';
    if !is_plain || memchr(b'\\', body).is_some() {
        return None;
    }
    let text = std::str::from_utf8(body).ok()?;
    let mut scanner = Scanner { text, at: 0, keys: Vec::new() };
    let is_held = scanner.is_at(b'{');
    if is_held {
        scanner.take(b'{')?;
        if &text[scanner.quoted()?] != "events" {
            return None;
        }
        scanner.take(b':')?;
    }
    let listed = scanner.list()?;
    if is_held {
        scanner.take(b'}')?;
    }
    scanner.is_at_end().then_some(listed)
}

/// How far the next quote is. Most are so near that looking at eight bytes at a time beats a search made for long texts.
fn quote(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let (words, rest) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        // A byte that is a quote becomes 0, and only the lowest such byte is looked for: what borrows may spoil lies above it.
        let word = u64::from_le_bytes(*word) ^ (ONES * b'"' as u64);
        let found = word.wrapping_sub(ONES) & !word & HIGHS;
        if found != 0 {
            return Some(number * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let at = rest.iter().position(|byte| *byte == b'"')?;
    Some(words.len() * 8 + at)
}

/// What a key of an event stands for.
#[derive(Clone, Copy)]
enum Field {
    App,
    Campaign,
    Id,
    Kind,
    Other,
    Platform,
    Source,
    Time,
    User,
}

impl Field {
    fn named(key: &[u8]) -> Self {
        match key {
            b"app_id" => Self::App,
            b"campaign" => Self::Campaign,
            b"event_id" => Self::Id,
            b"event_type" => Self::Kind,
            b"platform" => Self::Platform,
            b"source" => Self::Source,
            b"timestamp" => Self::Time,
            b"user_id" => Self::User,
            _ => Self::Other,
        }
    }
}

/// A place in a text.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Keys of the event before, quotes and colon included: events of a batch look alike, and comparing is quicker than reading.
    keys: Vec<(&'a [u8], Field)>,
}

impl<'a> Scanner<'a> {
    /// What comes next, behind spaces.
    fn next(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b' ') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    fn is_at(&mut self, wanted: u8) -> bool {
        self.next() == Some(wanted)
    }

    fn is_at_end(&mut self) -> bool {
        self.next().is_none()
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        self.is_at(wanted).then(|| self.at += 1)
    }

    /// Where the next string lies.
    fn quoted(&mut self) -> Option<Range<usize>> {
        self.take(b'"')?;
        let begin = self.at;
        let end = begin + quote(&self.text.as_bytes()[begin..])?;
        self.at = end + 1;
        Some(begin..end)
    }

    /// The key that is the so manieth of its event, with the colon behind it.
    fn key(&mut self, number: usize) -> Option<Field> {
        let rest = &self.text.as_bytes()[self.at..];
        if let Some((known, field)) = self.keys.get(number)
            && rest.starts_with(known)
        {
            self.at += known.len();
            return Some(*field);
        }
        let begin = self.at;
        let field = Field::named(&self.text.as_bytes()[self.quoted()?]);
        self.take(b':')?;
        self.keys.truncate(number);
        if self.keys.len() == number {
            self.keys.push((&self.text.as_bytes()[begin..self.at], field));
        }
        Some(field)
    }

    fn list(&mut self) -> Option<Listed<'a>> {
        self.take(b'[')?;
        let mut listed = Listed::with_room();
        loop {
            listed.push(self.event()?);
            if listed.len() > BATCH_MAX {
                return None;
            }
            match self.next()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Some(listed);
                }
                _ => return None,
            }
        }
    }

    fn event(&mut self) -> Option<Event<'a>> {
        let mut event = Event::default();
        self.take(b'{')?;
        for number in 0.. {
            match self.key(number)? {
                Field::App => self.text_into(&mut event.app_id)?,
                Field::Campaign => self.text_into(&mut event.campaign)?,
                Field::Id => self.text_into(&mut event.event_id)?,
                Field::Kind => self.text_into(&mut event.event_type)?,
                Field::Platform => self.text_into(&mut event.platform)?,
                Field::Source => self.text_into(&mut event.source)?,
                Field::User => self.text_into(&mut event.user_id)?,
                Field::Time if event.timestamp.is_none() => event.timestamp = Some(self.moment()?),
                Field::Time => return None,
                Field::Other => self.skip()?,
            }
            match self.next()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(event);
                }
                _ => return None,
            }
        }
        None
    }

    /// A key that comes twice is no plain text.
    fn text_into(&mut self, place: &mut Option<Text<'a>>) -> Option<()> {
        let text = &self.text[self.quoted()?];
        place.replace(Text::lying(text)).is_none().then_some(())
    }

    fn moment(&mut self) -> Option<Moment> {
        if self.is_at(b'"') {
            return self.quoted().map(|_| Moment::Text);
        }
        self.number().map(Moment::Number)
    }

    /// A number without sign, point and leading zero.
    fn number(&mut self) -> Option<i64> {
        let digits = self.text.as_bytes()[self.at..].iter().take_while(|byte| byte.is_ascii_digit());
        let mut number = 0;
        let mut length = 0;
        for digit in digits {
            number = number * 10 + i64::from(digit - b'0');
            length += 1;
            if length > DIGITS_MAX {
                return None;
            }
        }
        let starts_well = self.text.as_bytes().get(self.at) != Some(&b'0') || length == 1;
        let ends_well = matches!(self.text.as_bytes().get(self.at + length), Some(b',' | b'}' | b' '));
        self.at += length;
        (length > 0 && starts_well && ends_well).then_some(number)
    }

    /// A value that nobody looks at.
    fn skip(&mut self) -> Option<()> {
        match self.next()? {
            b'"' => self.quoted().map(|_| ()),
            b'0'..=b'9' => self.number().map(|_| ()),
            _ => {
                let rest = &self.text[self.at..];
                let word = ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word))?;
                self.at += word.len();
                Some(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(body: &str) -> Option<Vec<String>> {
        let listed = listed(body.as_bytes())?;
        Some(listed.events().iter().map(|event| event.id.as_str().to_owned()).collect())
    }

    #[test]
    fn plain_events_are_found() {
        let one = r#"{"event_id":"a","event_type":"click","source":"web","n":12,"old":null,"is":true,"timestamp":1700000000000}"#;
        let other = r#"{ "source" : "wéb", "event_id" : "b", "event_type" : "click" }"#;
        assert_eq!(ids(&format!("[{one},{other}]")).unwrap(), ["a", "b"]);
        assert_eq!(ids(&format!(r#" {{"events": [{one} , {other}] }} "#)).unwrap(), ["a", "b"]);
    }

    #[test]
    fn a_quote_is_found_wherever_it_is() {
        let mut text = vec![b'!'; 40];
        assert_eq!(quote(&text), None);
        for at in (0..40).rev() {
            // Bytes around a quote's own value are none.
            text[at] = b'"';
            assert_eq!(quote(&text), Some(at));
            text[at] = if at % 2 == 0 { b'#' } else { b'\xa2' };
            assert_eq!(quote(&text), None);
        }
    }

    /// Whatever is left to the parser must not have been half read: it is all or nothing.
    #[test]
    fn everything_else_is_left_to_the_parser() {
        let plain = r#"[{"event_id":"a","event_type":"click","source":"web","n":1}]"#;
        assert!(ids(plain).is_some());
        let changes = [
            ("web", "w\\u0065b"),
            ("web", "w\neb"),
            (r#""n":1"#, r#""n":{"m":1}"#),
            (r#""n":1"#, r#""n":[1]"#),
            (r#""n":1"#, r#""n":01"#),
            (r#""n":1"#, r#""n":1.5"#),
            (r#""n":1"#, r#""n":-1"#),
            (r#""n":1"#, r#""n":1x"#),
            (r#""n":1"#, r#""event_id":"b""#),
            (r#""n":1"#, r#""timestamp":12345678901234567890"#),
            (r#""n":1"#, r#""timestamp":1,"timestamp":2"#),
            (r#","n":1"#, ","),
            ("}]", "}"),
            ("}]", "}]]"),
            ("}]", "},]"),
            ("[{", "[[{"),
            (r#""event_id":"a""#, r#""event_id":7"#),
            (r#""event_id":"a""#, r#""event_id" "a""#),
        ];
        for (from, to) in changes {
            let changed = plain.replacen(from, to, 1);
            assert_ne!(changed, plain);
            assert!(listed(changed.as_bytes()).is_none(), "{changed}");
        }
        assert!(listed(b"[{\"event_id\":\"\xff\"}]").is_none());
        assert!(listed(b"").is_none() && listed(b"[]").is_none() && listed(b"{\"events\":1}").is_none());
    }
}
