//! 1 — Do the books balance? Scheduled = dropped + sent; sent = outcomes + in flight; windows = workers' own count.

use plimsoll_model::{Outcome, Record};

use crate::finding::{Finding, Status, Withheld, count};

/// Operations that may be unaccounted for: none. Integers either agree or they do not.
const UNACCOUNTED_MAX: u64 = 0;

/// See the module.
pub fn audit(record: &Record) -> Finding {
    let Some(finished) = &record.finished else {
        return Finding::new("books", Status::Invalid, "The run ended before its books were closed; what is shown is only what had been written by then.")
            .withholding(Withheld::Everything);
    };
    let mut unaccounted = 0;
    let mut scheduled = 0;
    for (step, _) in record.started.plan.operations() {
        let windows = record.counts.get(&step).copied().unwrap_or_default();
        let ended: u64 =
            Outcome::ALL.into_iter().filter(|o| *o != Outcome::Dropped).map(|o| record.count(step, o)).sum();
        let books = finished.books.iter().find(|b| b.step == step).cloned().unwrap_or_default();
        scheduled += windows.scheduled;
        unaccounted += windows.scheduled.abs_diff(windows.dropped + windows.sent);
        unaccounted += windows.sent.abs_diff(ended);
        unaccounted += windows.scheduled.abs_diff(books.counts.scheduled)
            + windows.sent.abs_diff(books.counts.sent)
            + windows.dropped.abs_diff(books.counts.dropped);
        unaccounted += Outcome::ALL
            .into_iter()
            .map(|o| record.count(step, o).abs_diff(books.outcomes[o.index()]))
            .sum::<u64>();
    }
    let (n, of) = (count(unaccounted), count(scheduled));
    let finding = if unaccounted == UNACCOUNTED_MAX {
        Finding::new("books", Status::Pass, format!("All {of} operations are accounted for."))
    } else {
        Finding::new(
            "books",
            Status::Invalid,
            format!("{n} of {of} operations are unaccounted for; no number from this run is usable."),
        )
        .withholding(Withheld::Everything)
    };
    finding.measured(unaccounted as f64, UNACCOUNTED_MAX as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Synthetic, assert_flags};

    #[test]
    fn lost_and_miscounted_operations_are_flagged() {
        assert_flags(audit, Status::Invalid, |record| record.counts.values_mut().for_each(|c| c.sent -= 37));
        assert_flags(audit, Status::Invalid, |record| {
            record.finished.as_mut().unwrap().books[0].outcomes[0] += 1;
        });
        assert_flags(audit, Status::Invalid, |record| record.finished = None);
    }

    #[test]
    fn dropped_and_in_flight_operations_are_accounted_for() {
        let record = Synthetic { dropped: 5, in_flight: 3, ..Synthetic::default() }.record();
        assert_eq!(audit(&record).status, Status::Pass);
    }
}
