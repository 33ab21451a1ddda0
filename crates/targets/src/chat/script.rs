//! How one answer goes.

use serde::Deserialize;

/// How one answer goes. Times are in milliseconds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// When the chunk with the role alone comes, from the request on.
    pub role_ms: u64,
    /// When the first token comes, from the request on.
    pub first_ms: u64,
    /// From one chunk to the next.
    pub gap_ms: u64,
    /// How many tokens the answer has.
    pub tokens: u32,
    /// How many of them come in one chunk.
    pub per_chunk: u32,
    /// Before this token (counted from 1) there is a stall ...
    pub stall_at: Option<u32>,
    /// ... of this length instead of the gap.
    pub stall_ms: u64,
    /// Behind so many tokens the connection is closed, without an end.
    pub cut_at: Option<u32>,
    /// Behind so many tokens the server reports an error in the stream.
    pub fail_at: Option<u32>,
    /// The number of tokens that the server claims, if it is not the true one.
    pub claimed: Option<u64>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            role_ms: 1,
            first_ms: 50,
            gap_ms: 5,
            tokens: 40,
            per_chunk: 1,
            stall_at: None,
            stall_ms: 0,
            cut_at: None,
            fail_at: None,
            claimed: None,
        }
    }
}

/// What happens at one moment of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// The answer begins, and says nothing yet.
    Role,
    /// So many tokens.
    Tokens(u32),
    /// The connection is closed without an end.
    Cut,
    /// An error is reported.
    Fail,
    /// The answer ends.
    End,
}

impl Script {
    /// What happens when, in milliseconds from the request on.
    pub(super) fn moments(&self) -> Vec<(u64, Moment)> {
        let mut moments = vec![(self.role_ms, Moment::Role)];
        let (mut at_ms, mut said) = (self.first_ms.max(self.role_ms), 0);
        let reached = |limit: Option<u32>, said: u32| limit.is_some_and(|limit| said >= limit);
        loop {
            if reached(self.cut_at, said) || reached(self.fail_at, said) {
                let end = if reached(self.cut_at, said) { Moment::Cut } else { Moment::Fail };
                moments.push((at_ms, end));
                return moments;
            }
            if said >= self.tokens {
                moments.push((at_ms, Moment::End));
                return moments;
            }
            let chunk = self.per_chunk.clamp(1, self.tokens - said);
            if said > 0 {
                let stalls = self.stall_at.is_some_and(|at| (said + 1..=said + chunk).contains(&at));
                at_ms += if stalls { self.stall_ms } else { self.gap_ms };
            }
            moments.push((at_ms, Moment::Tokens(chunk)));
            said += chunk;
        }
    }

    /// The number of tokens the server says there were.
    pub(super) fn claimed(&self) -> u64 {
        self.claimed.unwrap_or(u64::from(self.tokens))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_a_list_of_moments() {
        let script =
            Script { tokens: 5, per_chunk: 2, stall_at: Some(3), stall_ms: 100, ..Script::default() };
        let expected = [
            (1, Moment::Role),
            (50, Moment::Tokens(2)),
            (150, Moment::Tokens(2)),
            (155, Moment::Tokens(1)),
            (155, Moment::End),
        ];
        assert_eq!(script.moments(), expected);
        let cut = Script { cut_at: Some(2), ..script };
        assert_eq!(cut.moments(), [(1, Moment::Role), (50, Moment::Tokens(2)), (50, Moment::Cut)]);
        assert_eq!(Script { tokens: 0, ..script }.moments(), [(1, Moment::Role), (50, Moment::End)]);
    }
}
