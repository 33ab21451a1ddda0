//! HdrHistogram's interval log, version 2 (`.hlog`), which its public tools merge, cut and plot: a histogram a
//! second of the response times of successes, in nanoseconds; the longest value of each line in milliseconds.

use std::time::Duration;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use plimsoll_metrics::Compact;
use plimsoll_metrics::histogram::highest_of;

use crate::View;
use crate::series::Seconds;

/// Significant digits of the histograms: ours have the same layout, so nothing is lost or made up.
const DIGITS: u8 = 3;

/// Renders the log.
pub fn hlog(view: &View) -> String {
    let mut bytes = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let mut writer = IntervalLogWriterBuilder::new()
        .add_comment(&format!(
            "[Plimsoll: response times of successes of {}, from when they were due]",
            view.record.started.plan.name
        ))
        .with_max_value_divisor(1e6)
        .begin_log_with(&mut bytes, &mut serializer)
        .expect("memory takes what it is given");
    for (second, times) in Seconds::of(&view.record).responses() {
        let start = Duration::from_secs(u64::from(second));
        let tag = Tag::new("ok");
        writer
            .write_histogram(&converted(times), start, Duration::from_secs(1), tag)
            .expect("memory takes what it is given");
    }
    String::from_utf8(bytes).expect("the log is base64 and numbers")
}

fn converted(times: &Compact) -> Histogram<u64> {
    let mut histogram = Histogram::new_with_max(u64::MAX, DIGITS).expect("three digits are allowed");
    for (bucket, count) in times.buckets() {
        // The highest value of a bucket, so that no quantile of theirs lies below ours.
        let value = highest_of(bucket).min(times.exact().max_ns);
        histogram.record_n(value, count).expect("every value of 64 bits has its bucket");
    }
    histogram
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
    use plimsoll_audit::testing::Synthetic;

    use super::*;

    /// What the reference implementation reads from the log is what was recorded.
    #[test]
    fn the_reference_implementation_reads_every_success_back() {
        let view = View::new(Synthetic::default().record());
        let text = hlog(&view);
        let mut all = Histogram::<u64>::new_with_max(u64::MAX, DIGITS).unwrap();
        for entry in IntervalLogIterator::new(text.as_bytes()) {
            let LogEntry::Interval(interval) = entry.unwrap() else { continue };
            let packed =
                base64::engine::general_purpose::STANDARD.decode(interval.encoded_histogram()).unwrap();
            all.add(Deserializer::new().deserialize::<u64, _>(&mut packed.as_slice()).unwrap()).unwrap();
        }
        assert_eq!(all.len(), 12_000);
        let recorded = &view.steps[0].outcomes[0].response;
        let median = recorded.quantiles[0].value_ns.unwrap();
        assert_eq!(all.value_at_quantile(0.5), highest_of(plimsoll_metrics::histogram::index_of(median)));
    }
}
