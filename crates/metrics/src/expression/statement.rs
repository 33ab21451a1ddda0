//! Everything a claim may state: one measure against a bound, two measures against each other, or a property of the
//! whole run that has a definition of its own (docs/CLAIMS.md).

use super::parse::{Cursor, ExpressionError, any_bound, bound_of, comparison, measured, parse, select};
use super::series::{SeriesClaim, is_meant, parse_series};
use super::{Comparison, Dimension, Expression, Measure, Selector};
use crate::Nanos;

/// What a claim states.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// A measure against a bound.
    Measured(Expression),
    /// One measure over another, against a plain number.
    Ratio(Box<Ratio>),
    /// A series of a monitor against a bound.
    Series(SeriesClaim),
    /// A property of the whole run.
    Property(Property),
}

/// One measure over another.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratio {
    /// Above the line.
    pub over: (Measure, Selector),
    /// Below it.
    pub under: (Measure, Selector),
    /// How the quotient is compared.
    pub comparison: Comparison,
    /// With what.
    pub bound: f64,
}

/// A property of the whole run.
#[derive(Clone, Debug, PartialEq)]
pub enum Property {
    /// Throughput grows with users, up to this share less than in proportion.
    ScalesLinearly {
        /// In `[0, 1)`.
        tolerance: f64,
    },
    /// After a phase all is as before within a time.
    RecoversWithin {
        /// The time, in nanoseconds.
        within_ns: Nanos,
        /// The phase; the one called `spike` if none is named.
        after: Option<String>,
    },
    /// The target reached its ceiling in the tested range (or, negated, did not).
    Saturated,
    /// A series of the target does not grow without end.
    NoLeak {
        /// Which series: `target.memory`, ...
        series: String,
        /// What it may grow to at most, in its base unit, if that is known.
        limit: Option<f64>,
    },
    /// How fast the budget of errors is spent, relative to what an objective allows.
    BurnRate(Box<BurnRate>),
    /// A number of the accounts of writes, against a bound.
    Delivered {
        /// Which number.
        account: Account,
        /// How the number is compared.
        comparison: Comparison,
        /// With what.
        bound: f64,
    },
}

/// How fast the budget of errors that an objective allows is spent: 1 spends it just in time.
#[derive(Clone, Debug, PartialEq)]
pub struct BurnRate {
    /// The objective: the share of operations that must be good, in `(0, 1)`.
    pub objective: f64,
    /// Over which operations.
    pub selector: Selector,
    /// What takes longer than this is bad, too.
    pub within_ns: Option<Nanos>,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub bound: f64,
}

/// A number of the accounts of writes that carry an identity (docs/METHOD.md, section 13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// Found more than once.
    Duplicated,
    /// Acknowledged and not found.
    Lost,
    /// Found although never acknowledged.
    Recovered,
    /// Found and never written.
    Unexpected,
}

impl Account {
    const ALL: [(&'static str, Self); 4] = [
        ("duplicated", Self::Duplicated),
        ("lost", Self::Lost),
        ("recovered", Self::Recovered),
        ("unexpected", Self::Unexpected),
    ];

    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, account)| *account)
    }
}

/// Names of properties, for hints.
pub const PROPERTIES: &str = "ratio(a, b), scales_linearly(), recovers_within(30s), saturated(), no_leak(target.memory), burn_rate(99.9%) < 14.4, or lost(), duplicated(), unexpected() or recovered() == 0";

/// The tolerance of `scales_linearly()`.
const TOLERANCE: f64 = 0.10;

/// Parses a claim.
pub fn parse_statement(text: &str) -> Result<Statement, ExpressionError> {
    let name = text
        .trim_start()
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .next()
        .unwrap_or_default();
    let mut cursor = Cursor::new(text);
    let parsed = match name {
        "ratio" => ratio(&mut cursor).map(|r| Statement::Ratio(Box::new(r))),
        "burn_rate" | "no_leak" | "recovers_within" | "saturated" | "scales_linearly" => {
            property(&mut cursor, name).map(Statement::Property)
        }
        _ if Account::named(name).is_some() => property(&mut cursor, name).map(Statement::Property),
        _ => return measured_or_series(text),
    }?;
    cursor.end()?;
    Ok(parsed)
}

/// A part of a step and a series of a monitor are named alike: what cannot be the one may be the other.
fn measured_or_series(text: &str) -> Result<Statement, ExpressionError> {
    match parse(text) {
        Ok(expression) => Ok(Statement::Measured(expression)),
        Err(_) if is_meant(text) => parse_series(text).map(Statement::Series),
        Err(error) => Err(error),
    }
}

fn ratio(cursor: &mut Cursor<'_>) -> Result<Ratio, ExpressionError> {
    let shape = "write it as in ratio(throughput(b), throughput(a)) >= 2";
    cursor.word();
    cursor.want("(", shape)?;
    let over = measured(cursor)?;
    cursor.want(",", shape)?;
    let under = measured(cursor)?;
    cursor.want(")", shape)?;
    if over.0.dimension() != under.0.dimension() {
        return Err(cursor.error(
            1,
            "these two measures cannot be divided",
            "compare two times, two rates, two shares or two counts",
        ));
    }
    let comparison = comparison(cursor)?;
    let bound =
        bound_of(cursor, Dimension::Count, "write a plain number, as in ratio(p99(b), p99(a)) <= 1.1")?;
    Ok(Ratio { over, under, comparison, bound })
}

fn property(cursor: &mut Cursor<'_>, name: &str) -> Result<Property, ExpressionError> {
    cursor.word();
    let arguments = cursor.arguments()?;
    let wrong = |cursor: &Cursor<'_>, what: &str, hint: &str| Err(cursor.error(1, what, hint));
    match (name, arguments.as_slice()) {
        ("scales_linearly", []) => Ok(Property::ScalesLinearly { tolerance: TOLERANCE }),
        ("scales_linearly", [share]) => {
            match share.strip_suffix('%').and_then(|p| p.trim().parse::<f64>().ok()) {
                Some(percent) if (0.0..100.0).contains(&percent) => {
                    Ok(Property::ScalesLinearly { tolerance: percent / 100.0 })
                }
                _ => wrong(
                    cursor,
                    "how much less than linear is still linear is a share",
                    "write scales_linearly(10%)",
                ),
            }
        }
        ("recovers_within", [time, rest @ ..]) => recovers_within(cursor, time, rest),
        ("saturated", []) => Ok(Property::Saturated),
        ("no_leak", [series]) => Ok(Property::NoLeak { series: series.clone(), limit: None }),
        ("no_leak", [series, limit]) => {
            let hint = "write no_leak(target.memory, limit=1GB)";
            let Some((limit, _)) = limit.strip_prefix("limit=").and_then(|l| number(l, hint)) else {
                return wrong(cursor, "this is not a limit", hint);
            };
            Ok(Property::NoLeak { series: series.clone(), limit: Some(limit) })
        }
        ("burn_rate", [objective, rest @ ..]) => burn_rate(cursor, objective, rest),
        (name, []) if let Some(account) = Account::named(name) => {
            let comparison = comparison(cursor)?;
            let bound = bound_of(cursor, Dimension::Count, "write lost() == 0")?;
            Ok(Property::Delivered { account, comparison, bound })
        }
        _ => wrong(cursor, &format!("these are not the arguments of `{name}`"), PROPERTIES),
    }
}

fn recovers_within(cursor: &Cursor<'_>, time: &str, rest: &[String]) -> Result<Property, ExpressionError> {
    let hint = "write recovers_within(30s, after=spike)";
    let parsed = bound_of(&mut Cursor::new(time), Dimension::Time, hint);
    let Ok(within_ns) = parsed.map(|ns| ns as Nanos) else {
        return Err(cursor.error(1, "a time is missing", "write recovers_within(30s)"));
    };
    match rest {
        [] => Ok(Property::RecoversWithin { within_ns, after: None }),
        [after] => match after.strip_prefix("after=") {
            Some(phase) => Ok(Property::RecoversWithin { within_ns, after: Some(phase.trim().to_owned()) }),
            None => Err(cursor.error(1, "this is not something to recover from", hint)),
        },
        _ => Err(cursor.error(1, "there is one argument too many", hint)),
    }
}

/// `burn_rate(99.9%)`, of a selection, with a time within which what is good is done.
fn burn_rate(cursor: &mut Cursor<'_>, objective: &str, rest: &[String]) -> Result<Property, ExpressionError> {
    let hint = "write burn_rate(99.9%) < 14.4, or burn_rate(99.9%, checkout, within=200ms) < 6";
    let Some((objective, Dimension::Share)) = number(objective, hint).filter(|(o, _)| *o > 0.0 && *o < 1.0)
    else {
        return Err(cursor.error(1, "an objective is a share between 0 and 100 %", hint));
    };
    let (mut selector, mut within_ns) = (Selector::default(), None);
    for item in rest {
        let parsed = match item.strip_prefix("within=") {
            Some(time) => {
                let time = bound_of(&mut Cursor::new(time), Dimension::Time, hint);
                time.map(|ns| within_ns = Some(ns as Nanos)).map_err(|e| e.message)
            }
            None => select(&mut selector, item),
        };
        if let Err(message) = parsed {
            return Err(cursor.error(1, &message, hint));
        }
    }
    let comparison = comparison(cursor)?;
    let bound = bound_of(cursor, Dimension::Count, hint)?;
    Ok(Property::BurnRate(Box::new(BurnRate { objective, selector, within_ns, comparison, bound })))
}

/// A number with its unit, and nothing behind it.
fn number(text: &str, example: &str) -> Option<(f64, Dimension)> {
    let mut cursor = Cursor::new(text);
    let number = any_bound(&mut cursor, example).ok()?;
    cursor.end().ok().map(|()| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn property(text: &str) -> Property {
        match parse_statement(text).unwrap() {
            Statement::Property(property) => property,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn properties_and_ratios_parse() {
        assert_eq!(property("scales_linearly()"), Property::ScalesLinearly { tolerance: 0.10 });
        assert_eq!(property("scales_linearly(5%)"), Property::ScalesLinearly { tolerance: 0.05 });
        assert_eq!(
            property("recovers_within(30s)"),
            Property::RecoversWithin { within_ns: 30_000_000_000, after: None }
        );
        assert_eq!(
            property("recovers_within(1.5m, after=peak)"),
            Property::RecoversWithin { within_ns: 90_000_000_000, after: Some("peak".to_owned()) }
        );
        let delivered = |account| Property::Delivered { account, comparison: Comparison::Equal, bound: 0.0 };
        assert_eq!(property("lost() == 0"), delivered(Account::Lost));
        assert_eq!(property("duplicated() == 0"), delivered(Account::Duplicated));
        let no_leak = |limit| Property::NoLeak { series: "target.memory".to_owned(), limit };
        assert_eq!(property("no_leak(target.memory)"), no_leak(None));
        assert_eq!(property("no_leak(target.memory, limit=1GB)"), no_leak(Some(1e9)));
        let Property::BurnRate(burn) = property("burn_rate(99.9%, checkout, within=200ms) < 14.4") else {
            panic!()
        };
        assert!((burn.objective - 0.999).abs() < 1e-12);
        assert_eq!((burn.selector.step.as_deref(), burn.within_ns), (Some("checkout"), Some(200_000_000)));
        assert_eq!((burn.comparison, burn.bound), (Comparison::Below, 14.4));
        let Statement::Ratio(ratio) = parse_statement("ratio(p99(b, phase=hold), p99(a)) <= 1.1").unwrap()
        else {
            panic!()
        };
        assert_eq!((ratio.over.1.step.as_deref(), ratio.over.1.phase.as_deref()), (Some("b"), Some("hold")));
        assert_eq!((ratio.under.1.step.as_deref(), ratio.bound), (Some("a"), 1.1));
        assert!(matches!(parse_statement("p99(a) < 1s").unwrap(), Statement::Measured(_)));
    }

    #[test]
    fn what_is_not_a_statement_is_refused_with_a_hint() {
        for text in [
            "ratio(p99(a)) <= 1",
            "ratio(p99(a), count(b)) < 2",
            "scales_linearly(fast)",
            "recovers_within(soon)",
            "saturated(very)",
            "lost()",
            "saturated() indeed",
            "burn_rate() < 1",
            "burn_rate(100%) < 1",
            "burn_rate(99.9%, within=soon) < 1",
            "burn_rate(99.9%)",
            "no_leak(target.memory, 1GB)",
        ] {
            let error = parse_statement(text).unwrap_err();
            assert!(!error.hint.is_empty(), "{text}: {error:?}");
        }
    }
}
