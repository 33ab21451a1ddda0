//! Answers that come in pieces: how they are written, and what is measured of them (docs/METHOD.md, section 14).

use crate::{PartKind, PartUnit};

/// How a streamed answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Server-sent events, whatever they say.
    Events,
    /// Chat completions, as `OpenAI` and those who copy it stream them.
    OpenAi,
    /// Messages, as Anthropic streams them.
    Anthropic,
    /// Messages of JSON-RPC, of which the one that answers this request is wanted: it is then the body, and all is done when
    /// it is there. An answer that is no stream is as good.
    Answer(u64),
}

impl Dialect {
    /// What is measured besides, by the places that follow.
    pub const fn parts(self) -> &'static [PartKind] {
        match self {
            Self::Events => &OF_EVENTS,
            Self::OpenAi | Self::Anthropic => &OF_TOKENS,
            Self::Answer(_) => &[],
        }
    }
}

/// The first byte of the body.
pub const FIRST_BYTE: u8 = 0;
/// The first piece of content: no role alone, no ping, no usage.
pub const FIRST_TOKEN: u8 = 1;
/// The last piece of content.
pub const LAST_TOKEN: u8 = 2;
/// From one piece of content to the next.
pub const GAP: u8 = 3;
/// The longest such gap of an answer.
pub const STALL: u8 = 4;
/// Events with data, of a stream that is no language model's.
pub const EVENTS: u8 = 5;
/// Tokens that came out, by a tokenizer of ours (`o200k_base`).
pub const TOKENS_OUT: u8 = 5;
/// Tokens that went in, by the server's own count.
pub const TOKENS_IN: u8 = 6;
/// Tokens that came out, by the server's own count.
pub const USAGE_OUT: u8 = 7;
/// Time for each token behind the first piece of content; of one token there is none.
pub const PER_TOKEN: u8 = 8;

const OF_EVENTS: [PartKind; 6] = [
    PartKind::new("first_byte", PartUnit::Time),
    PartKind::new("first_event", PartUnit::Time),
    PartKind::new("last_event", PartUnit::Time),
    PartKind::new("gap", PartUnit::Times),
    PartKind::new("stall", PartUnit::Times),
    PartKind::new("events", PartUnit::Number),
];

const OF_TOKENS: [PartKind; 9] = [
    PartKind::new("first_byte", PartUnit::Time),
    PartKind::new("first_token", PartUnit::Time),
    PartKind::new("last_token", PartUnit::Time),
    PartKind::new("gap", PartUnit::Times),
    PartKind::new("stall", PartUnit::Times),
    PartKind::new("tokens_out", PartUnit::Number),
    PartKind::new("tokens_in", PartUnit::Number),
    PartKind::new("usage_out", PartUnit::Number),
    PartKind::new("per_token", PartUnit::Times),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_stands_where_its_number_says() {
        let named = |dialect: Dialect, part: u8| dialect.parts()[usize::from(part)].name;
        let tokens = [
            (FIRST_BYTE, "first_byte"),
            (FIRST_TOKEN, "first_token"),
            (LAST_TOKEN, "last_token"),
            (GAP, "gap"),
            (STALL, "stall"),
            (TOKENS_OUT, "tokens_out"),
            (TOKENS_IN, "tokens_in"),
            (USAGE_OUT, "usage_out"),
            (PER_TOKEN, "per_token"),
        ];
        assert!(tokens.iter().all(|(part, name)| named(Dialect::OpenAi, *part) == *name));
        let events = [(FIRST_BYTE, "first_byte"), (FIRST_TOKEN, "first_event"), (EVENTS, "events")];
        assert!(events.iter().all(|(part, name)| named(Dialect::Events, *part) == *name));
    }
}
