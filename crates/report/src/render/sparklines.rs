//! The run as a few lines of small charts, for a terminal that is wide enough. Each chart begins at zero.

use super::table::{Lean, table};
use crate::View;
use crate::format::{rate, time};
use crate::series::{Seconds, series};

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Columns that names and numbers take.
const WORDS: usize = 44;

/// Fewest bars that show anything.
const BARS_MIN: usize = 20;

/// A number in words.
type Words = fn(f64) -> String;

/// Renders charts `columns` wide; nothing where they would say nothing.
pub fn sparklines(view: &View, columns: usize) -> String {
    let bars = columns.saturating_sub(WORDS);
    let series = series(&view.record, &Seconds::of(&view.record));
    if bars < BARS_MIN || series.second.len() < BARS_MIN / 2 {
        return String::new();
    }
    let limit_ms = view.resolution_ns() as f64 / 1e6;
    let known = |times: &[Option<f64>]| -> Vec<Option<f64>> {
        times.iter().map(|t| t.filter(|ms| *ms >= limit_ms)).collect()
    };
    let always = |values: &[f64]| -> Vec<Option<f64>> { values.iter().copied().map(Some).collect() };
    let milliseconds: Words = |ms| time(ms * 1e6);
    let charts: [(&str, Vec<Option<f64>>, Words); 4] = [
        ("succeeded", always(&series.ok), rate),
        ("failed", always(&series.failed), rate),
        ("p50", known(&series.response.p50), milliseconds),
        ("p99", known(&series.response.p99), milliseconds),
    ];
    let rows: Vec<_> =
        charts.iter().filter_map(|(name, values, words)| chart(name, values, bars, *words)).collect();
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "Over time (each bar the highest of its seconds)\n{}",
        table(&[Lean::Left, Lean::Left, Lean::Left], &rows)
    )
}

fn chart(name: &str, values: &[Option<f64>], bars: usize, words: Words) -> Option<Vec<String>> {
    let high = values.iter().flatten().copied().fold(0.0, f64::max);
    let low = values.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    if high <= 0.0 {
        return None;
    }
    let wide = values.len().div_ceil(bars);
    let highest = |part: &[Option<f64>]| part.iter().flatten().copied().reduce(f64::max);
    let drawn = values.chunks(wide).map(|part| highest(part).map_or(' ', |v| bar(v / high))).collect();
    Some(vec![name.to_owned(), drawn, format!("{} to {}", words(low), words(high))])
}

/// The bar for a share of the highest.
fn bar(share: f64) -> char {
    let step = (share * BARS.len() as f64).ceil() as usize;
    if step == 0 { ' ' } else { BARS[step.min(BARS.len()) - 1] }
}

#[cfg(test)]
mod tests {
    use plimsoll_audit::testing::Synthetic;

    use super::*;

    #[test]
    fn every_chart_fits_and_names_its_extremes() {
        let view = View::new(Synthetic { failed: 60, ..Synthetic::default() }.record());
        let text = sparklines(&view, 100);
        assert!(text.lines().all(|l| l.chars().count() <= 100), "{text}");
        let ok = text.lines().find(|l| l.contains("succeeded")).unwrap();
        // Sixty seconds at the same rate, two to a bar.
        assert_eq!(ok.matches('█').count(), 30, "{text}");
        assert_eq!(text.lines().filter(|l| l.contains("p99")).count(), 1);
        assert!(sparklines(&view, 40).is_empty());
    }

    #[test]
    fn nothing_is_no_bar_and_the_highest_is_the_full_one() {
        assert_eq!([0.0, 0.01, 0.5, 1.0].map(bar), [' ', '▁', '▄', '█']);
    }
}
