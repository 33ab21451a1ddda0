//! Named shapes as stages.

use plimsoll_model::{Nanos, SECOND_NS, Stage};

/// Names of the shapes.
pub(crate) const SHAPES: [&str; 6] = ["smoke", "load", "stress", "spike", "soak", "breakpoint"];

/// How long a shape lasts if nobody says.
pub(crate) fn usual_duration_ns(shape: &str) -> Nanos {
    let seconds = match shape {
        "smoke" => 30,
        "load" | "spike" => 300,
        "soak" => 3_600,
        _ => 600,
    };
    seconds * SECOND_NS
}

/// The stages of a shape whose full level is `level`, as shares of its duration and of that level.
pub(crate) fn stages(shape: &str, level: f64, duration_ns: Nanos) -> Option<Vec<Stage>> {
    let parts: &[(&str, f64, f64, f64)] = match shape {
        "smoke" => &[("hold", 1.0, 1.0, 1.0)],
        "load" => &[("ramp", 0.1, 0.0, 1.0), ("hold", 0.8, 1.0, 1.0), ("ramp_down", 0.1, 1.0, 0.0)],
        "stress" => &[
            ("ramp", 0.05, 0.0, 0.5),
            ("half", 0.15, 0.5, 0.5),
            ("ramp_to_full", 0.05, 0.5, 1.0),
            ("full", 0.25, 1.0, 1.0),
            ("ramp_beyond", 0.05, 1.0, 1.5),
            ("beyond", 0.25, 1.5, 1.5),
            ("recovery", 0.2, 0.5, 0.5),
        ],
        "spike" => &[("before", 0.4, 0.1, 0.1), ("spike", 0.1, 1.0, 1.0), ("recovery", 0.5, 0.1, 0.1)],
        "soak" => &[("ramp", 0.05, 0.0, 1.0), ("hold", 0.9, 1.0, 1.0), ("ramp_down", 0.05, 1.0, 0.0)],
        // Audits know it by this name (docs/CAPACITY.md).
        "breakpoint" => &[("breakpoint", 1.0, 0.0, 1.0)],
        _ => return None,
    };
    let stage = |(name, share, from, to): &(&str, f64, f64, f64)| Stage {
        name: (*name).to_owned(),
        duration_ns: (duration_ns as f64 * share).round() as Nanos,
        from: level * from,
        to: level * to,
    };
    Some(parts.iter().map(stage).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_last_as_long_as_they_say() {
        for shape in SHAPES {
            let stages = stages(shape, 100.0, 100 * SECOND_NS).unwrap();
            assert_eq!(stages.iter().map(|s| s.duration_ns).sum::<u64>(), 100 * SECOND_NS, "{shape}");
            assert!(stages.iter().any(|s| s.to >= 100.0), "{shape} reaches its level");
        }
    }
}
