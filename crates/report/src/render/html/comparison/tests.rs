//! What stands on the page, and that it needs nothing else.

use std::path::{Path, PathBuf};

use plimsoll_audit::testing::Synthetic;
use plimsoll_metrics::expression::parse_arm_claim;
use plimsoll_model::{Record, RunEvent, Sink};
use tempfile::TempDir;

use super::*;
use crate::comparison::traces::trace;
use crate::comparison::{Arm, Rules, RunSummary, compared};
use crate::log::{LogWriter, read_log};
use crate::{RunDirectory, View};

/// A whole run directory of a synthetic run, which began at `began`.
fn written(place: &Path, synthetic: &Synthetic, began: &str) -> PathBuf {
    let directory = RunDirectory::create(place).unwrap();
    let mut log = LogWriter::create(&directory.events()).unwrap();
    for mut event in synthetic.events() {
        if let RunEvent::Started(started) = &mut event {
            started.started_at = began.to_owned();
        }
        log.take(&event);
    }
    let read = read_log(&directory.events()).unwrap();
    let view = View::new(Record::from_events(&read.events)).recorded_as(read.digest);
    std::fs::write(directory.json(), crate::json(&view)).unwrap();
    place.to_owned()
}

/// Six runs of an arm whose generator is late by so much, which is how much slower its operations are.
fn arm(place: &TempDir, name: &str, second: u64, wake_ns: u64) -> Arm {
    let run = |number: u64| {
        let synthetic = Synthetic { seed: number + 10 * second, wake_ns, ..Synthetic::default() };
        let path = place.path().join(name).join(number.to_string());
        let began = format!("2026-01-01T00:{number:02}:{second:02}Z");
        RunSummary::read(&written(&path, &synthetic, &began)).unwrap()
    };
    Arm::new(name, (0..6).map(run).collect())
}

#[test]
fn the_page_stands_alone_and_says_everything_without_scripts() {
    let place = TempDir::new().unwrap();
    let claims = [parse_arm_claim("ratio(p99, late, early) <= 0.5").unwrap()];
    let arms = vec![arm(&place, "early", 0, 20_000), arm(&place, "late", 30, 900_000)];
    let mut found = compared(arms, &Rules { claims: &claims, ..Rules::default() });
    let traces: Vec<_> = found.arms.iter().map(trace).collect();
    assert!(
        traces.iter().all(|trace| trace.runs == 6 && trace.columns.len() == 60 && trace.unread.is_empty())
    );
    let all = shifts(&found, &found.pairs[0], &traces, "");
    let median = all.iter().find(|shift| shift.q == 0.5).unwrap();
    // 0.88 ms later, as far as a histogram of three digits and six runs can tell.
    assert!(median.is_told() && median.difference_ns.contains(0.88e6), "{median:?}");

    found.arms[0].name = "</title><script>".to_owned();
    let page = comparison_html(&found, &traces);
    for foreign in ["<script", "src=", "href=", "@import", "url(http"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert_eq!(page.matches("</title>").count(), page.matches("<title>").count());
    for said in
        ["REFUTED", "late against", "Successes per second", "Percentiles", "p50", "slower", "no difference"]
    {
        assert!(page.contains(said), "{said}");
    }
    // What succeeded, was sent and was in flight, three quantiles, the curve and the shift; nothing failed.
    assert_eq!(page.matches("<svg class='drawn'").count(), 8);
    assert!(page.contains("Failures per second") && page.contains("Nothing in any run."));
}

#[test]
fn records_that_cannot_be_read_are_named_and_the_tables_stand() {
    let place = TempDir::new().unwrap();
    let arms = vec![arm(&place, "a", 0, 20_000), arm(&place, "b", 30, 20_000)];
    for number in 0..6 {
        std::fs::remove_file(place.path().join(format!("b/{number}/events.plimsoll"))).unwrap();
    }
    let found = compared(arms, &Rules::default());
    let traces: Vec<_> = found.arms.iter().map(trace).collect();
    let page = comparison_html(&found, &traces);
    assert!(page.contains("6 records could not be read") && page.contains("p99(call)"), "{page}");
    assert!(page.contains("No records of both could be read"), "{page}");
}
