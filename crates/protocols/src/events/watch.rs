//! One streamed answer as it comes: when each piece of content was there, and what it came to (docs/METHOD.md, section 14).

use plimsoll_model::stream::{
    Dialect, EVENTS, FIRST_BYTE, FIRST_TOKEN, GAP, LAST_TOKEN, PER_TOKEN, STALL, TOKENS_IN, TOKENS_OUT,
    USAGE_OUT,
};
use plimsoll_model::{Nanos, Reading};
use serde_json::{Value, json};

use super::dialect::{Said, said};
use super::sse::{Decoder, Event};

/// Why a stream is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StreamError {
    /// It ended before its end was marked.
    Incomplete(String),
    /// It ended without a token.
    Empty,
    /// It is not what its dialect writes.
    Nonsense(String),
    /// The server said in it that something went wrong.
    Server(String),
}

/// Reads the vocabulary that tokens are counted by, which takes some milliseconds, once.
pub(crate) fn make_ready() {
    bpe_openai::o200k_base();
}

/// Watches one answer.
#[derive(Debug)]
pub(crate) struct Watch {
    dialect: Dialect,
    decoder: Decoder,
    readings: Vec<Reading>,
    /// Everything that counts as tokens, in order.
    content: String,
    /// What of it the answer says.
    text: String,
    /// Bytes of the first piece of content.
    first_bytes: usize,
    first_ns: Option<Nanos>,
    last_ns: Nanos,
    longest_gap_ns: Option<Nanos>,
    pieces: u64,
    finish: Option<String>,
    is_end: bool,
    tokens_in: Option<u64>,
    usage_out: Option<u64>,
    error: Option<StreamError>,
}

impl Watch {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            decoder: Decoder::default(),
            readings: Vec::new(),
            content: String::new(),
            text: String::new(),
            first_bytes: 0,
            first_ns: None,
            last_ns: 0,
            longest_gap_ns: None,
            pieces: 0,
            finish: None,
            is_end: false,
            tokens_in: None,
            usage_out: None,
            error: None,
        }
    }

    /// What was read of it so far.
    pub(crate) fn readings(&self) -> &[Reading] {
        &self.readings
    }

    /// Bytes of the body that came at `now_ns`.
    pub(crate) fn take(&mut self, bytes: &[u8], now_ns: Nanos) {
        if bytes.is_empty() {
            return;
        }
        if self.readings.is_empty() {
            self.readings.push(Reading::at(FIRST_BYTE, now_ns));
        }
        let mut decoder = std::mem::take(&mut self.decoder);
        if let Err(problem) = decoder.feed(bytes, |event| self.event(&event, now_ns)) {
            self.error.get_or_insert_with(|| StreamError::Nonsense(problem.to_owned()));
        }
        self.decoder = decoder;
    }

    /// When the answer that was waited for was there, if one was.
    pub(crate) fn answered_ns(&self) -> Option<Nanos> {
        self.first_ns.filter(|_| matches!(self.dialect, Dialect::Answer(_)))
    }

    /// Takes the answer to a request, if this is it. A server that could not read the request cannot name it.
    fn answer(&mut self, id: u64, event: &Event, now_ns: Nanos) {
        let Ok(message) = serde_json::from_str::<Value>(&event.data) else { return };
        let is_unread = message["id"].is_null() && message.get("error").is_some();
        if message.get("method").is_none() && (message["id"].as_u64() == Some(id) || is_unread) {
            self.first_ns.get_or_insert(now_ns);
            event.data.clone_into(&mut self.text);
        }
    }

    fn event(&mut self, event: &Event, now_ns: Nanos) {
        if let Dialect::Answer(id) = self.dialect {
            return self.answer(id, event, now_ns);
        }
        let said = match said(self.dialect, event) {
            Ok(said) => said,
            Err(problem) => {
                self.error.get_or_insert(StreamError::Nonsense(problem));
                return;
            }
        };
        if !said.content.is_empty() {
            self.content(&said, now_ns);
        }
        self.finish = said.finish.or_else(|| self.finish.take());
        self.is_end |= said.is_end;
        self.tokens_in = said.tokens_in.or(self.tokens_in);
        self.usage_out = said.tokens_out.or(self.usage_out);
        if let Some(error) = said.error {
            self.error.get_or_insert(StreamError::Server(error));
        }
    }

    fn content(&mut self, said: &Said, now_ns: Nanos) {
        match self.first_ns {
            None => {
                self.first_ns = Some(now_ns);
                self.first_bytes = said.content.len();
                self.readings.push(Reading::at(FIRST_TOKEN, now_ns));
            }
            Some(_) => {
                let gap_ns = now_ns.saturating_sub(self.last_ns);
                self.longest_gap_ns = self.longest_gap_ns.max(Some(gap_ns));
                self.readings.push(Reading::took(GAP, gap_ns));
            }
        }
        self.last_ns = now_ns;
        self.pieces += 1;
        if self.dialect != Dialect::Events {
            self.content.push_str(&said.content);
        }
        if said.is_text {
            self.text.push_str(&said.content);
        }
    }

    /// The response is whole: what it came to, and whether it is an answer.
    pub(crate) fn end(&mut self) -> Result<(), StreamError> {
        let Some(first_ns) = self.first_ns else {
            return Err(self.error.take().unwrap_or(StreamError::Empty));
        };
        if let Dialect::Answer(_) = self.dialect {
            return Ok(());
        }
        self.readings.push(Reading::at(LAST_TOKEN, self.last_ns));
        self.readings.extend(self.longest_gap_ns.map(|gap_ns| Reading::took(STALL, gap_ns)));
        if self.dialect == Dialect::Events {
            self.readings.push(Reading::number(EVENTS, self.pieces));
            return self.error.take().map_or(Ok(()), Err);
        }
        let tokens = bpe_openai::o200k_base();
        let out = tokens.count(self.content.as_str()) as u64;
        let first = tokens.count(&self.content[..self.first_bytes]) as u64;
        self.readings.push(Reading::number(TOKENS_OUT, out));
        self.readings.extend(self.tokens_in.map(|n| Reading::number(TOKENS_IN, n)));
        self.readings.extend(self.usage_out.map(|n| Reading::number(USAGE_OUT, n)));
        if out > first {
            let each_ns = (self.last_ns - first_ns) / (out - first);
            self.readings.push(Reading::took(PER_TOKEN, each_ns));
        }
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        if self.finish.is_none() && !self.is_end {
            let tail: String =
                self.text.chars().rev().take(40).collect::<Vec<_>>().into_iter().rev().collect();
            return Err(StreamError::Incomplete(tail));
        }
        Ok(())
    }

    /// Whether an answer that is no stream is as good.
    pub(crate) fn is_optional(&self) -> bool {
        matches!(self.dialect, Dialect::Answer(_))
    }

    /// The answer as one JSON document, for expectations: `text`, `finish_reason`, `chunks`, `usage`.
    pub(crate) fn summary(&self) -> Vec<u8> {
        if let Dialect::Answer(_) = self.dialect {
            return self.text.clone().into_bytes();
        }
        json!({
            "text": self.text,
            "finish_reason": self.finish,
            "chunks": self.pieces,
            "usage": { "input_tokens": self.tokens_in, "output_tokens": self.usage_out },
        })
        .to_string()
        .into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::ReadValue;

    use super::*;
    use crate::garbled::garbled;
    use proptest::prelude::*;

    const MS: Nanos = 1_000_000;

    fn chunk(text: &str) -> Vec<u8> {
        format!("data: {}\n\n", json!({ "choices": [{ "delta": { "content": text } }] })).into_bytes()
    }

    fn values(watch: &Watch, part: u8) -> Vec<u64> {
        let mine = watch.readings().iter().filter(|r| r.part == part);
        mine.map(|r| match r.value {
            ReadValue::At(n) | ReadValue::Took(n) | ReadValue::Number(n) => n,
        })
        .collect()
    }

    const ROLE: &[u8] = b"data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
    const FINISH: &[u8] = b"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    const DONE: &[u8] = b"data: [DONE]\n\n";

    /// The script of METHOD, section 14: the role alone at 1 ms, the first token at 200 ms, one every 10 ms, and 2 s of
    /// silence before the fiftieth.
    fn scripted(per_chunk: usize) -> Watch {
        let mut watch = Watch::new(Dialect::OpenAi);
        watch.take(ROLE, MS);
        let mut now = 200 * MS;
        for n in 0..100 / per_chunk {
            if n > 0 {
                now += if n * per_chunk == 50 { 2_000 * MS } else { 10 * MS };
            }
            watch.take(&chunk(&" the".repeat(per_chunk)), now);
        }
        watch
    }

    #[test]
    fn every_number_of_the_scripted_answer_is_exact() {
        let mut watch = scripted(1);
        watch.take(FINISH, 3_300 * MS);
        watch.take(
            b"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":250}}\n\n",
            3_300 * MS,
        );
        watch.take(DONE, 3_300 * MS);
        assert_eq!(watch.end(), Ok(()));
        assert_eq!(values(&watch, FIRST_BYTE), [MS]);
        assert_eq!(values(&watch, FIRST_TOKEN), [200 * MS]);
        // 98 gaps of 10 ms and one of 2 s.
        let (gaps, last) = (values(&watch, GAP), values(&watch, LAST_TOKEN));
        assert_eq!((gaps.len(), gaps.iter().sum::<u64>()), (99, 2_980 * MS));
        assert_eq!(last, [200 * MS + gaps.iter().sum::<u64>()]);
        assert_eq!(values(&watch, STALL), [2_000 * MS]);
        assert_eq!(values(&watch, PER_TOKEN), [2_980 * MS / 99]);
        // The server claims 250; 100 came.
        assert_eq!((values(&watch, TOKENS_OUT), values(&watch, USAGE_OUT)), (vec![100], vec![250]));
        assert_eq!(values(&watch, TOKENS_IN), [12]);
    }

    #[test]
    fn several_tokens_a_chunk_are_that_many_tokens() {
        let mut watch = scripted(5);
        watch.take(DONE, 3_000 * MS);
        assert_eq!(watch.end(), Ok(()));
        assert_eq!((values(&watch, GAP).len(), values(&watch, TOKENS_OUT)), (19, vec![100]));
        // What came with the first chunk took none of the time behind it.
        let span = values(&watch, LAST_TOKEN)[0] - values(&watch, FIRST_TOKEN)[0];
        assert_eq!(values(&watch, PER_TOKEN), [span / 95]);
    }

    #[test]
    fn one_token_has_no_time_per_token_and_none_is_no_answer() {
        let mut one = Watch::new(Dialect::OpenAi);
        one.take(&chunk(" the"), 5 * MS);
        one.take(DONE, 6 * MS);
        assert_eq!(one.end(), Ok(()));
        assert_eq!((values(&one, PER_TOKEN), values(&one, STALL)), (vec![], vec![]));
        let mut none = Watch::new(Dialect::OpenAi);
        none.take(ROLE, MS);
        none.take(DONE, 2 * MS);
        assert_eq!(none.end(), Err(StreamError::Empty));
        assert!(values(&none, FIRST_TOKEN).is_empty());
    }

    #[test]
    fn the_answer_to_a_request_is_found_among_other_messages() {
        let mut watch = Watch::new(Dialect::Answer(7));
        watch.take(b"data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"id\":7}\n\n", MS);
        watch.take(b"data: {\"jsonrpc\":\"2.0\",\"id\":6,\"result\":{}}\n\n", 2 * MS);
        assert_eq!(watch.answered_ns(), None);
        watch.take(b"data: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"a\":1}}\n\n", 3 * MS);
        assert_eq!((watch.answered_ns(), watch.end()), (Some(3 * MS), Ok(())));
        assert_eq!(watch.summary(), b"{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"a\":1}}");
        let mut none = Watch::new(Dialect::Answer(7));
        none.take(b"data: {\"jsonrpc\":\"2.0\",\"id\":6,\"result\":{}}\n\n", MS);
        assert_eq!(none.end(), Err(StreamError::Empty));
    }

    #[test]
    fn a_stream_that_ends_early_is_no_answer() {
        let mut cut = scripted(1);
        assert!(matches!(cut.end(), Err(StreamError::Incomplete(_))));
        assert_eq!(values(&cut, TOKENS_OUT), [100]);
        let mut failed = scripted(1);
        failed.take(b"data: {\"error\":{\"message\":\"overloaded\"}}\n\n", 4_000 * MS);
        assert_eq!(failed.end(), Err(StreamError::Server("overloaded".to_owned())));
        let mut odd = scripted(1);
        odd.take(b"data: <html>\n\n", 4_000 * MS);
        assert!(matches!(odd.end(), Err(StreamError::Nonsense(_))));
    }

    const STREAMS: &[&[u8]] = &[
        b"data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"h\"}}]}\n\ndata: [DONE]\n\n",
        b"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"h\"}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        b"id: 1\r\ndata: one\r\n\r\n: word\r\ndata: two\r\n\r\n",
        b"data: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}\n\n",
    ];

    proptest! {
        /// Whatever comes is summed up as JSON, and it makes no difference in what pieces it comes.
        #[test]
        fn whatever_comes_is_summed_up(bytes in garbled(STREAMS), piece in 1_usize..9) {
            for dialect in [Dialect::OpenAi, Dialect::Anthropic, Dialect::Events, Dialect::Answer(7)] {
                let watched = |piece: usize| {
                    let mut watch = Watch::new(dialect);
                    bytes.chunks(piece).for_each(|bytes| watch.take(bytes, MS));
                    (watch.end().is_ok(), watch.summary())
                };
                let whole = watched(bytes.len().max(1));
                prop_assert!(whole.1.is_empty() || serde_json::from_slice::<serde_json::Value>(&whole.1).is_ok());
                prop_assert_eq!(watched(piece).0, whole.0);
            }
        }
    }
}
