//! What was watched, what was broken on purpose, and where claims broke, as `run.json` has it.

use super::{Breakpoint, Cost, Gap, Injected, Monitor, Series};
use crate::injected::InjectedView;
use crate::monitors::{MonitorView, SeriesView};

pub(super) fn monitor(view: &MonitorView) -> Monitor {
    let gap = |gap: &plimsoll_model::monitor::Gap| Gap {
        reason: gap.reason.clone(),
        count: gap.count,
        first_ns: gap.first_ns,
        last_ns: gap.last_ns,
    };
    Monitor {
        name: view.name.clone(),
        source: view.source.clone(),
        series: view.series.iter().map(series).collect(),
        gaps: view.gaps.iter().map(gap).collect(),
    }
}

fn series(view: &SeriesView) -> Series {
    let resource = view.resource.as_ref();
    Series {
        name: view.name.clone(),
        unit: view.unit.name().to_owned(),
        limit: view.limit,
        count: view.count,
        seconds: view.seconds.0,
        seconds_read: view.seconds.1,
        min: view.min,
        mean: view.mean,
        p95: view.p95,
        max: view.max,
        last: view.last,
        used: resource.and_then(|r| r.used),
        correlation_with_response_time: resource.and_then(|r| r.with_response),
        correlation_with_throughput: resource.and_then(|r| r.with_throughput),
    }
}

pub(super) fn cost(cost: &crate::monitors::Cost) -> Cost {
    Cost {
        per_hour: cost.per_hour,
        currency: cost.currency.clone(),
        events_per_success: cost.events,
        events_per_s: cost.rate_per_s,
        per_million_events: cost.per_million,
    }
}

pub(super) fn injected(row: &InjectedView) -> Injected {
    Injected {
        step: row.step.clone(),
        scenario: row.scenario.clone(),
        fault: row.fault.clone(),
        planned_share: row.planned,
        sent: row.sent,
        share: row.share(),
        passed: row.passed,
        refused: row.refused,
        otherwise: row.otherwise,
        unanswered: row.unanswered,
    }
}

pub(super) fn breakpoint(found: &plimsoll_audit::breakpoint::Breakpoint) -> Breakpoint {
    Breakpoint {
        unit: if found.is_rate { "rate" } else { "users" }.to_owned(),
        sentence: crate::render::breakpoint::sentences(found).swap_remove(0),
        reached: found.reached,
        resolution: found.resolution,
        kept: found.first.and_then(|first| first.kept),
        without_user: found.without_user,
        generator: found.spoilt.clone(),
        claims: found.claims.iter().map(super::on_ramp).collect(),
    }
}
