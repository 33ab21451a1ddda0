//! Charts of what monitors read: what counts the same, of one monitor, in one panel.

use plimsoll_model::{Tracked, Unit};
use serde::Serialize;

use crate::View;
use crate::monitors::by_second;

/// Lines in a panel: more cannot be told apart.
const LINES_MAX: usize = 5;

/// A chart of one or several series.
#[derive(Serialize)]
pub(super) struct Panel<'a> {
    /// Its place on the page.
    pub(super) id: String,
    /// What stands above it.
    #[serde(skip)]
    pub(super) caption: String,
    unit: &'static str,
    lines: Vec<PanelLine<'a>>,
}

/// A series, second by second; `null` where it was not read.
#[derive(Serialize)]
struct PanelLine<'a> {
    name: &'a str,
    values: Vec<Option<f64>>,
}

/// All panels, monitor by monitor.
pub(super) fn panels(view: &View) -> Vec<Panel<'_>> {
    let record = &view.record;
    let seconds = record.span_ns().div_ceil(plimsoll_metrics::SECOND_NS) as u32;
    let mut panels: Vec<Panel<'_>> = Vec::new();
    for (id, watched) in (0..).zip(&record.started.plan.monitors) {
        let mine: Vec<&Tracked> =
            record.series.iter().filter(|t| t.series.monitor == id && t.count > 0).collect();
        let mut units: Vec<Unit> = Vec::new();
        mine.iter().map(|t| t.series.unit).for_each(|u| {
            if !units.contains(&u) {
                units.push(u);
            }
        });
        for unit in units {
            let same: Vec<&Tracked> = mine.iter().copied().filter(|t| t.series.unit == unit).collect();
            for few in same.chunks(LINES_MAX) {
                panels.push(panel(&watched.name, unit, few, panels.len(), seconds));
            }
        }
    }
    panels
}

fn panel<'a>(monitor: &str, unit: Unit, series: &[&'a Tracked], number: usize, seconds: u32) -> Panel<'a> {
    let names: Vec<_> = series.iter().map(|t| short(t)).collect();
    let line = |t: &&'a Tracked| PanelLine { name: short(t), values: by_second(t, seconds) };
    Panel {
        id: format!("monitor-{number}"),
        caption: format!("{monitor}: {} ({})", names.join(", "), words(unit)),
        unit: unit.name(),
        lines: series.iter().map(line).collect(),
    }
}

/// A series without its monitor's name.
fn short(tracked: &Tracked) -> &str {
    let name = tracked.series.name.as_str();
    name.split_once('.').map_or(name, |(_, series)| series)
}

const fn words(unit: Unit) -> &'static str {
    match unit {
        Unit::Bytes => "bytes",
        Unit::BytesPerSecond => "bytes by the second",
        Unit::Cores => "share of a core",
        Unit::Count => "number",
        Unit::Nanos => "time",
        Unit::PerSecond => "by the second",
        Unit::Share => "share",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitors::tests::watched;

    #[test]
    fn what_counts_the_same_stands_together_and_gaps_are_null() {
        let view = View::new(watched());
        let panels = panels(&view);
        let shown: Vec<_> = panels.iter().map(|p| (p.id.as_str(), p.caption.as_str())).collect();
        assert_eq!(
            shown,
            [("monitor-0", "api: cpu (share of a core)"), ("monitor-1", "api: memory (bytes)")]
        );
        let json = serde_json::to_string(&panels[0]).unwrap();
        assert_eq!(json.matches("null").count(), 5, "{json}");
    }
}
