//! The verdict on a run: audits first, claims second.

use plimsoll_model::{Record, StopReason};

use crate::audits::audit_with;
use crate::audits::steady::analysed;
use crate::claims::{ClaimResult, Verdict, judge_claim};
use crate::finding::{Finding, Status};
use crate::steadiness::Steadiness;

/// The verdict on a run as a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunVerdict {
    /// Nothing is wrong with it.
    Valid,
    /// Named numbers are withheld.
    Limited,
    /// Named numbers, or all, are worthless.
    Invalid,
}

impl RunVerdict {
    /// The word in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Valid => "VALID",
            Self::Limited => "LIMITED",
            Self::Invalid => "INVALID",
        }
    }
}

/// Everything that was judged about a run.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The run as a measurement.
    pub verdict: RunVerdict,
    /// Audits in their order.
    pub findings: Vec<Finding>,
    /// Claims in the plan's order.
    pub claims: Vec<ClaimResult>,
    /// The run was stopped before its time, by a person.
    pub interrupted: bool,
    /// Warm-up and steady state, if there was load constant for long enough.
    pub steadiness: Option<Steadiness>,
}

impl Judgement {
    /// Claims with this verdict.
    pub fn claims_that_are(&self, verdict: Verdict) -> usize {
        self.claims.iter().filter(|c| c.verdict == verdict).count()
    }
}

/// Judges a run.
pub fn judge(record: &Record) -> Judgement {
    let steadiness = analysed(record);
    let findings = audit_with(record, steadiness.as_ref());
    let worst =
        findings.iter().map(|f| f.status).filter(|s| *s != Status::NotRun).max().unwrap_or(Status::NotRun);
    let verdict = match worst {
        Status::Pass => RunVerdict::Valid,
        Status::Limited => RunVerdict::Limited,
        Status::NotRun | Status::Invalid => RunVerdict::Invalid,
    };
    let claims =
        record.started.plan.claims.iter().map(|claim| judge_claim(record, claim, &findings)).collect();
    let interrupted = record.finished.as_ref().is_none_or(|f| f.reason == StopReason::Interrupted);
    Judgement { verdict, findings, claims, interrupted, steadiness }
}
