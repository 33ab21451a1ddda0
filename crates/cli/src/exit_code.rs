//! Every exit code, in one place.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | every claim is verified and the run is valid or limited |
//! | 1 | Plimsoll itself could not do its work: a file it cannot write, a port it cannot use |
//! | 2 | the command line is wrong |
//! | 98 | a claim is unproven, or the run is invalid |
//! | 99 | a claim is refuted |
//! | 104 | the plan or the script is wrong; nothing was sent |
//! | 105 | interrupted; what was measured is written and judged |
//! | 107 | a script threw where nothing can go on: in its init code, setup, teardown or handleSummary |
//! | 108 | a script ended the run: `exec.test.abort()` |
//! | 110 | a script marked the run as failed: `exec.test.fail()` |

use std::fmt;
use std::process::ExitCode;

use plimsoll_audit::{Judgement, RunVerdict, Verdict};

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Aborted = 108,
    Failed = 1,
    Interrupted = 105,
    MarkedFailed = 110,
    Refuted = 99,
    ScriptThrew = 107,
    Success = 0,
    Unproven = 98,
    WrongPlan = 104,
}

impl Exit {
    pub(crate) fn of(judgement: &Judgement) -> Self {
        if judgement.interrupted {
            Self::Interrupted
        } else if judgement.claims_that_are(Verdict::Refuted) > 0 {
            Self::Refuted
        } else if judgement.claims_that_are(Verdict::Unproven) > 0 || judgement.verdict == RunVerdict::Invalid
        {
            Self::Unproven
        } else {
            Self::Success
        }
    }
}

impl Exit {
    /// The code that a script's own rules ask for.
    pub(crate) fn of_k6(code: u8) -> Self {
        let all = [Self::Aborted, Self::Interrupted, Self::MarkedFailed, Self::Refuted, Self::ScriptThrew];
        all.into_iter().find(|exit| *exit as u8 == code).unwrap_or(Self::Success)
    }
}

impl Exit {
    /// All of them, worst first: what was never measured, what was not measured to its end, what was measured and did not
    /// hold, what was not shown (docs/EXIT_CODES.md).
    const WORST_FIRST: [Self; 9] = [
        Self::WrongPlan,
        Self::Failed,
        Self::ScriptThrew,
        Self::Interrupted,
        Self::MarkedFailed,
        Self::Refuted,
        Self::Aborted,
        Self::Unproven,
        Self::Success,
    ];

    /// The one with this code; one that is not ours is [`Exit::Failed`].
    pub(crate) fn of_code(code: u8) -> Self {
        Self::WORST_FIRST.into_iter().find(|exit| *exit as u8 == code).unwrap_or(Self::Failed)
    }

    /// The worst of several; nothing without any.
    pub(crate) fn worst(of: impl IntoIterator<Item = Self>) -> Option<Self> {
        of.into_iter().min_by_key(|exit| Self::WORST_FIRST.iter().position(|known| known == exit))
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aborted => "the script ended the run",
            Self::MarkedFailed => "the script marked the run as failed",
            Self::ScriptThrew => "the script threw where nothing can go on",
            Self::Failed => "plimsoll could not do its work",
            Self::Interrupted => "interrupted",
            Self::Refuted => "a claim is refuted",
            Self::Success => "success",
            Self::Unproven => "a claim is unproven, or the run is invalid",
            Self::WrongPlan => "the plan is wrong; nothing was sent",
        })
    }
}

impl std::error::Error for Exit {}

/// Help and version are no errors; anything else on the command line is.
pub(crate) fn of_clap(error: &clap::Error) -> ExitCode {
    // Nowhere left to say it if the terminal is gone.
    let _gone = error.print();
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}
