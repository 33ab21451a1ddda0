//! The charts' places on the page, and the data they draw.

use std::collections::BTreeMap;

use maud::{Markup, PreEscaped, html as markup};
use plimsoll_metrics::Histogram;
use plimsoll_metrics::quantile::{Prepared, Standing, estimate};
use plimsoll_model::{Phase, Plan};
use serde::Serialize;

use super::panels::{Panel, panels};
use crate::View;
use crate::render::breakpoint;
use crate::samples::{SampleRow, Worst};
use crate::series::{HeatMap, Seconds, Series, heat_map, series};

/// Points of the percentile curve: so many to every factor of ten of 1/(1 − q).
const CURVE_POINTS: u32 = 8;

/// Factors of ten: to 99.999 %.
const CURVE_DECADES: u32 = 5;

#[derive(Serialize)]
struct Data<'a> {
    series: Series,
    heat: HeatMap,
    curve: Vec<CurvePoint>,
    phases: Vec<PhaseMark>,
    errors: Vec<ErrorMark<'a>>,
    panels: Vec<Panel<'a>>,
    /// By second, the worst operations one by one, if they were kept.
    samples: Option<BTreeMap<u32, Vec<SampleMark<'a>>>>,
    /// Share of the operations that was kept, 0 to 1.
    sampled: Option<f64>,
    /// The highest load that kept all claims, if a ramp tells it.
    load_line: Option<LoadLine>,
    /// Times below this cannot be told apart, in milliseconds.
    resolution_ms: f64,
}

#[derive(Serialize)]
struct LoadLine {
    level: f64,
    label: String,
    /// Of arrivals; otherwise of users.
    is_rate: bool,
}

#[derive(Serialize)]
struct CurvePoint {
    q: f64,
    value_ms: Option<f64>,
    low_ms: Option<f64>,
    high_ms: Option<f64>,
}

#[derive(Serialize)]
struct PhaseMark {
    name: String,
    from_s: f64,
    to_s: f64,
}

#[derive(Serialize)]
struct ErrorMark<'a> {
    class: &'a str,
    count: u64,
    first_s: f64,
    last_s: f64,
}

#[derive(Serialize)]
struct SampleMark<'a> {
    due_s: f64,
    wait_ms: Option<f64>,
    response_ms: f64,
    step: &'a str,
    outcome: &'a str,
    status: u16,
    bytes: u64,
}

impl<'a> SampleMark<'a> {
    fn of(row: &'a SampleRow) -> Self {
        Self {
            due_s: row.due_ns as f64 / 1e9,
            wait_ms: row.wait_ns.map(|ns| ns as f64 / 1e6),
            response_ms: row.response_ns as f64 / 1e6,
            step: &row.step,
            outcome: &row.outcome,
            status: row.status,
            bytes: row.bytes_received,
        }
    }
}

pub(super) fn section(view: &View) -> Markup {
    markup! {
        section.charts aria-labelledby="charts" {
            h2 id="charts" { "Over time" }
            noscript { p { "Charts need scripts. Every number they show stands in " code { "plimsoll report RUN --format csv" } "." } }
            p.tools {
                "Drag across a chart to look closer at all of them. "
                button type="button" data-zoom="all" { "whole run" }
                @for phase in marked(&view.record.started.plan) { " " button type="button" data-zoom={ (phase.from_s) "," (phase.to_s) } { (phase.name) } }
            }
            (chart("response", "Response time of successes, logarithmic"))
            @if view.record.started.plan.has_open_load() { (chart("arrivals", "Arrivals per second: asked for, and issued")) }
            (chart("rate", "Operations per second"))
            (chart("service", "Response time beside service time, p99, logarithmic: the gap is waiting"))
            (chart("users", "Users, and operations in flight"))
            @if view.totals.connects > 0 { (chart("connections", "Connections opened per second")) }
            @for panel in panels(view) { (chart(&panel.id, &panel.caption)) }
            (chart("heat", "Where response times lie: darker is more, logarithmic; failures stand above"))
            p.band { "The band beneath every chart is the generator: clear where it was fine, amber where a second is tainted." }
            div id="second" role="status" {}
            @match &view.samples {
                Some(Ok(_)) => p.tools { "Click on a second to see its worst operations, one by one." },
                Some(Err(problem)) => p.tools { (problem) },
                None => {}
            }
            h2 { "Percentiles" }
            figure.chart data-chart="curve" { figcaption { "Response time of successes by percentile, with its 95 % band, as far as it can be measured" } div.plot {} output {} }
        }
    }
}

fn chart(id: &str, caption: &str) -> Markup {
    markup! { figure.chart data-chart=(id) { figcaption { (caption) } div.plot role="img" aria-label=(caption) {} output {} } }
}

pub(super) fn data(view: &View) -> Markup {
    let seconds = |nanos: u64| nanos as f64 / 1e9;
    let plan = &view.record.started.plan;
    let merged = Seconds::of(&view.record);
    let data = Data {
        series: series(&view.record, &merged),
        heat: heat_map(&merged),
        curve: curve(view, &merged),
        phases: marked(plan),
        errors: view
            .errors
            .iter()
            .map(|e| ErrorMark {
                class: &e.class,
                count: e.count,
                first_s: seconds(e.first_ns),
                last_s: seconds(e.last_ns),
            })
            .collect(),
        panels: panels(view),
        samples: worst(view).map(samples),
        sampled: worst(view).map(|w| w.share),
        load_line: load_line(view),
        resolution_ms: view.resolution_ns() as f64 / 1e6,
    };
    // Inside a script element nothing is escaped but its end.
    let json = serde_json::to_string(&data)
        .expect("numbers and texts can always be written")
        .replace('<', "\\u003c");
    markup! { script id="data" type="application/json" { (PreEscaped(json)) } }
}

fn load_line(view: &View) -> Option<LoadLine> {
    let found = view.breakpoint.as_ref()?;
    let level = breakpoint::line(found)?;
    let label = format!("about {}", breakpoint::level(found, level));
    Some(LoadLine { level, label, is_rate: found.is_rate })
}

fn worst(view: &View) -> Option<&Worst> {
    view.samples.as_ref()?.as_ref().ok()
}

fn samples(worst: &Worst) -> BTreeMap<u32, Vec<SampleMark<'_>>> {
    worst.seconds.iter().map(|(second, rows)| (*second, rows.iter().map(SampleMark::of).collect())).collect()
}

/// The phases that are drawn: those of the load with the most of them. Phases of several loads would cover each other.
fn marked(plan: &Plan) -> Vec<PhaseMark> {
    let seconds = |nanos: u64| nanos as f64 / 1e9;
    let main = plan.loads.iter().max_by_key(|l| l.schedule.stages().len()).map_or("", |l| l.name.as_str());
    let own = |name: &str| name.strip_prefix(main).and_then(|rest| rest.strip_prefix('.')).map(str::len);
    let several = plan.phases.iter().any(|p| own(&p.name).is_some());
    let phases = plan.phases.iter().filter(|p| !several || own(&p.name).is_some());
    let mark = |p: &Phase| {
        let name = own(&p.name).map_or(p.name.clone(), |length| p.name[p.name.len() - length..].to_owned());
        PhaseMark { name, from_s: seconds(p.start_ns), to_s: seconds(p.end_ns) }
    };
    phases.map(mark).collect()
}

/// The distribution of all successes, as far as it can be measured.
fn curve(view: &View, merged: &Seconds) -> Vec<CurvePoint> {
    let mut all = Histogram::new();
    merged.responses().for_each(|(_, times)| all.merge_compact(times));
    let windows = Prepared::new(merged.responses().map(|(_, times)| ([times], 0)));
    let milliseconds = |v: Option<u64>| v.map(|v| v as f64 / 1e6);
    let mut points = Vec::new();
    for tick in 1..=CURVE_POINTS * CURVE_DECADES {
        let q = 1.0 - 10f64.powf(-f64::from(tick) / f64::from(CURVE_POINTS));
        let found = view.withheld(estimate(&all, 0, q, &windows));
        if !matches!(found.standing, Standing::Published | Standing::Below) {
            break;
        }
        points.push(CurvePoint {
            q,
            value_ms: milliseconds(found.value_ns),
            low_ms: milliseconds(found.low_ns),
            high_ms: milliseconds(found.high_ns),
        });
    }
    points
}
