//! 24 — Do the figures of streamed answers agree with each other?

use plimsoll_model::Nanos;

use crate::finding::{Finding, Status, Withheld, count, percent};

/// Time to the first token and the gaps make up the whole, to this share (docs/METHOD.md, section 14).
const TIME_OFF_MAX: f64 = 0.01;

/// Tokens a chunk, away from one, beyond which gaps are not per token.
const TOKENS_PER_CHUNK_OFF_MAX: f64 = 0.05;

/// What was measured of one streamed answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streamed {
    /// Due to first content.
    pub first_ns: Nanos,
    /// Gaps between chunks, summed.
    pub gaps_ns: Nanos,
    /// Due to last content.
    pub whole_ns: Nanos,
    /// Chunks with content.
    pub chunks: u64,
    /// Tokens counted by chunks.
    pub tokens_summed: u64,
    /// Tokens counted over the whole text.
    pub tokens_whole: u64,
    /// The end was marked: `[DONE]`, or a reason to finish.
    pub is_complete: bool,
    /// Counted as a success.
    pub is_ok: bool,
}

/// Judges the identities; without streams there is nothing to judge.
pub fn audit(streams: &[Streamed]) -> Finding {
    let finding = |status, sentence: String| Finding::new("streams", status, sentence);
    if streams.is_empty() {
        return finding(Status::NotRun, "Nothing was streamed.".to_owned());
    }
    let n = streams.len() as f64;
    let cut_off = streams.iter().filter(|s| s.is_ok && (!s.is_complete || s.tokens_whole == 0)).count();
    if cut_off > 0 {
        let sentence = format!(
            "{} streams were counted as successes without having ended, or without a token.",
            count(cut_off as u64)
        );
        return finding(Status::Invalid, sentence)
            .measured(cut_off as f64, 0.0)
            .withholding(Withheld::Everything);
    }
    let off = |s: &&Streamed| {
        (s.first_ns + s.gaps_ns).abs_diff(s.whole_ns) as f64 > TIME_OFF_MAX * s.whole_ns as f64
    };
    let times_off = streams.iter().filter(off).count();
    if times_off > 0 {
        let sentence = format!(
            "In {} of the streams the time to the first token and the gaps do not make up the whole.",
            percent(times_off as f64 / n)
        );
        return finding(Status::Invalid, sentence)
            .measured(times_off as f64, 0.0)
            .withholding(Withheld::Times);
    }
    let tokens_off = streams.iter().filter(|s| s.tokens_summed != s.tokens_whole).count();
    if tokens_off > 0 {
        let sentence = format!(
            "In {} of the streams the tokens of the chunks do not add up to those of the text.",
            percent(tokens_off as f64 / n)
        );
        return finding(Status::Invalid, sentence).measured(tokens_off as f64, 0.0);
    }
    let tokens: u64 = streams.iter().map(|s| s.tokens_whole).sum();
    let chunks: u64 = streams.iter().map(|s| s.chunks).sum();
    let each = tokens as f64 / chunks.max(1) as f64;
    if (each - 1.0).abs() > TOKENS_PER_CHUNK_OFF_MAX {
        return finding(
            Status::Limited,
            format!("{each:.2} tokens a chunk: gaps are per chunk, not per token."),
        )
        .measured(each, 1.0);
    }
    finding(Status::Pass, format!("Times and tokens of {} streams agree.", count(streams.len() as u64)))
        .measured(each, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Streamed = Streamed {
        first_ns: 200,
        gaps_ns: 800,
        whole_ns: 1_000,
        chunks: 50,
        tokens_summed: 50,
        tokens_whole: 50,
        is_complete: true,
        is_ok: true,
    };

    #[test]
    fn figures_that_contradict_each_other_are_flagged() {
        let judge = |stream| audit(&[WHOLE, stream]).status;
        assert_eq!(judge(WHOLE), Status::Pass);
        assert_eq!(judge(Streamed { first_ns: 1, ..WHOLE }), Status::Invalid);
        assert_eq!(judge(Streamed { tokens_summed: 49, ..WHOLE }), Status::Invalid);
        assert_eq!(judge(Streamed { is_complete: false, ..WHOLE }), Status::Invalid);
        assert_eq!(judge(Streamed { is_complete: false, is_ok: false, ..WHOLE }), Status::Pass);
        assert_eq!(judge(Streamed { chunks: 20, ..WHOLE }), Status::Limited);
        assert_eq!(audit(&[]).status, Status::NotRun);
    }
}
