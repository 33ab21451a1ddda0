//! 24 — Do the figures of streamed answers agree with each other?

use plimsoll_metrics::Histogram;
use plimsoll_model::{Outcome, Record, StepId};

use crate::finding::{Finding, Status, Withheld, count, percent};

/// Time to the first token and the gaps make up the whole, to this share (docs/METHOD.md, section 14).
const TIME_OFF_MAX: f64 = 0.01;

/// Tokens a chunk, away from one, beyond which gaps are not per token.
const TOKENS_PER_CHUNK_OFF_MAX: f64 = 0.05;

/// How far the server's count of tokens may be from ours. Vocabularies differ.
const CLAIMED_OFF_MAX: f64 = 0.10;

/// What was measured of the streamed answers of one step that counted as successes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Streamed {
    /// What they are called.
    pub name: String,
    /// How many operations counted as successes.
    pub successes: u64,
    /// How many of them had a last token.
    pub ended: u64,
    /// Due to first content, summed, in nanoseconds.
    pub first_ns: f64,
    /// Gaps between chunks, summed, in nanoseconds.
    pub gaps_ns: f64,
    /// Due to last content, summed, in nanoseconds.
    pub whole_ns: f64,
    /// Chunks with content.
    pub chunks: u64,
    /// Tokens, if they were counted.
    pub tokens: Option<Tokens>,
}

/// Tokens of the answers of one step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tokens {
    /// By our own count.
    pub counted: u64,
    /// The fewest of one answer.
    pub least: u64,
    /// By the server's count, if it gave one for every answer.
    pub claimed: Option<u64>,
}

/// Judges what a record says of streamed answers.
pub fn audit(record: &Record) -> Finding {
    let operations = record.started.plan.operations();
    judge(&operations.filter_map(|(step, _)| streamed(record, step)).collect::<Vec<_>>())
}

/// What was measured of the streamed answers of a step; `None` if they do not stream, or none succeeded.
fn streamed(record: &Record, of: StepId) -> Option<Streamed> {
    let plan = &record.started.plan;
    let part = |names: &[&str]| -> Option<&Histogram> {
        let is_mine = |step: StepId| plan.part(step).is_some_and(|part| part.of == of);
        let mut parts = (0..).zip(&plan.steps).filter(|(step, _)| is_mine(*step));
        let (step, _) =
            parts.find(|(_, s)| names.contains(&s.name.rsplit('.').next().unwrap_or_default()))?;
        record.cells.get(&(step, Outcome::Ok)).map(|cell| &cell.response)
    };
    let sum = |histogram: &Histogram| histogram.sum_ns() as f64;
    let successes = record.count(of, Outcome::Ok);
    let streams = (0..).zip(&plan.steps).any(|(step, s)| {
        plan.part(step).is_some_and(|part| part.of == of) && s.name.ends_with(".first_byte")
    });
    if !streams || successes == 0 {
        return None;
    }
    let (first, last) = (part(&["first_token", "first_event"]), part(&["last_token", "last_event"]));
    let gaps = part(&["gap"]);
    let counted = part(&["tokens_out"]);
    let claimed = part(&["usage_out"]).filter(|usage| Some(usage.count()) == counted.map(Histogram::count));
    Some(Streamed {
        name: plan.steps[usize::from(of)].name.clone(),
        successes,
        ended: last.map_or(0, Histogram::count),
        first_ns: first.map_or(0.0, sum),
        gaps_ns: gaps.map_or(0.0, sum),
        whole_ns: last.map_or(0.0, sum),
        chunks: first.map_or(0, Histogram::count) + gaps.map_or(0, Histogram::count),
        tokens: counted.map(|counted| Tokens {
            counted: counted.sum_ns() as u64,
            least: counted.min_ns().unwrap_or(0),
            claimed: claimed.map(|claimed| claimed.sum_ns() as u64),
        }),
    })
}

/// Judges the identities; without streams there is nothing to judge.
pub fn judge(streams: &[Streamed]) -> Finding {
    let finding = |status, sentence: String| Finding::new("streams", status, sentence);
    if streams.is_empty() {
        return finding(Status::NotRun, "Nothing was streamed.".to_owned());
    }
    if let Some((stream, cut_off)) = streams.iter().map(|s| (s, cut_off(s))).find(|(_, n)| *n > 0) {
        let sentence = format!(
            "{} answers of `{}` were counted as successes without having ended, or without a token.",
            count(cut_off),
            stream.name
        );
        return finding(Status::Invalid, sentence)
            .measured(cut_off as f64, 0.0)
            .withholding(Withheld::Everything);
    }
    let off = |s: &Streamed| (s.first_ns + s.gaps_ns - s.whole_ns).abs() / s.whole_ns.max(1.0);
    if let Some(stream) = streams.iter().find(|s| off(s) > TIME_OFF_MAX) {
        let sentence = format!(
            "The times to the first token and the gaps of `{}` do not make up the whole: they are {} off.",
            stream.name,
            percent(off(stream))
        );
        return finding(Status::Invalid, sentence)
            .measured(off(stream), TIME_OFF_MAX)
            .withholding(Withheld::Times);
    }
    if let Some((stream, tokens, claimed)) = streams.iter().find_map(misclaimed) {
        let off = claimed.abs_diff(tokens) as f64 / tokens.max(1) as f64;
        let sentence = format!(
            "The server says that `{}` answered with {} tokens; {} were counted.",
            stream.name,
            count(claimed),
            count(tokens)
        );
        return finding(Status::Limited, sentence).measured(off, CLAIMED_OFF_MAX);
    }
    let answers: u64 = streams.iter().map(|s| s.successes).sum();
    let each = |s: &Streamed| Some(s.tokens?.counted as f64 / s.chunks.max(1) as f64);
    let coarse = streams.iter().find_map(|s| {
        let each = each(s).filter(|each| (each - 1.0).abs() > TOKENS_PER_CHUNK_OFF_MAX)?;
        Some(format!(" A chunk of `{}` is {each:.2} tokens: its gaps are per chunk, not per token.", s.name))
    });
    let agree = format!("Times and tokens of {} streamed answers agree.", count(answers));
    finding(Status::Pass, agree + &coarse.unwrap_or_default())
}

/// Successes that cannot be: they did not end, or said nothing.
fn cut_off(stream: &Streamed) -> u64 {
    let endless = stream.successes.saturating_sub(stream.ended);
    endless.max(u64::from(stream.tokens.is_some_and(|tokens| tokens.least == 0)))
}

/// A server whose count of tokens is far from ours.
fn misclaimed(stream: &Streamed) -> Option<(&Streamed, u64, u64)> {
    let tokens = stream.tokens?;
    let claimed = tokens.claimed?;
    let off = claimed.abs_diff(tokens.counted) as f64;
    (off > CLAIMED_OFF_MAX * tokens.counted as f64).then_some((stream, tokens.counted, claimed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> Streamed {
        Streamed {
            name: "chat".to_owned(),
            successes: 10,
            ended: 10,
            first_ns: 2_000.0,
            gaps_ns: 8_000.0,
            whole_ns: 10_000.0,
            chunks: 500,
            tokens: Some(Tokens { counted: 500, least: 50, claimed: Some(510) }),
        }
    }

    #[test]
    fn figures_that_contradict_each_other_are_flagged() {
        let judged = |stream: Streamed| judge(&[whole(), stream]).status;
        assert_eq!(judged(whole()), Status::Pass);
        assert_eq!(judged(Streamed { first_ns: 10.0, ..whole() }), Status::Invalid);
        assert_eq!(judged(Streamed { ended: 9, ..whole() }), Status::Invalid);
        let tokens = |least: u64, claimed: Option<u64>| Some(Tokens { counted: 500, least, claimed });
        assert_eq!(judged(Streamed { tokens: tokens(0, None), ..whole() }), Status::Invalid);
        assert_eq!(judged(Streamed { tokens: tokens(50, Some(1_250)), ..whole() }), Status::Limited);
        assert_eq!(judged(Streamed { tokens: tokens(50, None), ..whole() }), Status::Pass);
        assert_eq!(judged(Streamed { tokens: None, ..whole() }), Status::Pass);
        assert!(judge(&[Streamed { chunks: 200, ..whole() }]).sentence.contains("per chunk, not per token"));
        assert_eq!(judge(&[]).status, Status::NotRun);
    }
}
