//! Series of monitors as cells of a table, the same in every format that people read; and all readings as comma-separated
//! values.

use plimsoll_audit::series::quantity;

use crate::View;
use crate::format::{count, duration};
use crate::monitors::{MonitorView, SeriesView, by_second, correlation};

/// What stands above the cells.
pub(super) const HEAD: [&str; 9] =
    ["series", "least", "mean", "p95", "most", "last", "of what there is", "with p95", "with rate"];

/// The cells of one row.
pub(super) fn cells(series: &SeriesView) -> [String; 9] {
    let show = |value: f64| quantity(series.unit, value);
    let resource = series.resource.as_ref();
    let used = resource.and_then(|r| r.used).zip(series.limit).map_or_else(
        || "no limit known".to_owned(),
        |(used, limit)| format!("p95 {:.0} % of {}", used * 100.0, most(series, limit)),
    );
    [
        series.name.clone(),
        show(series.min),
        show(series.mean),
        show(series.p95),
        show(series.max),
        show(series.last),
        used,
        correlation(resource.and_then(|r| r.with_response)),
        correlation(resource.and_then(|r| r.with_throughput)),
    ]
}

/// Cores are counted, not a share of one.
fn most(series: &SeriesView, limit: f64) -> String {
    match series.unit {
        plimsoll_model::Unit::Cores if limit == 1.0 => "a core".to_owned(),
        plimsoll_model::Unit::Cores => format!("{limit} cores"),
        unit => quantity(unit, limit),
    }
}

/// What a monitor could not read, in sentences.
pub(super) fn gaps(monitor: &MonitorView) -> Vec<String> {
    let mut sentences: Vec<String> = monitor
        .gaps
        .iter()
        .map(|gap| {
            let times =
                if gap.count == 1 { "once".to_owned() } else { format!("{} times", count(gap.count)) };
            let (first, last) = (duration(gap.first_ns), duration(gap.last_ns));
            format!("{}: not read {times} ({first} to {last}): {}", monitor.name, gap.reason)
        })
        .collect();
    if monitor.series.is_empty() && sentences.is_empty() {
        sentences.push(format!("{}: never read; the run may have been too short", monitor.name));
    }
    sentences
}

/// All readings, second by second: what is missing is an empty field.
pub fn monitors_csv(view: &View) -> String {
    let record = &view.record;
    let seconds = record.span_ns().div_ceil(plimsoll_metrics::SECOND_NS) as u32;
    let mut text = String::from("second");
    let columns: Vec<_> = record.series.iter().map(|t| by_second(t, seconds)).collect();
    for tracked in &record.series {
        let unit = tracked.series.unit.name();
        text.push_str(&format!(",{}", super::csv::quoted(&format!("{}_{unit}", tracked.series.name))));
    }
    text.push('\n');
    for second in 0..seconds as usize {
        text.push_str(&second.to_string());
        for column in &columns {
            text.push(',');
            if let Some(value) = column[second] {
                text.push_str(&value.to_string());
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitors::tests::watched;

    #[test]
    fn readings_are_listed_and_gaps_are_empty() {
        let text = monitors_csv(&View::new(watched()));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "second,api.cpu_cores,api.memory_bytes");
        assert_eq!(lines.len(), 61);
        assert!(lines.iter().all(|l| l.split(',').count() == 3));
        assert_eq!(lines[20], "19,,");
        assert_eq!(lines[60], "59,1.5,64000000");
    }

    #[test]
    fn a_row_says_what_is_known_and_what_is_not() {
        let view = View::new(watched());
        let rows: Vec<_> = view.monitors.series().map(cells).collect();
        assert_eq!(rows[0][4..6], ["150 % of a core".to_owned(), "150 % of a core".to_owned()]);
        assert!(rows[0][6].ends_with("% of 2 cores"), "{:?}", rows[0]);
        assert_eq!((rows[1][6].as_str(), rows[1][7].as_str()), ("no limit known", "not known"));
        let said: Vec<_> = view.monitors.monitors.iter().flat_map(gaps).collect();
        assert_eq!(said[0], "api: not read 5 times (20.0 s to 24.0 s): there is no process 7");
        assert!(said[1].contains("61 times") && said[1].contains("connection refused"));
    }
}
