//! Results that another tool left, and what in them is worth nothing.
//!
//! Only what the result itself says is judged; what it does not say is NOT-RUN with the reason. A result without
//! raw times can be contradicted by its own numbers, and it can never be confirmed by them.

mod looks;

use plimsoll_metrics::{Compact, Histogram};
use plimsoll_model::event::Origin;

use crate::audits::scaling::Level;
use crate::finding::{Finding, Status};
use crate::verdict::RunVerdict;

/// What another tool left.
#[derive(Clone, Debug, Default)]
pub struct Foreign {
    /// The tool, and what kind of file it is.
    pub source: String,
    /// Where its times begin, as far as is known of the tool.
    pub origin: Option<Origin>,
    /// Whether its times are those of failures as well.
    pub mixes_failures: bool,
    /// Results by endpoint, scenario, or whatever it calls them.
    pub rows: Vec<Row>,
    /// Results of all rows together, as the tool states them.
    pub total: Option<Row>,
    /// Levels of users that were measured one after another, ascending.
    pub levels: Vec<Level>,
    /// What it claims in words.
    pub claims: Vec<String>,
    /// What could not be read, in words.
    pub unread: Vec<String>,
}

/// A line of results. Times in milliseconds; what the source does not say is `None`.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// What the source calls it.
    pub name: String,
    /// Requests, failures included.
    pub requests: Option<f64>,
    /// Failures among them.
    pub failed: Option<f64>,
    /// Requests per second.
    pub rate_per_s: Option<f64>,
    /// Arrivals per second that were asked for.
    pub asked_per_s: Option<f64>,
    /// How long it ran, in seconds.
    pub duration_s: Option<f64>,
    /// Concurrent users, or connections.
    pub users: Option<f64>,
    /// What one user does at once counts as so many requests.
    pub per_request: Option<f64>,
    /// Pause of a user between requests.
    pub think_ms: Option<f64>,
    /// Smallest time.
    pub min_ms: Option<f64>,
    /// Mean time.
    pub mean_ms: Option<f64>,
    /// Largest time.
    pub max_ms: Option<f64>,
    /// Quantiles: q, and time.
    pub quantiles: Vec<(f64, f64)>,
    /// Bytes of one request.
    pub bytes_each: Option<f64>,
    /// What the network is said to have carried, in bytes per second.
    pub bytes_per_s: Option<f64>,
    /// Figures that are no measurements: inequalities, approximations, ticks.
    pub not_numbers: Vec<String>,
    /// Raw times of successes and of failures, by second, if the source has them.
    pub raw: Option<Raw>,
}

/// Raw times.
#[derive(Clone, Debug, Default)]
pub struct Raw {
    /// Times of successes.
    pub ok: Histogram,
    /// Times of failures.
    pub failed: Histogram,
    /// Times of successes by second, in order, and failures in it.
    pub seconds: Vec<(Compact, u64)>,
}

/// What was judged about a foreign result.
#[derive(Clone, Debug)]
pub struct ForeignJudgement {
    /// The verdict, in the same words as for our own runs.
    pub verdict: RunVerdict,
    /// Findings, in the order of the audits.
    pub findings: Vec<Finding>,
}

/// Judges a foreign result.
pub fn judge(foreign: &Foreign) -> ForeignJudgement {
    let findings = looks::all(foreign);
    let worst = findings.iter().map(|f| f.status).filter(|s| *s != Status::NotRun).max();
    let verdict = match worst {
        None | Some(Status::Invalid | Status::NotRun) => RunVerdict::Invalid,
        // Without the raw data nobody can compute a number of it again.
        _ if foreign.rows.iter().all(|r| r.raw.is_none()) => RunVerdict::Limited,
        Some(Status::Limited) => RunVerdict::Limited,
        Some(Status::Pass) => RunVerdict::Valid,
    };
    ForeignJudgement { verdict, findings }
}

impl Row {
    /// Failures as a share of requests.
    pub fn failed_share(&self) -> Option<f64> {
        Some(self.failed? / self.requests.filter(|n| *n > 0.0)?)
    }

    /// Successes.
    pub fn ok(&self) -> Option<f64> {
        Some(self.requests? - self.failed.unwrap_or(0.0))
    }

    /// The time at `q`, stated or computed.
    pub fn quantile_ms(&self, q: f64) -> Option<f64> {
        self.quantiles.iter().find(|(x, _)| (x - q).abs() < 1e-9).map(|(_, ms)| *ms)
    }

    /// Fills in everything that raw times say.
    pub fn complete(&mut self) {
        let Some(raw) = &self.raw else { return };
        let ms = |nanos: u64| nanos as f64 / 1e6;
        self.requests = Some((raw.ok.count() + raw.failed.count()) as f64);
        self.failed = Some(raw.failed.count() as f64);
        self.min_ms = raw.ok.min_ns().map(ms);
        self.max_ms = raw.ok.max_ns().map(ms);
        self.mean_ms = raw.ok.mean_ns().map(|mean| mean / 1e6);
        let quantiles = [0.5, 0.9, 0.95, 0.99, 0.999];
        self.quantiles = quantiles.into_iter().filter_map(|q| Some((q, ms(raw.ok.quantile(q)?)))).collect();
    }
}
