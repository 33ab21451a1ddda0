//! Windows as comma-separated values: a line per second, step and outcome. Times in nanoseconds.

use crate::View;

const HEAD: &str = "second,scenario,step,outcome,count,bytes_sent,bytes_received,response_min_ns,response_mean_ns,response_p50_ns,response_p90_ns,response_p95_ns,response_p99_ns,response_max_ns,service_mean_ns,service_p50_ns,service_p99_ns,generator";

/// Renders all windows.
pub fn csv(view: &View) -> String {
    let plan = &view.record.started.plan;
    let tainted = crate::series::tainted(&view.record);
    let mut text = format!("{HEAD}\n");
    for (second, window) in &view.record.windows {
        let generator = tainted.get(*second as usize).map_or("", String::as_str);
        for (step, outcome, cell) in &window.cells {
            let step = &plan.steps[usize::from(*step)];
            let scenario = &plan.scenarios[usize::from(step.scenario)].name;
            let (response, service) = (cell.response.exact(), cell.service.exact());
            let quantile = |q: f64| number(cell.response.quantile(q));
            let mean = |e: plimsoll_metrics::histogram::Exact| {
                number((e.count > 0).then(|| e.sum_ns as u64 / e.count))
            };
            let fields = [
                second.to_string(),
                quoted(scenario),
                quoted(&step.name),
                outcome.name().to_owned(),
                response.count.to_string(),
                cell.bytes_sent.to_string(),
                cell.bytes_received.to_string(),
                number((response.count > 0).then_some(response.min_ns)),
                mean(response),
                quantile(0.50),
                quantile(0.90),
                quantile(0.95),
                quantile(0.99),
                number((response.count > 0).then_some(response.max_ns)),
                mean(service),
                number(cell.service.quantile(0.50)),
                number(cell.service.quantile(0.99)),
                quoted(if generator.is_empty() { "fine" } else { generator }),
            ];
            text.push_str(&fields.join(","));
            text.push('\n');
        }
        for (step, counts) in window.steps.iter().filter(|(_, c)| c.dropped > 0) {
            let step = &plan.steps[usize::from(*step)];
            let scenario = &plan.scenarios[usize::from(step.scenario)].name;
            let nothing = ",".repeat(12);
            text.push_str(&format!(
                "{second},{},{},dropped,{}{nothing},{}\n",
                quoted(scenario),
                quoted(&step.name),
                counts.dropped,
                quoted(if generator.is_empty() { "fine" } else { generator })
            ));
        }
    }
    text
}

/// What is absent is an empty field, never 0.
fn number(value: Option<u64>) -> String {
    value.map_or_else(String::new, |v| v.to_string())
}

/// Quoted as RFC 4180 has it, if need be.
pub(super) fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_audit::testing::Synthetic;

    use super::*;

    #[test]
    fn every_line_has_every_column_and_counts_add_up() {
        let text = csv(&View::new(Synthetic { failed: 100, dropped: 9, ..Synthetic::default() }.record()));
        let mut lines = text.lines();
        let columns = lines.next().unwrap().split(',').count();
        let mut total = 0;
        for line in lines {
            assert_eq!(line.split(',').count(), columns, "{line}");
            total += line.split(',').nth(4).unwrap().parse::<u64>().unwrap();
        }
        assert_eq!(total, 12_109);
    }
}
