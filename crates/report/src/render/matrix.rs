//! Injected against observed, as cells of a table: the same in every format that people read.

use crate::format::{count, share};
use crate::injected::InjectedView;

/// What stands above the tables.
pub(super) const TITLE: &str = "Injected and observed";

/// What stands above the cells.
pub(super) const HEAD: [&str; 9] =
    ["step", "data", "planned", "sent", "share", "passed", "refused", "other answer", "no answer"];

/// The cells of one row.
pub(super) fn cells(row: &InjectedView) -> [String; 9] {
    [
        row.step.clone(),
        row.fault.clone().unwrap_or_else(|| "valid".to_owned()),
        share(row.planned),
        count(row.sent),
        row.share().map_or_else(String::new, share),
        count(row.passed),
        count(row.refused),
        count(row.otherwise),
        count(row.unanswered),
    ]
}

/// What to make of the rows, in a sentence.
pub(super) fn sentence(rows: &[InjectedView]) -> String {
    let mistaken = |broken: bool| rows.iter().filter(move |row| row.fault.is_some() == broken);
    let (refused, passed): (u64, u64) =
        (mistaken(false).map(InjectedView::mistaken).sum(), mistaken(true).map(InjectedView::mistaken).sum());
    let unsent: Vec<_> =
        rows.iter().filter(|row| row.sent == 0).filter_map(|row| row.fault.as_deref()).collect();
    let mut sentence = match (refused, passed) {
        (0, 0) => "No valid data was refused as invalid, and no broken data passed.".to_owned(),
        _ => format!("{} valid refused as invalid, {} broken passed.", count(refused), count(passed)),
    };
    if !unsent.is_empty() {
        sentence.push_str(&format!(" Planned and never sent: {}.", unsent.join(", ")));
    }
    sentence
}
