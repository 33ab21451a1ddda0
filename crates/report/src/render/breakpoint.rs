//! What a ramp says of the load line, in sentences.

use plimsoll_audit::breakpoint::{Break, Breakpoint, Fate};

use crate::format::{count, rate};

/// A level in the unit of the ramp.
pub(crate) fn level(found: &Breakpoint, level: f64) -> String {
    if found.is_rate { rate(level) } else { format!("{} users", count(level.round() as u64)) }
}

/// The highest load that kept all claims, if the ramp tells one: where charts have the load line.
pub(crate) fn line(found: &Breakpoint) -> Option<f64> {
    found.first.and_then(|first| first.kept).filter(|_| !is_floor(found))
}

/// Whether the generator or the plan's users gave out before a claim broke, so that more might have been carried.
fn is_floor(found: &Breakpoint) -> bool {
    let no_user = |first: Break| found.without_user.is_some_and(|at| at <= first.high);
    found.spoilt.is_some() || found.first.is_some_and(no_user)
}

/// What came of the ramp, a sentence each; the first is the answer.
pub fn sentences(found: &Breakpoint) -> Vec<String> {
    let mut said = vec![answer(found)];
    if let Some(spoilt) = &found.spoilt {
        said.push(format!(
            "The generator gave out, so that none of this is the target's for certain: {spoilt}"
        ));
    }
    if let Some(at) = found.without_user {
        said.push(format!(
            "From about {} on arrivals found no free user: beyond, the plan's max_users is what was tested.",
            level(found, at)
        ));
    }
    said.push(format!(
        "A look spans {}, and a ramp is ahead of the queue that it builds: this is a quick answer. `plimsoll capacity` holds one level after another, and is the exact way.",
        level(found, found.resolution)
    ));
    said
}

fn answer(found: &Breakpoint) -> String {
    let broke = found.claims.iter().filter_map(|course| match course.fate {
        Fate::Broke(at) if Some(at) == found.first => Some(format!("`{}`", course.claim)),
        _ => None,
    });
    let broke: Vec<_> = broke.collect();
    match found.first {
        Some(Break { kept: Some(kept), .. }) if is_floor(found) => format!(
            "At least {} kept all claims by one ramp; what broke first, {}, is not the target's for certain.",
            level(found, kept),
            broke.join(" and ")
        ),
        Some(Break { kept: Some(kept), low, high }) => format!(
            "About {} by one ramp (between {} and {}) is the highest load that kept all claims; {} broke first.",
            level(found, kept),
            level(found, low),
            level(found, high),
            broke.join(" and ")
        ),
        Some(Break { kept: None, high, .. }) => format!(
            "No load kept all claims: {} broke below {}, where the ramp can first be looked at.",
            broke.join(" and "),
            level(found, high)
        ),
        None if found.claims.iter().any(|course| course.fate == Fate::Kept) => {
            format!(
                "Every claim that a ramp can tell of was kept up to its end at {}.",
                level(found, found.reached)
            )
        }
        None => "No claim of this plan can be told from a ramp.".to_owned(),
    }
}

/// A claim's fate in words.
pub(crate) fn fate(found: &Breakpoint, fate: &Fate) -> String {
    match fate {
        Fate::Broke(Break { kept: Some(kept), low, high }) => format!(
            "broke at about {} (between {} and {})",
            level(found, *kept),
            level(found, *low),
            level(found, *high)
        ),
        Fate::Broke(Break { kept: None, .. }) => "broken from the first look on".to_owned(),
        Fate::Kept => format!("kept up to {}", level(found, found.reached)),
        Fate::NotJudged(why) => format!("not judged: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_audit::breakpoint::STAGE;
    use plimsoll_audit::testing::Synthetic;
    use plimsoll_model::{Claim, SECOND_NS, Schedule, Stage};

    use crate::{View, html, json, markdown, text};

    /// The synthetic minute as a ramp from 0 to 400 a second whose times grow.
    fn view(claims: &[&str]) -> View {
        let mut record = Synthetic { drift: 10.0, ..Synthetic::default() }.record();
        if let Schedule::Open(open) = &mut record.started.plan.loads[0].schedule {
            let duration_ns = 60 * SECOND_NS;
            open.stages = vec![Stage { name: STAGE.to_owned(), duration_ns, from: 0.0, to: 400.0 }];
        }
        record.started.plan.claims =
            claims.iter().map(|text| Claim { text: (*text).to_owned(), abort: false }).collect();
        View::new(record)
    }

    #[test]
    fn every_report_tells_where_the_first_claim_broke_and_what_is_exact() {
        let view = view(&["p50 < 100ms", "ok_rate >= 99%", "throughput >= 1/s"]);
        for said in [text(&view), markdown(&view), html(&view)] {
            assert!(said.contains("by one ramp (between 1"), "{said}");
            assert!(said.contains("is the exact way"), "{said}");
            assert!(said.contains("kept up to 400/s"), "{said}");
            assert!(said.contains("not judged: what is carried rises"), "{said}");
        }
        assert!(html(&view).contains("\"load_line\":{\"level\":1"), "the charts have the line");
        let run: serde_json::Value = serde_json::from_str(&json(&view)).unwrap();
        assert_eq!(run["breakpoint"]["claims"][0]["fate"], "broke");
        assert!(
            run["breakpoint"]["kept"].as_f64().is_some_and(|kept| (120.0..=165.0).contains(&kept)),
            "{run}"
        );
    }

    #[test]
    fn what_never_breaks_has_no_line() {
        let view = view(&["p50 < 10s"]);
        assert!(text(&view).contains("Every claim that a ramp can tell of was kept up to its end at 400/s."));
        assert!(html(&view).contains("\"load_line\":null"));
    }
}
