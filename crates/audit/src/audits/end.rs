//! 17 — Were the slow ones waited for when the run ended?

use plimsoll_model::{Outcome, Record};

use crate::finding::{Finding, Status, Withheld, count, percent};

/// Share of operations still in flight when the books were closed that only qualifies the tail
/// (docs/METHOD.md, section 16).
const SHARE_MAX: f64 = 0.001;

/// See the module.
pub fn audit(record: &Record) -> Finding {
    let Some(_) = &record.finished else {
        return Finding::new("end", Status::Invalid, "The run was cut off: what was in flight is not known.")
            .withholding(Withheld::Everything);
    };
    let in_flight = record.total(Outcome::InFlight);
    let share = in_flight as f64 / record.totals().sent.max(1) as f64;
    let finding = |status, sentence: String| Finding::new("end", status, sentence).measured(share, SHARE_MAX);
    let n = count(in_flight);
    if in_flight == 0 {
        return finding(Status::Pass, "Everything sent was waited for.".to_owned());
    }
    let sentence = format!(
        "{n} operations ({}) were still running when the books were closed; slow ones are missing from the tail. Give the run a longer graceful_stop.",
        percent(share)
    );
    let status = if share <= SHARE_MAX { Status::Limited } else { Status::Invalid };
    finding(status, sentence).withholding(Withheld::QuantilesAbove(1.0 - share))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Synthetic;

    #[test]
    fn what_is_cut_off_is_flagged_by_its_share() {
        let cut = |in_flight| audit(&Synthetic { in_flight, ..Synthetic::default() }.record()).status;
        assert_eq!(cut(0), Status::Pass);
        assert_eq!(cut(5), Status::Limited);
        assert_eq!(cut(412), Status::Invalid);
    }
}
