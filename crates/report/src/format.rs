//! Numbers with their unit and their doubt, as `docs` and terminal show them.

pub use plimsoll_audit::finding::{count, percent, time};
use plimsoll_audit::series::quantity;
use plimsoll_metrics::expression::Dimension;
use plimsoll_model::Unit;

/// Unit, its size in nanoseconds, for a time of about this size.
fn unit(nanos: f64) -> (&'static str, f64) {
    match nanos {
        n if n < 1e3 => ("ns", 1.0),
        n if n < 1e6 => ("µs", 1e3),
        n if n < 1e9 => ("ms", 1e6),
        _ => ("s", 1e9),
    }
}

/// Decimals for a value of `scaled` units whose uncertainty is `doubt` units: three significant digits, and
/// none finer than a tenth of the uncertainty.
fn decimals(scaled: f64, doubt: f64) -> usize {
    let magnitude = |v: f64| if v > 0.0 { v.log10().floor() as i32 } else { 0 };
    let significant = 2 - magnitude(scaled.abs());
    let honest = if doubt > 0.0 { 1 - magnitude(doubt) } else { i32::MAX };
    significant.min(honest).clamp(0, 3) as usize
}

/// A time with its interval: `23.4 ms (19.1–28.0)`. An end that does not exist is written as a word.
pub fn time_with_interval(value: f64, low: Option<f64>, high: Option<f64>) -> String {
    let (name, size) = unit(value);
    let doubt = match (low, high) {
        (Some(low), Some(high)) => (high - low) / 2.0 / size,
        _ => 0.0,
    };
    let digits = decimals(value / size, doubt);
    let show = |v: f64| format!("{:.digits$}", v / size);
    match (low, high) {
        (Some(low), Some(high)) => format!("{} {name} ({}–{})", show(value), show(low), show(high)),
        (Some(low), None) => format!("{} {name} (at least {})", show(value), show(low)),
        _ => format!("{} {name}", show(value)),
    }
}

/// An interval alone: `19.1–28.0 ms`, `at least 19.1 ms`, `< 28.0 ms`.
pub fn interval(low: Option<f64>, high: Option<f64>) -> Option<String> {
    let Some(low) = low else {
        return high.map(|high| format!("< {}", time(high)));
    };
    Some(match high {
        Some(high) => {
            let (name, size) = unit(high);
            let digits = decimals(high / size, (high - low) / 2.0 / size);
            format!("{:.digits$}–{:.digits$} {name}", low / size, high / size)
        }
        None => format!("at least {}", time(low)),
    })
}

/// A rate per second.
pub fn rate(per_s: f64) -> String {
    match per_s {
        r if r >= 1_000.0 => format!("{}/s", count(r.round() as u64)),
        r if r >= 100.0 => format!("{r:.0}/s"),
        r if r >= 1.0 => format!("{r:.1}/s"),
        r => format!("{r:.3}/s"),
    }
}

/// A number of bytes.
pub fn bytes(n: u64) -> String {
    match n as f64 {
        b if b < 1e3 => format!("{n} B"),
        b if b < 1e6 => format!("{:.1} kB", b / 1e3),
        b if b < 1e9 => format!("{:.1} MB", b / 1e6),
        b => format!("{:.2} GB", b / 1e9),
    }
}

/// A value of any dimension with its interval.
pub fn value(dimension: Dimension, value: f64, low: Option<f64>, high: Option<f64>) -> String {
    let around = |show: &dyn Fn(f64) -> String| match (low, high) {
        (Some(low), Some(high)) => format!("{} ({}–{})", show(value), show(low), show(high)),
        _ => show(value),
    };
    match dimension {
        Dimension::ByteRate => around(&|v| quantity(Unit::BytesPerSecond, v)),
        Dimension::Bytes => around(&|v| quantity(Unit::Bytes, v)),
        // Some are no whole numbers: a burn rate, a mean.
        Dimension::Count if value.fract() != 0.0 => around(&|v| format!("{v:.1}")),
        Dimension::Count => count(value as u64),
        Dimension::Rate => around(&rate),
        Dimension::Share => around(&share),
        Dimension::Time => time_with_interval(value, low, high),
    }
}

/// A share as a percentage with enough digits to tell it from 0 % and 100 %.
pub fn share(share: f64) -> String {
    // A share of a core may be more than all of one.
    let distance = share.min(1.0 - share).abs() * 100.0;
    match distance {
        d if d <= 0.0 => format!("{:.0} %", share * 100.0),
        d if d >= 1.0 => format!("{:.1} %", share * 100.0),
        d if d >= 0.01 => format!("{:.2} %", share * 100.0),
        _ => format!("{:.4} %", share * 100.0),
    }
}

/// How long something took, for people.
pub fn duration(nanos: u64) -> String {
    let seconds = nanos / 1_000_000_000;
    match seconds {
        0..60 => format!("{:.1} s", nanos as f64 / 1e9),
        60..3_600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3_600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_no_finer_than_the_interval_allows() {
        assert_eq!(time_with_interval(23.41e6, Some(19.12e6), Some(28.02e6)), "23.4 ms (19.1–28.0)");
        assert_eq!(time_with_interval(23.41e6, Some(3.0e6), Some(61.0e6)), "23 ms (3–61)");
        assert_eq!(time_with_interval(1.234e9, Some(1.2e9), None), "1.23 s (at least 1.20)");
        assert_eq!(interval(Some(1e6), Some(2e6)).as_deref(), Some("1.00–2.00 ms"));
        assert_eq!(interval(Some(1e6), None).as_deref(), Some("at least 1.0 ms"));
        assert_eq!(interval(None, Some(2.9e6)).as_deref(), Some("< 2.9 ms"));
    }

    #[test]
    fn nearly_all_is_not_all() {
        assert_eq!(share(1.0), "100 %");
        assert_eq!(share(0.99995), "99.9950 %");
        assert_eq!(share(0.5), "50.0 %");
    }
}
