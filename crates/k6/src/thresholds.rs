//! Thresholds over what was counted.

use plimsoll_model::Nanos;

use crate::metrics::{
    Book, Expression, Method, Operator, Registry, Sink, SubMetric, Threshold, parse_selector,
};
use crate::options::Options;
use crate::run::Run;

/// A threshold with what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    /// The metric or sub-metric, as the script names it.
    pub(crate) selector: String,
    pub(crate) threshold: Threshold,
    pub(crate) holds: bool,
    /// Values it was judged by.
    pub(crate) samples: u64,
}

impl Judged {
    /// Whether a longer run might still come to the opposite: a count only grows. That there is nothing of a kind is said of this
    /// run, as a rate would be.
    pub(crate) fn is_open(&self) -> bool {
        let Expression { method, operator, bound, .. } = &self.threshold.expression;
        let is_settled = match operator {
            Operator::Greater | Operator::AtLeast => self.holds,
            Operator::Less => !self.holds || *bound <= 1.0,
            Operator::AtMost => !self.holds || *bound <= 0.0,
            Operator::Equal | Operator::Different => *bound == 0.0,
        };
        *method == Method::Count && !is_settled
    }
}

/// The sub-metrics that thresholds need, and what is wrong with thresholds.
pub(crate) fn sub_metrics(options: &Options, registry: &Registry) -> (Vec<SubMetric>, Vec<String>) {
    let expected = "http_req_duration{expected_response:true}";
    let mut keys = vec![expected.to_owned()];
    let (mut subs, mut problems) = (Vec::new(), Vec::new());
    for (selector, thresholds) in &options.thresholds {
        let named = parse_selector(selector).map(|(name, _)| registry.find(name));
        match named {
            Err(problem) => problems.push(format!("options.thresholds: {problem}")),
            Ok(None) => problems.push(format!("options.thresholds: there is no metric `{selector}`")),
            Ok(Some(metric)) => {
                let metric = registry.get(metric);
                for threshold in thresholds.iter().filter(|t| !t.expression.suits(metric.kind)) {
                    problems.push(format!(
                        "options.thresholds[\"{selector}\"]: `{}` is nothing that a {} has",
                        threshold.source,
                        metric.kind.name()
                    ));
                }
            }
        }
        if selector.contains('{') && selector != expected {
            keys.push(selector.clone());
        }
    }
    for key in keys {
        let Ok((name, filter)) = parse_selector(&key) else { continue };
        let Some(metric) = registry.find(name) else { continue };
        subs.push(SubMetric { key, metric, filter });
    }
    (subs, problems)
}

/// Every threshold, judged by what has been counted so far.
pub(crate) fn judge(options: &Options, book: &Book, elapsed_ns: Nanos) -> Vec<Judged> {
    let (totals, registry) = (book.totals(), book.registry());
    let mut judged = Vec::new();
    for (selector, thresholds) in &options.thresholds {
        let Some(metric) = parse_selector(selector).ok().and_then(|(name, _)| registry.find(name)) else {
            continue;
        };
        let nothing = Sink::new(registry.get(metric).kind);
        let sub = book.subs.iter().position(|s| s.key == *selector);
        let sink = match sub {
            Some(number) => totals.sub(number),
            None => totals.sink(metric),
        };
        let sink = sink.unwrap_or(&nothing);
        for threshold in thresholds {
            judged.push(Judged {
                selector: selector.clone(),
                threshold: threshold.clone(),
                holds: threshold.expression.holds(sink, elapsed_ns as f64 / 1e9),
                samples: sink.samples(),
            });
        }
    }
    judged
}

/// A threshold that ends the run.
pub(crate) fn lost(run: &Run, now_ns: Nanos) -> Option<String> {
    let may_end = |t: &Threshold| t.abort && now_ns >= t.delay_ns;
    if !run.options.thresholds.iter().flat_map(|(_, all)| all).any(may_end) {
        return None;
    }
    let lost = judge(&run.options, &run.book, now_ns).into_iter().find(|j| !j.holds && may_end(&j.threshold));
    lost.map(|judged| format!("{}: {}", judged.selector, judged.threshold.source))
}
