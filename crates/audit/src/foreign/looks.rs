//! The audits that a foreign result allows, under the names they have for our own runs.

use plimsoll_metrics::expression::percent as percentile;
use plimsoll_metrics::interval::samples_needed;
use plimsoll_metrics::quantile::{EFFECTIVE_BEYOND_MIN, Standing, estimate};
use plimsoll_model::event::Origin;

use super::{Foreign, Row};
use crate::audits::scaling;
use crate::finding::{Finding, Status, Withheld, percent};

/// Stated figures are rounded: contradictions begin beyond this share.
const ROUNDING: f64 = 0.01;

/// Little's law may be off by so much, as for our own runs.
const LITTLE_MAX: f64 = 0.05;

/// Below this, in milliseconds, a reply over a network is not believable: a local socket takes ten times as long.
const FLOOR_MS: f64 = 0.005;

/// Failed share above which a result is no longer about the service that was meant.
const FAILED_MAX: f64 = 0.5;

/// Every audit, in the order of docs/METHOD.md, section 16.
pub(super) fn all(foreign: &Foreign) -> Vec<Finding> {
    let unknown = |id, why: &str| Finding::new(id, Status::NotRun, why);
    vec![
        books(foreign),
        failures(foreign),
        unknown("timeouts", "The result does not say which failures were timeouts, and at what."),
        origin(foreign),
        load(foreign),
        unknown("on_time", "The tool does not record how late it sent."),
        unknown("generator", "The tool does not record how its own machine was doing."),
        unknown("success", "Nothing is recorded of what was looked at in the replies."),
        samples(foreign),
        unknown("steady", "Whether results stood still needs times by second and a plan of the load."),
        unknown("arrivals", "The tool does not record when it meant to send."),
        little(foreign),
        Finding { id: "scaling", ..scaling::judge(&foreign.levels) },
        unknown("concurrency", "The tool does not record how many users there really were."),
        histogram(foreign),
        unknown("clock", "The tool does not record its clocks."),
        unknown("end", "The tool does not record what was still running when it stopped."),
        floor(foreign),
        bandwidth(foreign),
        unknown("mix", "The planned mix is not part of the result."),
        unknown("hidden", "The tool does not record retries and redirects apart."),
        crate::audits::comparison::audit(None),
        crate::audits::delivery::audit(None),
        crate::audits::streams::judge(&[]),
        disclosure(foreign),
    ]
}

fn named(row: &Row) -> String {
    if row.name.is_empty() { "the result".to_owned() } else { format!("`{}`", row.name) }
}

fn rows(foreign: &Foreign) -> impl Iterator<Item = &Row> {
    foreign.rows.iter().chain(&foreign.total)
}

/// The worst of what was found, or a pass.
fn worst(found: impl Iterator<Item = Finding>, otherwise: Finding) -> Finding {
    found.max_by_key(|f| f.status).unwrap_or(otherwise)
}

/// Do counts, rates and durations agree with each other?
fn books(foreign: &Foreign) -> Finding {
    let invalid = |sentence: String, value: f64| {
        Finding::new("books", Status::Invalid, sentence)
            .measured(value, ROUNDING)
            .withholding(Withheld::Everything)
    };
    let rates = rows(foreign).filter_map(|row| {
        let (n, rate, duration) = (row.requests?, row.rate_per_s?, row.duration_s?);
        let off = (rate * duration / n - 1.0).abs();
        // A mean rate over a ramp is still the count over the time.
        (off > ROUNDING * 3.0).then(|| {
            invalid(
                format!(
                    "{}: {rate} per second for {duration} s make {:.0} requests, it says {n:.0}.",
                    named(row),
                    rate * duration
                ),
                off,
            )
        })
    });
    let sum: Option<f64> = foreign.rows.iter().map(|r| r.requests).sum();
    let total = foreign.total.as_ref().and_then(|t| t.requests).zip(sum).filter(|_| foreign.rows.len() > 1);
    let sums = total.filter(|(total, sum)| (sum / total - 1.0).abs() > ROUNDING).map(|(total, sum)| {
        invalid(
            format!("The rows add up to {sum:.0} requests, the total says {total:.0}."),
            (sum / total - 1.0).abs(),
        )
    });
    let nothing = rows(foreign).all(|r| r.requests.is_none());
    let otherwise = if nothing {
        Finding::new("books", Status::NotRun, "The result does not say how many requests it is about.")
    } else {
        Finding::new("books", Status::Pass, "Counts, rates and durations agree, as far as they are stated.")
    };
    worst(rates.chain(sums), otherwise)
}

/// Did anything succeed, and are failures kept apart?
fn failures(foreign: &Foreign) -> Finding {
    let finding = |status, sentence: String| Finding::new("failures", status, sentence);
    let any_ok = foreign.rows.iter().any(|r| r.ok().is_some_and(|n| n > 0.0));
    let looks = rows(foreign).filter_map(|row| {
        let share = row.failed_share()?;
        let times = row.quantile_ms(0.5).or(row.mean_ms);
        if share >= 1.0 {
            let times = times.map_or_else(String::new, |ms| {
                format!(" The {ms} ms it shows are the time it took to fail.")
            });
            let sentence = format!("{}: none of {:.0} requests succeeded.{times}", named(row), row.requests?);
            // One endpoint that is not there spoils its own row; where nothing is there, nothing was measured.
            let (status, spoilt) = if any_ok {
                (Status::Limited, Withheld::Times)
            } else {
                (Status::Invalid, Withheld::Everything)
            };
            return Some(finding(status, sentence).measured(share, 0.01).withholding(spoilt));
        }
        if share > FAILED_MAX {
            return Some(
                finding(
                    Status::Invalid,
                    format!("{}: {} of the requests failed.", named(row), percent(share)),
                )
                .measured(share, FAILED_MAX)
                .withholding(Withheld::Times),
            );
        }
        let faster = row
            .raw
            .as_ref()
            .and_then(|raw| Some((raw.failed.quantile(0.5)? as f64, raw.ok.quantile(0.5)? as f64)));
        if let Some((failed, ok)) = faster.filter(|(failed, ok)| share > 0.01 && *failed < 0.5 * ok) {
            return Some(
                finding(
                    Status::Limited,
                    format!(
                        "{}: {} failed in {:.3} ms (median) where successes took {:.3} ms.",
                        named(row),
                        percent(share),
                        failed / 1e6,
                        ok / 1e6
                    ),
                )
                .measured(share, 0.01),
            );
        }
        (share > 0.001 && foreign.mixes_failures && row.raw.is_none()).then(|| {
            finding(
                Status::Limited,
                format!(
                    "{}: {} failed, and the tool counts their times among the others.",
                    named(row),
                    percent(share)
                ),
            )
            .measured(share, 0.001)
            .withholding(Withheld::Times)
        })
    });
    let known = rows(foreign).any(|r| r.failed_share().is_some());
    let otherwise = if known {
        finding(Status::Pass, "Failures are few, or kept apart.".to_owned())
    } else {
        finding(Status::NotRun, "The result does not say how many requests failed.".to_owned())
    };
    worst(looks, otherwise)
}

fn origin(foreign: &Foreign) -> Finding {
    let finding = |status, sentence: &str| Finding::new("origin", status, sentence);
    match foreign.origin {
        Some(Origin::Due) => finding(Status::Pass, "Times count from when requests were due."),
        Some(Origin::Sent) => finding(
            Status::Limited,
            "Times count from when requests were sent: whatever kept the tool from sending is not in them (coordinated omission).",
        ),
        None => finding(Status::NotRun, "Nobody says from when times count."),
    }
}

fn load(foreign: &Foreign) -> Finding {
    let finding = |status, sentence: String| Finding::new("load", status, sentence);
    let looks = rows(foreign).filter_map(|row| {
        let (asked, got) = (row.asked_per_s?, row.rate_per_s?);
        let missing = (got / asked - 1.0).abs();
        (missing > ROUNDING).then(|| {
            finding(
                Status::Invalid,
                format!("{}: {asked} per second were asked for, {got} delivered.", named(row)),
            )
            .measured(missing, ROUNDING)
            .withholding(Withheld::Rates)
        })
    });
    let asked = rows(foreign).any(|r| r.asked_per_s.is_some());
    worst(
        looks,
        if asked {
            finding(Status::Pass, "What was asked for was delivered.".to_owned())
        } else {
            finding(Status::NotRun, "No rate was asked for.".to_owned())
        },
    )
}

/// Are there samples enough for the quantiles it shows?
fn samples(foreign: &Foreign) -> Finding {
    let finding = |status, sentence: String| Finding::new("samples", status, sentence);
    let looks = rows(foreign).flat_map(|row| row.quantiles.iter().map(move |(q, _)| (row, *q))).filter_map(
        |(row, q)| {
            let n = row.ok()?;
            if let Some(raw) = row.raw.as_ref().filter(|raw| raw.seconds.len() > 1) {
                let found = estimate(&raw.ok, 0, q, raw.seconds.as_slice());
                let worth = format!("{n:.0} successes are worth {:.0} independent ones", found.effective);
                return (found.standing != Standing::Published).then(|| {
                    finding(
                        Status::Limited,
                        format!("{}: p{} is not measurable: {worth}.", named(row), percentile(q)),
                    )
                    .measured(found.effective * (1.0 - q), EFFECTIVE_BEYOND_MIN)
                    .withholding(Withheld::QuantilesAbove(0.5))
                });
            }
            (n * q.min(1.0 - q) < EFFECTIVE_BEYOND_MIN).then(|| {
                finding(
                    Status::Limited,
                    format!(
                        "{}: p{} from {n:.0} successes; {} would be needed even if they were independent.",
                        named(row),
                        percentile(q),
                        samples_needed(q).max((EFFECTIVE_BEYOND_MIN / (1.0 - q)) as u64)
                    ),
                )
                .measured(n * (1.0 - q), EFFECTIVE_BEYOND_MIN)
            })
        },
    );
    let known = rows(foreign).any(|r| r.ok().is_some() && !r.quantiles.is_empty());
    worst(
        looks,
        if known {
            finding(
                Status::Pass,
                "There are samples enough for the quantiles shown, as far as independence can be assumed."
                    .to_owned(),
            )
        } else {
            finding(Status::NotRun, "The result shows no quantiles, or not of how many requests.".to_owned())
        },
    )
}

/// Users, time and rate hang together whatever was measured.
fn little(foreign: &Foreign) -> Finding {
    let finding = |status, sentence: String| Finding::new("little", status, sentence);
    let looks: Vec<_> = rows(foreign)
        .filter_map(|row| {
            let (users, rate) = (row.users?, row.rate_per_s?);
            // The median stands in where the mean is not told: that is generous to the result.
            let time =
                row.mean_ms.or(row.quantile_ms(0.5))?.min(row.quantile_ms(0.5).unwrap_or(f64::INFINITY));
            let most = users * row.per_request.unwrap_or(1.0) / ((time + row.think_ms.unwrap_or(0.0)) / 1e3);
            Some((row, rate / most, most))
        })
        .collect();
    let broken =
        looks.iter().filter(|(_, ratio, _)| *ratio > 1.0 + LITTLE_MAX).max_by(|a, b| a.1.total_cmp(&b.1));
    if let Some((row, ratio, most)) = broken {
        let sentence = format!(
            "{}: {:.0} users who wait {} ms for each reply cannot make more than {most:.0} per second, it says {:.0}: {ratio:.1} times as many.",
            named(row),
            row.users.unwrap_or(0.0),
            row.mean_ms.or(row.quantile_ms(0.5)).unwrap_or(0.0),
            row.rate_per_s.unwrap_or(0.0)
        );
        return finding(Status::Invalid, sentence)
            .measured(*ratio, 1.0 + LITTLE_MAX)
            .withholding(Withheld::Everything);
    }
    match looks.iter().map(|(_, ratio, _)| *ratio).reduce(f64::max) {
        Some(ratio) => finding(Status::Pass, "Users, times and rates are possible together.".to_owned())
            .measured(ratio, 1.0 + LITTLE_MAX),
        None => {
            finding(Status::NotRun, "The result does not state users, times and rates together.".to_owned())
        }
    }
}

/// Are quantiles in order, and within the extremes?
fn histogram(foreign: &Foreign) -> Finding {
    let finding = |status, sentence: String| Finding::new("histogram", status, sentence);
    let looks = rows(foreign).filter_map(|row| {
        let mut quantiles: Vec<_> =
            row.quantiles.iter().map(|(q, ms)| (*q, format!("p{}", percentile(*q)), *ms)).collect();
        quantiles.extend(row.min_ms.map(|ms| (0.0, "min".to_owned(), ms)));
        quantiles.extend(row.max_ms.map(|ms| (1.0, "max".to_owned(), ms)));
        quantiles.sort_by(|a, b| a.0.total_cmp(&b.0));
        let wrong = quantiles.windows(2).find(|w| w[0].2 > w[1].2);
        let bug = |sentence: String| finding(Status::Invalid, sentence).withholding(Withheld::Times);
        if let Some([a, b]) = wrong.and_then(|w| <&[_; 2]>::try_from(w).ok()) {
            return Some(
                bug(format!("{}: {} ({} ms) is above {} ({} ms).", named(row), a.1, a.2, b.1, b.2))
                    .measured(a.2, b.2),
            );
        }
        let mean = row.mean_ms?;
        let outside = row.min_ms.is_some_and(|min| mean < min * (1.0 - ROUNDING))
            || row.max_ms.is_some_and(|max| mean > max * (1.0 + ROUNDING));
        outside.then(|| {
            bug(format!("{}: the mean of {mean} ms lies outside of minimum and maximum.", named(row)))
        })
    });
    let known = rows(foreign).any(|r| r.quantiles.len() > 1);
    worst(
        looks,
        if known {
            finding(Status::Pass, "Quantiles are in order.".to_owned())
        } else {
            finding(Status::NotRun, "There are not two quantiles to compare.".to_owned())
        },
    )
}

fn floor(foreign: &Foreign) -> Finding {
    let finding = |status, sentence: String| Finding::new("floor", status, sentence);
    let looks = rows(foreign).filter_map(|row| {
        let time = row.quantile_ms(0.5).or(row.mean_ms)?;
        (time < FLOOR_MS).then(|| {
            finding(
                Status::Invalid,
                format!(
                    "{}: {time} ms is less than any reply takes, even from the same machine.",
                    named(row)
                ),
            )
            .measured(time, FLOOR_MS)
            .withholding(Withheld::Times)
        })
    });
    let known = rows(foreign).any(|r| r.quantile_ms(0.5).or(r.mean_ms).is_some());
    worst(
        looks,
        if known {
            finding(Status::Pass, "No time is shorter than physics allows.".to_owned())
        } else {
            finding(Status::NotRun, "The result shows no times.".to_owned())
        },
    )
}

/// Could the network have carried what is claimed?
fn bandwidth(foreign: &Foreign) -> Finding {
    let finding = |status, sentence: String| Finding::new("fake", status, sentence);
    let looks = rows(foreign).filter_map(|row| {
        let (rate, each, carried) = (row.rate_per_s?, row.bytes_each?, row.bytes_per_s?);
        let ratio = rate * each / carried;
        (ratio > 1.0 + LITTLE_MAX).then(|| finding(Status::Invalid, format!("{}: {rate:.0} per second of {each:.0} bytes are {:.2} Gbit/s; the network is said to have carried {:.2}.", named(row), rate * each * 8e-9, carried * 8e-9)).measured(ratio, 1.0 + LITTLE_MAX).withholding(Withheld::Everything))
    });
    worst(looks, finding(Status::NotRun, "Nothing is known of the target's answers.".to_owned()))
}

/// Can anybody repeat it, or compute it again?
fn disclosure(foreign: &Foreign) -> Finding {
    let finding = |status, sentence: String| Finding::new("disclosure", status, sentence);
    let words: Vec<_> = rows(foreign).flat_map(|r| &r.not_numbers).map(String::as_str).collect();
    if !words.is_empty() {
        let sentence = format!("Thresholds stand where results should: {}.", words.join(", "));
        return finding(Status::Invalid, sentence)
            .measured(words.len() as f64, 0.0)
            .withholding(Withheld::Everything);
    }
    if foreign.rows.iter().all(|r| r.raw.is_none()) {
        return finding(
            Status::Limited,
            "The raw times are not there: no number can be computed again.".to_owned(),
        );
    }
    finding(Status::Limited, "Machine, seed and plan are not on record; the times are.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Status::{Invalid, Limited, NotRun, Pass};
    use crate::foreign::judge;
    use crate::verdict::RunVerdict;

    fn row() -> Row {
        Row {
            name: "api".to_owned(),
            requests: Some(60_000.0),
            failed: Some(6.0),
            rate_per_s: Some(1_000.0),
            duration_s: Some(60.0),
            users: Some(50.0),
            min_ms: Some(10.0),
            mean_ms: Some(45.0),
            max_ms: Some(300.0),
            quantiles: vec![(0.5, 44.0), (0.95, 80.0), (0.99, 120.0)],
            ..Row::default()
        }
    }

    fn status(id: &str, row: Row) -> Status {
        let foreign = Foreign { rows: vec![row], ..Foreign::default() };
        judge(&foreign).findings.into_iter().find(|f| f.id == id).unwrap().status
    }

    #[test]
    fn a_result_that_hangs_together_is_limited_for_want_of_raw_times_and_nothing_else() {
        let judged = judge(&Foreign { rows: vec![row()], ..Foreign::default() });
        assert_eq!(judged.verdict, RunVerdict::Limited);
        let flagged: Vec<_> = judged.findings.iter().filter(|f| f.status >= Limited).map(|f| f.id).collect();
        assert_eq!(flagged, ["disclosure"]);
        assert_eq!(judged.findings.len(), 25);
    }

    #[test]
    fn every_contradiction_is_found() {
        assert_eq!(status("failures", Row { failed: Some(60_000.0), ..row() }), Invalid);
        let one_dead =
            Foreign { rows: vec![row(), Row { failed: Some(60_000.0), ..row() }], ..Foreign::default() };
        assert_eq!(
            judge(&one_dead).findings.into_iter().find(|f| f.id == "failures").unwrap().status,
            Limited
        );
        assert_eq!(status("books", Row { requests: Some(90_000.0), ..row() }), Invalid);
        assert_eq!(status("histogram", Row { quantiles: vec![(0.5, 90.0), (0.95, 82.0)], ..row() }), Invalid);
        assert_eq!(status("histogram", Row { mean_ms: Some(5.0), ..row() }), Invalid);
        assert_eq!(status("little", Row { users: Some(5.0), ..row() }), Invalid);
        assert_eq!(status("little", row()), Pass);
        assert_eq!(status("floor", Row { quantiles: vec![(0.5, 0.001)], ..row() }), Invalid);
        assert_eq!(status("load", Row { asked_per_s: Some(5_000.0), ..row() }), Invalid);
        assert_eq!(status("samples", Row { requests: Some(100.0), rate_per_s: None, ..row() }), Limited);
        assert_eq!(
            status("fake", Row { bytes_each: Some(4_200.0), bytes_per_s: Some(1e6), ..row() }),
            Invalid
        );
        assert_eq!(status("fake", row()), NotRun);
        assert_eq!(status("disclosure", Row { not_numbers: vec!["<150ms".to_owned()], ..row() }), Invalid);
    }
}
