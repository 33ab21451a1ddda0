//! Series of monitors, as sentences and claims speak of them.

use plimsoll_model::{Nanos, Record, SECOND_NS, Tracked, Unit};

use crate::finding::{count, time};
use crate::select::phase;
use crate::statistics::rank::mean;

/// Of the seconds that are spoken of so many must have been read; one may always be missing, as counters have none in the
/// first.
pub const COVERED: f64 = 0.9;

/// The readings of a series in a stretch of the run, in time order.
pub struct Readings<'a> {
    /// The series.
    pub tracked: &'a Tracked,
    /// The values.
    pub values: Vec<f64>,
    /// Seconds of the stretch, and those of them in which it was read.
    pub seconds: (u64, u64),
    /// When it was last read, in nanoseconds before the end of the stretch.
    pub last_before_end_ns: Nanos,
}

impl<'a> Readings<'a> {
    /// Those within a phase, by name, or within the whole run.
    pub fn of(record: &Record, tracked: &'a Tracked, within: Option<&str>) -> Self {
        let (start, end) = within.map_or_else(
            || (0, record.span_ns()),
            |name| {
                let phase = phase(record, name);
                (phase.start_ns, phase.end_ns.min(record.span_ns()))
            },
        );
        // What was read when all was over still belongs to the whole run.
        let is_meant = |at: Nanos| at >= start && (at < end || within.is_none());
        let points: Vec<_> = tracked.points.iter().filter(|(at, _)| is_meant(*at)).copied().collect();
        let mut seen: Vec<_> =
            points.iter().filter(|(at, _)| *at < end).map(|(at, _)| at / SECOND_NS).collect();
        seen.dedup();
        Self {
            tracked,
            values: points.iter().map(|(_, v)| *v).collect(),
            seconds: (end.saturating_sub(start) / SECOND_NS, seen.len() as u64),
            last_before_end_ns: points.last().map_or(end, |(at, _)| end.saturating_sub(*at)),
        }
    }

    /// Whether enough of the stretch was read for what was not read to matter little.
    pub fn covers(&self) -> bool {
        let (all, seen) = self.seconds;
        let missing = all.saturating_sub(seen);
        missing <= 1 || seen as f64 >= COVERED * all as f64
    }

    /// The smallest.
    pub fn min(&self) -> Option<f64> {
        self.values.iter().copied().reduce(f64::min)
    }

    /// The largest.
    pub fn max(&self) -> Option<f64> {
        self.values.iter().copied().reduce(f64::max)
    }

    /// The arithmetic mean.
    pub fn mean(&self) -> Option<f64> {
        (!self.values.is_empty()).then(|| mean(&self.values))
    }

    /// A quantile by nearest rank.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let mut sorted = self.values.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (q * sorted.len() as f64).ceil().max(1.0) as usize;
        sorted.get(rank - 1).copied()
    }

    /// The last.
    pub fn last(&self) -> Option<f64> {
        self.values.last().copied()
    }
}

/// Why a series was not read, as far as that is known.
pub fn why_not(record: &Record, series: &str) -> String {
    let plan = &record.started.plan;
    let name = series.split_once('.').map_or(series, |(monitor, _)| monitor);
    let Some(monitor) = plan.monitors.iter().position(|m| m.name == name) else {
        return format!("nothing called `{name}` was watched");
    };
    match record.gaps_of(monitor as u16).first() {
        Some(gap) => format!("`{series}` was never read: {}", gap.reason),
        None => format!("`{series}` was never read"),
    }
}

/// A value of a series in words.
pub fn quantity(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Bytes => bytes(value),
        Unit::BytesPerSecond => format!("{}/s", bytes(value)),
        Unit::Cores => format!("{} of a core", share(value)),
        Unit::Count if value.fract() == 0.0 => count(value as u64),
        Unit::Count => format!("{value:.1}"),
        Unit::Nanos => time(value),
        Unit::PerSecond if value >= 100.0 => format!("{}/s", count(value.round() as u64)),
        Unit::PerSecond => format!("{value:.1}/s"),
        Unit::Share => share(value),
    }
}

fn share(value: f64) -> String {
    let percent = value * 100.0;
    if percent >= 10.0 || percent == 0.0 { format!("{percent:.0} %") } else { format!("{percent:.1} %") }
}

/// Three digits, in the unit a person would say.
fn bytes(value: f64) -> String {
    const UNITS: [(&str, f64); 4] = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1.0)];
    let (name, size) = UNITS.iter().find(|(_, size)| value >= *size).unwrap_or(&UNITS[3]);
    let scaled = value / size;
    match scaled {
        n if *size == 1.0 => format!("{n:.0} {name}"),
        n if n >= 100.0 => format!("{n:.0} {name}"),
        n if n >= 10.0 => format!("{n:.1} {name}"),
        n => format!("{n:.2} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_people_say_them() {
        let table = [
            (Unit::Bytes, 512e6, "512 MB"),
            (Unit::Bytes, 1.5e9, "1.50 GB"),
            (Unit::Bytes, 900.0, "900 B"),
            (Unit::Cores, 0.423, "42 % of a core"),
            (Unit::Cores, 1.5, "150 % of a core"),
            (Unit::Count, 12.0, "12"),
            (Unit::PerSecond, 1_234.4, "1\u{2009}234/s"),
            (Unit::BytesPerSecond, 20_480.0, "20.5 kB/s"),
            (Unit::Nanos, 20e6, "20.0 ms"),
            (Unit::Share, 0.0, "0 %"),
        ];
        for (unit, value, words) in table {
            assert_eq!(quantity(unit, value), words);
        }
    }
}
