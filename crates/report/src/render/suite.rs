//! A suite in words: for the terminal, and as Markdown.

use crate::format::{count, duration};
use crate::render::markdown::escape;
use crate::render::table::{Lean, table};
use crate::suite::{Kind, ScenarioRun, State, SuiteRun};

/// The states in which a scenario was run, worst first, with the word for several.
const RAN: [(State, &str); 5] = [
    (State::Failed, "failed"),
    (State::Interrupted, "interrupted"),
    (State::Refuted, "refuted"),
    (State::Unproven, "unproven"),
    (State::Verified, "verified"),
];

/// The first line: what was declared, what was run of it, and what it came to.
pub fn headline(suite: &SuiteRun) -> String {
    let declared = suite.scenarios.len();
    let ran = declared - suite.scenarios_that_are(State::NotRun);
    let parts: Vec<_> = RAN
        .into_iter()
        .map(|(state, word)| (suite.scenarios_that_are(state), word))
        .filter(|(number, _)| *number > 0)
        .collect();
    let came = match parts.as_slice() {
        [] => String::new(),
        [(number, word)] if *number > 1 => format!(", all {word}"),
        parts => {
            let parts: Vec<_> = parts.iter().map(|(number, word)| format!("{number} {word}")).collect();
            format!(": {}", parts.join(", "))
        }
    };
    let run = match (ran, declared) {
        (ran, declared) if ran == declared && declared == 1 => "the one declared scenario was run".to_owned(),
        (ran, declared) if ran == declared => format!("all {declared} declared scenarios were run"),
        (0, declared) => format!("of {declared} declared scenarios none was run"),
        (1, declared) => format!("of {declared} declared scenarios one was run"),
        (ran, declared) => format!("of {declared} declared scenarios {ran} were run"),
    };
    format!("⦵ Plimsoll: {run}{came}.")
}

/// What there is to know of the whole, a sentence each.
pub(crate) fn notes(suite: &SuiteRun) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(scale) = suite.scale {
        notes.push(format!(
            "Scaled by {scale}: schedules were shortened, rates and users were not. What claims say of durations and totals is not shown by it."
        ));
    }
    let claims = suite.scenarios.iter().map(|scenario| scenario.claims.len()).sum::<usize>();
    if claims > 0 {
        let of = |verdict: &str| suite.claims_that_are(verdict);
        notes.push(format!(
            "{} verified, {} refuted, {} unproven of {} {}.",
            of("VERIFIED"),
            of("REFUTED"),
            of("UNPROVEN"),
            claims,
            if claims == 1 { "claim" } else { "claims" }
        ));
    }
    if suite.ended_at.is_none() {
        notes.push(
            "The suite is not over: the same command with the same --out goes on from here.".to_owned(),
        );
    }
    notes
}

/// What stands beside the state of a scenario: why it was not run, what went wrong, or what it came to.
pub(crate) fn remark(scenario: &ScenarioRun) -> String {
    let of_run = matches!(scenario.kind, Kind::Run | Kind::Script);
    let invalid = scenario.run_verdict.as_deref().filter(|verdict| *verdict != "VALID");
    let mut parts: Vec<String> = scenario.why.iter().cloned().collect();
    if let Some(verdict) = invalid {
        parts.push(format!("the run is {}", verdict.to_lowercase()));
    }
    if !of_run {
        parts.extend(scenario.sentences.iter().map(|s| s.trim_start_matches("⦵ ").to_owned()));
    }
    parts.join("; ")
}

/// What is run, in words.
pub(crate) fn what(scenario: &ScenarioRun) -> String {
    let files: Vec<_> = scenario.plans.iter().map(|plan| plan.file.display().to_string()).collect();
    if files.is_empty() {
        scenario.kind.name().to_owned()
    } else {
        format!("{}: {}", scenario.kind.name(), files.join(", "))
    }
}

/// How long it took, in words.
pub(crate) fn took(scenario: &ScenarioRun) -> String {
    scenario.took_ns.map_or_else(String::new, duration)
}

/// The report for the terminal.
pub fn suite_text(suite: &SuiteRun) -> String {
    let mut text = format!("{}\n", headline(suite));
    text.push_str(&format!("  {}, variant {}\n", suite.name, suite.variant));
    notes(suite).iter().for_each(|note| text.push_str(&format!("  {note}\n")));
    let head = ["", "scenario", "what", "", "claims", "took", ""].map(str::to_owned).to_vec();
    let row = |(number, scenario): (usize, &ScenarioRun)| {
        vec![
            number.to_string(),
            scenario.name.clone(),
            what(scenario),
            scenario.state.name().to_owned(),
            scenario.verified().unwrap_or_default(),
            took(scenario),
            remark(scenario),
        ]
    };
    let rows: Vec<_> = std::iter::once(head).chain((1..).zip(&suite.scenarios).map(row)).collect();
    let leans = [Lean::Right, Lean::Left, Lean::Left, Lean::Left, Lean::Left, Lean::Right, Lean::Left];
    text.push_str(&format!("\nCoverage\n{}", table(&leans, &rows)));
    text.push_str(&claims(suite));
    text.push_str(&limits(suite));
    text
}

fn claims(suite: &SuiteRun) -> String {
    let rows: Vec<_> = suite
        .claims()
        .into_iter()
        .map(|(scenario, claim)| {
            vec![
                claim.verdict.clone(),
                scenario.name.clone(),
                claim.text.clone(),
                claim.measured().unwrap_or_default(),
                format!("n {}", count(claim.samples)),
                claim.reason.clone(),
            ]
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let leans = [Lean::Left, Lean::Left, Lean::Left, Lean::Left, Lean::Right, Lean::Left];
    format!("\nClaims, worst first\n{}", table(&leans, &rows))
}

fn limits(suite: &SuiteRun) -> String {
    let lines: String = suite
        .scenarios
        .iter()
        .flat_map(|scenario| scenario.limits.iter().map(move |limit| (scenario, limit)))
        .map(|(scenario, limit)| {
            format!("  {}  {}: {}: {}\n", limit.status, scenario.name, limit.id, limit.sentence)
        })
        .collect();
    if lines.is_empty() { lines } else { format!("\nWhat limits the runs\n{lines}") }
}

/// The report in Markdown.
pub fn suite_markdown(suite: &SuiteRun) -> String {
    let mut text =
        format!("# {}\n\n{}\n\nVariant {}.\n", escape(&suite.name), headline(suite), escape(&suite.variant));
    notes(suite).iter().for_each(|note| text.push_str(&format!("\n{note}\n")));
    text.push_str("\n## Coverage\n\n| | scenario | what | from | came to | claims | took | |\n|--:|---|---|---|---|---|--:|---|\n");
    for (number, scenario) in (1..).zip(&suite.scenarios) {
        let name = match &scenario.directory {
            Some(directory) if scenario.state != State::NotRun => {
                format!(
                    "[{}]({}/{})",
                    escape(&scenario.name),
                    directory.display(),
                    report_of(scenario.kind, "md")
                )
            }
            _ => escape(&scenario.name),
        };
        let cells = [
            number.to_string(),
            name,
            escape(&what(scenario)),
            escape(scenario.from.as_deref().unwrap_or_default()),
            scenario.state.name().to_owned(),
            scenario.verified().unwrap_or_default(),
            took(scenario),
            escape(&remark(scenario)),
        ];
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    let claims = suite.claims();
    if !claims.is_empty() {
        text.push_str("\n## Claims, worst first\n\n| | scenario | claim | measured | n | why |\n|---|---|---|---|--:|---|\n");
    }
    for (scenario, claim) in claims {
        let cells = [
            claim.verdict.clone(),
            escape(&scenario.name),
            format!("`{}`", claim.text.replace('|', "\\|")),
            claim.measured().unwrap_or_else(|| "no value".to_owned()),
            count(claim.samples),
            escape(&claim.reason),
        ];
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}

/// The file in a scenario's directory that shows it.
pub(crate) const fn report_of(kind: Kind, wanted: &str) -> &'static str {
    match (kind, wanted.as_bytes()) {
        (Kind::Run | Kind::Script, b"md") => "report.md",
        (Kind::Comparison, _) | (_, b"md") => "report.txt",
        _ => "report.html",
    }
}

#[cfg(test)]
mod tests;
