//! What an audit found.

use plimsoll_model::{Nanos, StepId};

/// How an audit came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Looked, and found nothing wrong.
    Pass,
    /// Could not look: nothing to look at, or data missing. Never a pass.
    NotRun,
    /// Named numbers are withheld.
    Limited,
    /// Named numbers, or all, are worthless.
    Invalid,
}

impl Status {
    /// The word in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::NotRun => "NOT-RUN",
            Self::Limited => "LIMITED",
            Self::Invalid => "INVALID",
        }
    }
}

/// Numbers that may not be relied on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Withheld {
    /// All of them.
    Everything,
    /// Quantiles above this one.
    QuantilesAbove(f64),
    /// Rates asked for by the plan.
    Rates,
    /// All times.
    Times,
    /// Times shorter than this, in nanoseconds.
    TimesBelow(Nanos),
    /// Largest times.
    Maximum,
    /// Means and quantiles of this step over the whole run: it never settled.
    Unsteady(StepId),
}

/// What an audit found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Its name in `run.json`, stable.
    pub id: &'static str,
    /// How it came out.
    pub status: Status,
    /// What was measured, in the unit of the threshold.
    pub value: Option<f64>,
    /// What it was compared with.
    pub threshold: Option<f64>,
    /// What was seen, what that spoils, what to do.
    pub sentence: String,
    /// What may not be relied on.
    pub withheld: Vec<Withheld>,
}

impl Finding {
    /// A finding that withholds nothing.
    pub fn new(id: &'static str, status: Status, sentence: impl Into<String>) -> Self {
        Self { id, status, value: None, threshold: None, sentence: sentence.into(), withheld: Vec::new() }
    }

    /// Adds what was measured and what it was compared with.
    #[must_use]
    pub fn measured(mut self, value: f64, threshold: f64) -> Self {
        self.value = Some(value);
        self.threshold = Some(threshold);
        self
    }

    /// Adds what may not be relied on.
    #[must_use]
    pub fn withholding(mut self, withheld: Withheld) -> Self {
        self.withheld.push(withheld);
        self
    }
}

/// Times shorter than this, in nanoseconds, cannot be told apart by what the audits found; 0 if all can.
pub fn resolution_ns(findings: &[Finding]) -> Nanos {
    let limit =
        |withheld: &Withheld| if let Withheld::TimesBelow(limit) = withheld { Some(*limit) } else { None };
    findings.iter().flat_map(|f| &f.withheld).filter_map(limit).max().unwrap_or(0)
}

/// Grades a value that should be small: at most `pass`, at most `limited`, or more.
pub fn grade(value: f64, pass: f64, limited: f64) -> Status {
    if value <= pass {
        Status::Pass
    } else if value <= limited {
        Status::Limited
    } else {
        Status::Invalid
    }
}

/// A share as a percentage for sentences, with as many digits as make it visible.
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    match value {
        0.0 => "0 %".to_owned(),
        // Nearly all is not all.
        v if (99.95..100.0).contains(&v) => format!("{:.3} %", v.min(99.999)),
        v if v > 99.0 && v < 99.95 => format!("{v:.1} %"),
        v if v >= 10.0 => format!("{v:.0} %"),
        v if v >= 0.1 => format!("{v:.1} %"),
        v => format!("{v:.3} %"),
    }
}

/// A time for sentences, in the unit a person would say.
pub fn time(nanos: f64) -> String {
    match nanos {
        n if n < 1e3 => format!("{n:.0} ns"),
        n if n < 1e5 => format!("{:.1} µs", n / 1e3),
        n if n < 1e6 => format!("{:.0} µs", n / 1e3),
        n if n < 1e8 => format!("{:.1} ms", n / 1e6),
        n if n < 1e9 => format!("{:.0} ms", n / 1e6),
        n => format!("{:.2} s", n / 1e9),
    }
}

/// A count for sentences, thousands apart by a thin space.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('\u{2009}');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_say_them() {
        assert_eq!(count(1_234_567), "1\u{2009}234\u{2009}567");
        assert_eq!(count(12), "12");
        assert_eq!(time(23_400_000.0), "23.4 ms");
        assert_eq!(percent(0.00012), "0.012 %");
        assert_eq!(
            [0.9958, 0.99957, 0.999_999_9, 1.0].map(percent),
            ["99.6 %", "99.957 %", "99.999 %", "100 %"]
        );
    }
}
