//! Claims about what a monitor reads: `max(redis.memory) < 500MB`, `mean(target.cpu, phase=hold) < 80%`, `last(kafka.lag) == 0`.
//!
//! A series is named `monitor.series`, which the name of a part of a step looks like, too: `p95(chat.first_token) < 400ms`.
//! What has a bound that no time has is about a series; of the rest only the plan knows, which knows its monitors
//! ([`Expression::as_series`]).

use std::fmt;

use super::parse::{Cursor, ExpressionError, any_bound, comparison, measure, selector};
use super::{Comparison, Dimension, Expression, Measure, Selector, percent};

const EXAMPLE: &str =
    "write a number with its unit, as in max(redis.memory) < 500MB or mean(target.cpu) < 80%";

/// What is said of a series as a whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// The last reading.
    Last,
    /// The largest reading.
    Max,
    /// The mean of the readings.
    Mean,
    /// The smallest reading.
    Min,
    /// A quantile of the readings, in `[0, 1]`.
    Quantile(f64),
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Last => f.write_str("last"),
            Self::Max => f.write_str("max"),
            Self::Mean => f.write_str("mean"),
            Self::Min => f.write_str("min"),
            Self::Quantile(q) => write!(f, "p{}", percent(*q)),
        }
    }
}

/// A claim about a series.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesClaim {
    /// What is said of it.
    pub statistic: Statistic,
    /// Which: `monitor.series`.
    pub series: String,
    /// During this phase only.
    pub phase: Option<String>,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what, in the base unit of `dimension`.
    pub bound: f64,
    /// What the bound is.
    pub dimension: Dimension,
}

impl Expression {
    /// The same about a series, if it can be about one.
    pub fn as_series(&self) -> Option<SeriesClaim> {
        Some(SeriesClaim {
            statistic: statistic(self.measure)?,
            series: series(&self.selector).ok()?,
            phase: self.selector.phase.clone(),
            comparison: self.comparison,
            bound: self.bound,
            dimension: self.measure.dimension(),
        })
    }
}

/// True if `text` speaks of a series, or of a part of a step.
pub(super) fn is_meant(text: &str) -> bool {
    let text = text.trim_start();
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let inside = text.split_once('(').and_then(|(_, rest)| rest.split([',', ')']).next()).unwrap_or_default();
    text.split(word).next() == Some("last") || (inside.contains('.') && !inside.contains('='))
}

/// Parses a claim about a series.
pub(super) fn parse_series(text: &str) -> Result<SeriesClaim, ExpressionError> {
    let mut cursor = Cursor::new(text);
    let statistic = if text.trim_start().starts_with("last") {
        cursor.word();
        Statistic::Last
    } else {
        let measure = measure(&mut cursor)?;
        statistic(measure).ok_or_else(|| {
            let message = format!("`{measure}` says nothing of what a monitor reads");
            cursor.error(1, &message, "use max, min, mean, median, last or p95 of a series")
        })?
    };
    let selector = selector(&mut cursor)?;
    let series = series(&selector).map_err(|message| {
        cursor.error(1, message, "name one, as in last(kafka.lag) == 0; phase= may stand behind it")
    })?;
    let comparison = comparison(&mut cursor)?;
    let (bound, dimension) = any_bound(&mut cursor, EXAMPLE)?;
    cursor.end()?;
    Ok(SeriesClaim { statistic, series, phase: selector.phase, comparison, bound, dimension })
}

const fn statistic(measure: Measure) -> Option<Statistic> {
    match measure {
        Measure::Max => Some(Statistic::Max),
        Measure::Mean => Some(Statistic::Mean),
        Measure::Min => Some(Statistic::Min),
        Measure::Quantile(q) => Some(Statistic::Quantile(q)),
        _ => None,
    }
}

/// The series that is selected: nothing but a phase may restrict it.
fn series(selector: &Selector) -> Result<String, &'static str> {
    let plain =
        Selector { step: selector.step.clone(), phase: selector.phase.clone(), ..Selector::default() };
    match &selector.step {
        Some(series) if *selector == plain => Ok(series.clone()),
        Some(_) => Err("a series has neither scenario, outcome, tag nor kind of time"),
        None => Err("a series is missing here"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Statement, parse_statement};
    use super::*;

    fn claim(text: &str) -> SeriesClaim {
        match parse_statement(text).unwrap() {
            Statement::Series(claim) => claim,
            Statement::Measured(expression) => expression.as_series().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn bounds_keep_their_units() {
        let table = [
            ("max(redis.memory) < 500MB", Statistic::Max, 500e6, Dimension::Bytes),
            ("p95(api.cpu) < 150%", Statistic::Quantile(0.95), 1.5, Dimension::Share),
            ("last(kafka.lag) == 0", Statistic::Last, 0.0, Dimension::Count),
            ("mean(db.commits) >= 100/s", Statistic::Mean, 100.0, Dimension::Rate),
            ("max(api.written) < 2MiB/s", Statistic::Max, 2_097_152.0, Dimension::ByteRate),
            ("max(api.pause) < 20ms", Statistic::Max, 20e6, Dimension::Time),
            ("median(api.threads) <= 1k", Statistic::Quantile(0.5), 1_000.0, Dimension::Count),
        ];
        for (text, statistic, bound, dimension) in table {
            let claim = claim(text);
            assert_eq!((claim.statistic, claim.dimension), (statistic, dimension), "{text}");
            assert!((claim.bound - bound).abs() < 1e-9 * bound.max(1.0), "{text}: {claim:?}");
        }
        let during = claim("mean(api.cpu, phase=hold) < 80%");
        assert_eq!((during.series.as_str(), during.phase.as_deref()), ("api.cpu", Some("hold")));
        // The plan decides which of the two this is.
        assert!(matches!(parse_statement("p95(chat.first_token) < 400ms").unwrap(), Statement::Measured(_)));
    }

    #[test]
    fn what_cannot_be_said_of_a_series_is_refused() {
        for (text, message) in [
            ("last(kafka.lag) == many", "a number"),
            ("last() == 0", "missing"),
            ("last == 0", "missing"),
            ("max(redis.memory) < 5XB", "`XB`"),
            ("max(redis.memory, outcome=ok) < 5MB", "neither"),
        ] {
            let error = parse_statement(text).unwrap_err();
            assert!(error.message.contains(message) && !error.hint.is_empty(), "{text}: {error:?}");
        }
    }
}
