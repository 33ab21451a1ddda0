//! The page of a suite: coverage, then every claim, worst first. One file, readable without scripts.

use maud::{DOCTYPE, Markup, html as markup};

use super::{STYLE, head, mark};
use crate::format::count;
use crate::render::suite::{headline, notes, remark, report_of, took, what};
use crate::suite::{ScenarioRun, State, SuiteRun};

/// A suite on one page. Links lead to the scenarios' own reports beside it.
pub fn suite_html(suite: &SuiteRun) -> String {
    let sentence = headline(suite);
    let page = markup! {
        (DOCTYPE)
        html lang="en" {
            (head(&format!("{} · suite", suite.name), &[STYLE]))
            body {
                header {
                    p.name { (mark()) (suite.name) }
                    h1 { (sentence.trim_start_matches("⦵ ")) }
                    p.facts {
                        span { "variant " (suite.variant) }
                        span { (suite.started_at) }
                        span { (suite.tool) }
                    }
                    @if let Some(about) = &suite.about { p { (about) } }
                    @for note in notes(suite) { p.note { (note) } }
                }
                main {
                    (coverage(suite))
                    (claims(suite))
                    (limits(suite))
                }
                footer { "Every scenario is a recorded run in a directory of its own; " code { "plimsoll verify" } " computes its numbers again." }
            }
        }
    };
    let mut text = page.into_string();
    text.push('\n');
    text
}

fn coverage(suite: &SuiteRun) -> Markup {
    markup! {
        section aria-labelledby="coverage" {
            h2 id="coverage" { "Coverage" }
            div.scroll { table {
                thead { tr {
                    th.number scope="col" { "#" } th scope="col" { "came to" } th scope="col" { "scenario" } th scope="col" { "what" }
                    th scope="col" { "claims" } th.number scope="col" { "took" } th scope="col" { "" }
                } }
                tbody { @for (number, scenario) in (1..).zip(&suite.scenarios) { (row(number, scenario)) } }
            } }
        }
    }
}

fn row(number: usize, scenario: &ScenarioRun) -> Markup {
    markup! {
        tr id={ "scenario-" (number) } {
            td.number { (number) }
            td { span class=(class(scenario.state)) { (scenario.state.name()) } }
            th scope="row" { (name(scenario)) }
            td { (what(scenario)) @if let Some(from) = &scenario.from { " " small { (from) } } }
            td.value { (scenario.verified().unwrap_or_default()) }
            td.number { (took(scenario)) }
            td.words { (remark(scenario)) }
        }
    }
}

/// The name; a link to its own report, if there is one.
fn name(scenario: &ScenarioRun) -> Markup {
    let is_measured = scenario.state.is_finished() || scenario.run_verdict.is_some();
    match scenario.directory.as_ref().filter(|_| is_measured) {
        Some(directory) => {
            let href = format!("{}/{}", directory.display(), report_of(scenario.kind, "html"));
            markup! { a href=(href) { (scenario.name) } }
        }
        None => markup! { (scenario.name) },
    }
}

fn claims(suite: &SuiteRun) -> Markup {
    let all = suite.claims();
    markup! {
        @if !all.is_empty() {
            section aria-labelledby="claims" {
                h2 id="claims" { "Claims, worst first" }
                div.scroll { table {
                    thead { tr { th scope="col" { "verdict" } th scope="col" { "claim" } th scope="col" { "scenario" } th scope="col" { "measured" } th.number scope="col" { "n" } th scope="col" { "why" } } }
                    tbody {
                        @for (scenario, claim) in all {
                            tr {
                                td { span class=(class_of(&claim.verdict)) { (claim.verdict) } }
                                th scope="row" { code { (claim.text) } }
                                td { (name(scenario)) }
                                td.value { (claim.measured().unwrap_or_else(|| "no value".to_owned())) }
                                td.number { (count(claim.samples)) }
                                td.words { (claim.reason) }
                            }
                        }
                    }
                } }
            }
        }
    }
}

fn limits(suite: &SuiteRun) -> Markup {
    let all = || {
        suite.scenarios.iter().flat_map(|scenario| scenario.limits.iter().map(move |limit| (scenario, limit)))
    };
    markup! {
        @if all().next().is_some() {
            section aria-labelledby="limits" {
                h2 id="limits" { "What limits the runs" }
                ul.findings {
                    @for (scenario, limit) in all() {
                        li { span class=(class_of(&limit.status)) { (limit.status) } " " (name(scenario)) " " b { (limit.id) } " " (limit.sentence) }
                    }
                }
            }
        }
    }
}

const fn class(state: State) -> &'static str {
    match state {
        State::Verified => "good",
        State::Unproven | State::Interrupted => "doubt",
        State::Refuted | State::Failed => "bad",
        State::NotRun => "none",
    }
}

fn class_of(word: &str) -> &'static str {
    match word {
        "VERIFIED" => "good",
        "UNPROVEN" | "LIMITED" => "doubt",
        _ => "bad",
    }
}
