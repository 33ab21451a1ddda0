//! HdrHistogram's percentile distribution (`.hgrm`), which its public viewers plot. Values in milliseconds.

use plimsoll_model::Outcome;

use crate::View;

/// Lines for every halving of the distance to 100 %, as the reference implementation has it.
const TICKS_PER_HALF: u32 = 5;

/// Renders the response times of all successes.
pub fn hgrm(view: &View) -> String {
    let operations: Vec<_> = view.record.started.plan.operations().map(|(id, _)| id).collect();
    let times = view.record.merged(Outcome::Ok, |step| operations.contains(&step)).response;
    let mut text =
        format!("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    let total = times.count();
    let (mut tick, mut last) = (0u32, 0);
    while total > 0 && last < total {
        let q = percentile(tick);
        tick += 1;
        let Some(value) = times.quantile(q) else { break };
        last = times.count_at_or_below(value);
        let shown = if last == total { 1.0 } else { q.max(0.0) };
        let inverse =
            if shown < 1.0 { format!("{:14.2}", 1.0 / (1.0 - shown)) } else { format!("{:>14}", "Infinity") };
        text.push_str(&format!("{:12.3} {shown:.12} {last:10} {inverse}\n", value as f64 / 1e6));
    }
    let mean = times.mean_ns().unwrap_or(0.0);
    let variance = times
        .buckets()
        .map(|(i, n)| ((plimsoll_metrics::histogram::lowest_of(i) as f64 - mean).powi(2)) * n as f64)
        .sum::<f64>()
        / total.max(1) as f64;
    text.push_str(&format!(
        "#[Mean    = {:12.3}, StdDeviation   = {:12.3}]\n",
        mean / 1e6,
        variance.sqrt() / 1e6
    ));
    text.push_str(&format!(
        "#[Max     = {:12.3}, Total count    = {total:12}]\n",
        times.max_ns().unwrap_or(0) as f64 / 1e6
    ));
    text.push_str("#[Buckets =           32, SubBuckets     =         2048]\n");
    text
}

/// The `tick`-th percentile: five to every half of what is left.
fn percentile(tick: u32) -> f64 {
    let (half, within) = (tick / TICKS_PER_HALF, tick % TICKS_PER_HALF);
    let from = 1.0 - 0.5f64.powi(half as i32);
    from + f64::from(within) / f64::from(TICKS_PER_HALF) * 0.5f64.powi(half as i32 + 1)
}

#[cfg(test)]
mod tests {
    use plimsoll_audit::testing::Synthetic;

    use super::*;

    #[test]
    fn it_ends_with_everything_at_the_largest_value() {
        let text = hgrm(&View::new(Synthetic::default().record()));
        let rows: Vec<Vec<&str>> = text
            .lines()
            .skip(2)
            .take_while(|l| !l.starts_with('#'))
            .map(|l| l.split_whitespace().collect())
            .collect();
        assert_eq!(rows.last().unwrap()[1..], ["1.000000000000", "12000", "Infinity"]);
        let values: Vec<f64> = rows.iter().map(|r| r[0].parse().unwrap()).collect();
        assert!(values.is_sorted());
    }
}
