//! The report as one self-contained page: the answer, the evidence, the means to doubt it. Readable without
//! scripts; charts need them.

pub mod capacity;
mod charts;
pub mod comparison;
pub mod instances;
mod panels;
mod plot;
pub mod suite;
mod tables;
mod watched;

use maud::{DOCTYPE, Markup, PreEscaped, html as markup};
use plimsoll_audit::{RunVerdict, Status, Verdict};

use super::text::{headline, notes};
use crate::View;

const STYLE: &str = include_str!("../../../assets/report.css");
const SCRIPT: &str = include_str!("../../../assets/report.js");
const UPLOT: &str = include_str!("../../../assets/uPlot.iife.min.js");
const UPLOT_STYLE: &str = include_str!("../../../assets/uPlot.min.css");

/// Renders the page.
pub fn html(view: &View) -> String {
    let name = &view.record.started.plan.name;
    let page = markup! {
        (DOCTYPE)
        html lang="en" {
            (head(name, &[UPLOT_STYLE, STYLE]))
            body {
                (top(view))
                main {
                    (tables::claims(view))
                    (tables::ramp(view))
                    (tables::limits(view))
                    (charts::section(view))
                    (tables::steps(view))
                    (tables::counts(view))
                    (tables::injected(view))
                    (watched::section(view))
                    (tables::errors(view))
                    (tables::phases(view))
                    (tables::audits(view))
                    (tables::circumstances(view))
                }
                footer {
                    "Every number here is computed from the recorded windows; " code { "plimsoll verify RUN" } " computes them again."
                }
                (charts::data(view))
                script { (PreEscaped(UPLOT)) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    let mut text = page.into_string();
    text.push('\n');
    text
}

/// What every page begins with.
fn head(title: &str, styles: &[&str]) -> Markup {
    markup! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) " · Plimsoll" }
            style { @for style in styles { (PreEscaped(style)) } }
        }
    }
}

fn top(view: &View) -> Markup {
    let started = &view.record.started;
    let sentence = headline(view);
    let sentence = sentence.trim().trim_start_matches("⦵ ");
    let verdict = match view.judgement.verdict {
        RunVerdict::Valid => "good",
        RunVerdict::Limited => "doubt",
        RunVerdict::Invalid => "bad",
    };
    markup! {
        header {
            p.name { (mark()) (started.plan.name) }
            h1 { (sentence) }
            p.facts {
                span class=(verdict) { (view.judgement.verdict.name()) }
                @if !started.plan.target.is_empty() { span { (started.plan.target) } }
                span { (started.started_at) }
                span { (crate::format::duration(view.record.span_ns())) }
                span { "seed " (started.plan.seed) }
            }
            @for note in notes(view).lines() { p.note { (note.trim()) } }
        }
    }
}

/// The mark: a circle crossed by a line that goes on past it on both sides.
fn mark() -> Markup {
    markup! {
        svg.mark viewBox="0 0 32 20" width="32" height="20" role="img" aria-label="Plimsoll" fill="none" stroke="currentColor" stroke-width="2" {
            circle cx="16" cy="10" r="8" {}
            path d="M1 10H31" {}
        }
    }
}

fn verdict_class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Verified => "good",
        Verdict::Unproven => "doubt",
        Verdict::Refuted => "bad",
    }
}

fn status_class(status: Status) -> &'static str {
    match status {
        Status::Pass => "good",
        Status::NotRun => "none",
        Status::Limited => "doubt",
        Status::Invalid => "bad",
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_audit::testing::Synthetic;
    use plimsoll_model::Claim;

    use super::*;

    #[test]
    fn the_page_stands_alone_and_escapes_what_it_is_given() {
        let mut record = Synthetic { failed: 10, ..Synthetic::default() }.record();
        record.started.plan.name = "</script><b>".to_owned();
        record.started.plan.claims = vec![Claim { text: "p99 < 1s".to_owned(), abort: false }];
        let text = html(&View::new(record));
        assert!(!text.contains("</script><b>"));
        let foreign = ["src=\"http", "href=\"http", "@import", "url(http", "fetch("];
        assert!(foreign.iter().all(|f| !text.replace(UPLOT, "").contains(f)));
        assert!(text.contains("p99 &lt; 1s") && text.contains("VERIFIED"));
    }
}
