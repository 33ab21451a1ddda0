//! OpenMetrics text: the totals of a run, for a metrics system to scrape or push.

use plimsoll_metrics::quantile::Standing;
use plimsoll_model::{Outcome, StepKind};

use crate::View;

/// Renders the run's totals.
pub fn openmetrics(view: &View) -> String {
    let run = label(&view.record.started.plan.name);
    let mut text = String::new();
    family(&mut text, "plimsoll_operations", "counter", "Operations by step and outcome.");
    for step in view.steps.iter().filter(|s| !matches!(s.kind, StepKind::Part(_))) {
        for outcome in &step.outcomes {
            text.push_str(&format!(
                "plimsoll_operations_total{{run=\"{run}\",step=\"{}\",outcome=\"{}\"}} {}\n",
                label(&step.name),
                outcome.outcome.name(),
                outcome.count
            ));
        }
    }
    if !view.counted.is_empty() {
        family(&mut text, "plimsoll_counted", "counter", "What operations counted besides: tokens, hits.");
    }
    for counted in &view.counted {
        let (name, total) =
            (label(&counted.name), if counted.is_event { counted.count } else { counted.sum });
        text.push_str(&format!("plimsoll_counted_total{{run=\"{run}\",part=\"{name}\"}} {total}\n"));
    }
    family(&mut text, "plimsoll_response_time_seconds", "summary", "Response time of successes.");
    for step in &view.steps {
        let Some(ok) = step.outcomes.iter().find(|o| o.outcome == Outcome::Ok) else { continue };
        let name = label(&step.name);
        for quantile in ok.response.quantiles.iter().filter(|q| q.standing == Standing::Published) {
            let Some(value) = quantile.value_ns else { continue };
            text.push_str(&format!(
                "plimsoll_response_time_seconds{{run=\"{run}\",step=\"{name}\",quantile=\"{}\"}} {}\n",
                quantile.q,
                value as f64 / 1e9
            ));
        }
        text.push_str(&format!(
            "plimsoll_response_time_seconds_count{{run=\"{run}\",step=\"{name}\"}} {}\n",
            ok.response.count
        ));
    }
    family(
        &mut text,
        "plimsoll_claim_verified",
        "gauge",
        "1 if the claim is verified, 0 if it is refuted or unproven.",
    );
    for claim in &view.judgement.claims {
        let verified = u8::from(claim.verdict == plimsoll_audit::Verdict::Verified);
        text.push_str(&format!(
            "plimsoll_claim_verified{{run=\"{run}\",claim=\"{}\"}} {verified}\n",
            label(&claim.text)
        ));
    }
    family(
        &mut text,
        "plimsoll_run_valid",
        "gauge",
        "1 if the run is valid, 0.5 if it is limited, 0 if it is invalid.",
    );
    let valid = match view.judgement.verdict {
        plimsoll_audit::RunVerdict::Valid => 1.0,
        plimsoll_audit::RunVerdict::Limited => 0.5,
        plimsoll_audit::RunVerdict::Invalid => 0.0,
    };
    text.push_str(&format!("plimsoll_run_valid{{run=\"{run}\"}} {valid}\n# EOF\n"));
    text
}

fn family(text: &mut String, name: &str, kind: &str, help: &str) {
    text.push_str(&format!("# TYPE {name} {kind}\n# HELP {name} {help}\n"));
}

fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use plimsoll_audit::testing::Synthetic;

    use super::*;

    #[test]
    fn counts_are_the_runs_and_the_end_is_marked() {
        let text = openmetrics(&View::new(Synthetic { failed: 3, ..Synthetic::default() }.record()));
        assert!(
            text.contains("outcome=\"ok\"} 12000\n") && text.contains("outcome=\"app_error\"} 3\n"),
            "{text}"
        );
        assert!(text.ends_with("# EOF\n"));
    }
}
