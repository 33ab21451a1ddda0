//! What operations counted, as cells of a table: the same in every format that people read.

use crate::format::{count, share};
use crate::view::CountedView;

/// What stands above the cells.
pub(super) const HEAD: [&str; 8] =
    ["counted", "operations", "with it", "share", "sum", "least", "mean", "most"];

/// The cells of one row.
pub(super) fn cells(counted: &CountedView) -> [String; 8] {
    let number = |n: Option<u64>| n.map_or_else(String::new, count);
    [
        counted.name.clone(),
        count(counted.operations),
        count(counted.count),
        counted.share().map_or_else(String::new, share),
        if counted.is_event { String::new() } else { count(counted.sum) },
        number(counted.min),
        counted.mean.map_or_else(String::new, |mean| format!("{mean:.1}")),
        number(counted.max),
    ]
}
