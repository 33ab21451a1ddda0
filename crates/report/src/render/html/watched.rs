//! What monitors read, as a table, with what gives out first and what it cost.

use maud::{Markup, html as markup};

use super::super::monitors;
use crate::View;
use crate::monitors::{CAVEAT, SeriesView};

pub(super) fn section(view: &View) -> Markup {
    let all = &view.monitors;
    if all.monitors.is_empty() && all.cost.is_none() {
        return Markup::default();
    }
    let [name, numbers @ ..] = monitors::HEAD;
    markup! {
        section aria-labelledby="watched" {
            h2 id="watched" { "Watched once a second" }
            @if let Some(sentence) = &all.bottleneck { p { (sentence) " " (CAVEAT) } }
            @if let Some(cost) = &all.cost { p { (cost.sentence()) } }
            @for gap in all.monitors.iter().flat_map(monitors::gaps) { p.note { (gap) } }
            @if all.series().next().is_some() {
                p { "The last two columns are rank correlations, from second to second, with the p95 of response time and with throughput." }
                div.scroll { table.sortable data-name="watched" {
                    thead { tr { th scope="col" { (name) } @for name in numbers { th.number scope="col" { (name) } } } }
                    tbody { @for series in all.series() { (row(series)) } }
                } }
            }
            @for monitor in &all.monitors { p.quiet { (monitor.name) ": " (monitor.source) } }
        }
    }
}

fn row(series: &SeriesView) -> Markup {
    let [name, numbers @ ..] = monitors::cells(series);
    let resource = series.resource.as_ref();
    let values = [
        Some(series.min),
        Some(series.mean),
        Some(series.p95),
        Some(series.max),
        Some(series.last),
        resource.and_then(|r| r.used),
        resource.and_then(|r| r.with_response),
        resource.and_then(|r| r.with_throughput),
    ];
    markup! { tr { th scope="row" { (name) } @for (cell, value) in numbers.iter().zip(values) { td.number data-value=[value] { (cell) } } } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitors::tests::watched;

    #[test]
    fn the_page_says_what_was_read_and_what_was_not() {
        let text = section(&View::new(watched())).into_string();
        for part in ["api.memory", "64.0 MB", "connection refused", "EUR for a million events", "process 7"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(
            section(&View::new(plimsoll_audit::testing::Synthetic::default().record()))
                .into_string()
                .is_empty()
        );
    }
}
