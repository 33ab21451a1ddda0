//! Known answers of METHOD sections 1 and 3, and agreement with the reference implementation.

use hdrhistogram::Histogram as Reference;
use proptest::prelude::*;

use super::*;

const MS: Nanos = 1_000_000;

fn reference() -> Reference<u64> {
    Reference::new_with_bounds(1, HIGHEST_NS, 3).unwrap()
}

fn within(value: Nanos, expected: f64, relative: f64) {
    let error = (value as f64 / expected - 1.0).abs();
    assert!(error <= relative, "{value} is not within {relative} of {expected}");
}

/// METHOD section 1, T4: the canonical HdrHistogram example, raw and corrected.
#[test]
fn canonical_coordinated_omission_example() {
    let mut raw = Histogram::new();
    (0..10_000).for_each(|_| raw.record(MS));
    raw.record(100_000 * MS);
    assert_eq!(raw.count(), 10_001);
    within(raw.quantile(0.9999).unwrap(), 1e6, 1e-3);
    within(raw.mean_ns().unwrap() as Nanos, 10_998_900.0, 1e-3);

    let corrected = raw.corrected_for_interval(10 * MS);
    assert_eq!(corrected.count(), 20_000);
    within(corrected.quantile(0.5).unwrap(), 1e6, 1e-3);
    for (q, seconds) in [(0.75, 50.0), (0.90, 80.0), (0.99, 98.0)] {
        within(corrected.quantile(q).unwrap(), seconds * 1e9, 1e-3);
    }
    within(corrected.mean_ns().unwrap() as Nanos, 25_000_500e3, 1e-3);
}

#[test]
fn buckets_are_narrower_than_the_stated_error() {
    for exponent in 0..42 {
        for offset in [0u64, 1, 3] {
            let value = (1u64 << exponent) + offset;
            let index = index_of(value);
            assert!(lowest_of(index) <= value && value <= highest_of(index));
            let width = (highest_of(index) - lowest_of(index)) as f64;
            assert!(width <= RELATIVE_ERROR * value as f64, "bucket of {value} is {width} wide");
        }
    }
}

#[test]
fn too_long_a_duration_is_counted_as_clamped_and_keeps_its_exact_sum() {
    let mut histogram = Histogram::new();
    histogram.record(HIGHEST_NS + 5);
    assert_eq!(histogram.clamped(), 1);
    assert_eq!(histogram.max_ns(), Some(HIGHEST_NS + 5));
    assert_eq!(histogram.sum_ns(), u128::from(HIGHEST_NS + 5));
}

#[test]
fn a_cleared_histogram_equals_a_new_one() {
    let mut histogram = Histogram::new();
    [1, 5_000, 7_000_000_000].into_iter().for_each(|v| histogram.record(v));
    histogram.clear();
    assert_eq!(histogram.buckets().count(), 0);
    assert_eq!(histogram.exact(), Histogram::new().exact());
    histogram.record(42);
    assert_eq!(histogram.quantile(1.0), Some(42));
    assert_eq!(Histogram::default(), Histogram::new());
}

#[test]
fn nearest_rank_is_the_ceiling() {
    let table = [
        (0.5, 1, 1),
        (0.5, 2, 1),
        (0.5, 3, 2),
        (0.99, 100, 99),
        (0.999, 100, 100),
        (0.07, 100, 7),
        (0.0, 9, 1),
    ];
    for (q, n, rank) in table {
        assert_eq!(nearest_rank(q, n), rank, "q {q} n {n}");
    }
}

proptest! {
    #[test]
    fn layout_is_the_reference_layout(values in prop::collection::vec(0..HIGHEST_NS, 1..200)) {
        let mut ours = Histogram::new();
        let mut theirs = reference();
        for value in &values {
            ours.record(*value);
            theirs.record(*value).unwrap();
        }
        let mine: Vec<_> = ours.buckets().map(|(i, c)| (highest_of(i), c)).collect();
        let reference: Vec<_> = theirs.iter_recorded().map(|v| (v.value_iterated_to(), v.count_at_value())).collect();
        prop_assert_eq!(mine, reference);
    }

    #[test]
    fn merge_of_any_partition_is_the_whole(values in prop::collection::vec((0..HIGHEST_NS, 0usize..4), 0..200)) {
        let mut whole = Histogram::new();
        let mut parts = vec![Histogram::new(); 4];
        for (value, part) in &values {
            whole.record(*value);
            parts[*part].record(*value);
        }
        let mut merged = Histogram::new();
        parts.iter().for_each(|p| merged.merge(p));
        prop_assert_eq!(merged.exact(), whole.exact());
        prop_assert!(merged.buckets().eq(whole.buckets()));
    }

    #[test]
    fn quantiles_are_within_the_stated_error(mut values in prop::collection::vec(1..HIGHEST_NS, 1..500), q in 0.0f64..=1.0) {
        let mut histogram = Histogram::new();
        values.iter().for_each(|v| histogram.record(*v));
        values.sort_unstable();
        let exact = values[nearest_rank(q, values.len() as u64) as usize - 1];
        let error = histogram.quantile(q).unwrap().abs_diff(exact) as f64;
        prop_assert!(error <= RELATIVE_ERROR * exact as f64);
    }
}

#[test]
fn many_at_once_are_the_same_as_one_by_one() {
    let values: Vec<Nanos> =
        (0..2_000).map(|i| i * i * i * 977 % 90_000_000_000 + i % 7).chain([HIGHEST_NS + 5, 0]).collect();
    let (mut together, mut single) = (Histogram::new(), Histogram::new());
    for part in values.chunks(64) {
        together.record_all(part.iter().copied());
        part.iter().for_each(|value| single.record(*value));
    }
    together.record_all([]);
    assert_eq!(together, single);
}
