//! The budget of errors that an objective allows, and how fast it is spent (docs/METHOD.md, section 11).

/// The window of an objective, in hours: 30 days.
pub const WINDOW_H: f64 = 30.0 * 24.0;

/// The short window is so many times shorter than the long one.
pub const SHORTER: usize = 12;

/// How fast the budget is spent: 1 spends it within the window. `objective` is the share that must be good.
pub fn burn(bad: f64, valid: f64, objective: f64) -> f64 {
    bad / valid / (1.0 - objective)
}

/// How long the budget of the window lasts at this rate, in hours; without end at 0.
pub fn lasts_h(burn: f64) -> f64 {
    WINDOW_H / burn
}

/// The share of the window's budget that is gone after so many hours at this rate.
pub fn spent(burn: f64, hours: f64) -> f64 {
    burn * hours / WINDOW_H
}

/// A time in words.
pub fn long_time(hours: f64) -> String {
    let seconds = hours * 3_600.0;
    match seconds {
        s if s.is_infinite() => "for ever".to_owned(),
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7_200.0 => format!("{:.0} min", s / 60.0),
        s if s < 72.0 * 3_600.0 => format!("{:.0} h", s / 3_600.0),
        s => format!("{:.0} days", s / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// docs/METHOD.md, section 11, after the SRE workbook, table 5-8.
    #[test]
    fn known_answers() {
        let fast = burn(144.0, 10_000.0, 0.999);
        assert!((fast - 14.4).abs() < 1e-9);
        assert!((lasts_h(fast) - 50.0).abs() < 1e-9);
        assert!((spent(fast, 1.0) - 0.02).abs() < 1e-12);
        // Pages and tickets of that table: 2 % in an hour, 5 % in six, 10 % in three days.
        assert!((spent(6.0, 6.0) - 0.05).abs() < 1e-12 && (spent(1.0, 72.0) - 0.10).abs() < 1e-12);
        // What a blog says, that 14.4 is exhausted in two hours, is not so.
        assert!(lasts_h(14.4) > 2.0 * 24.0);
        assert_eq!(long_time(lasts_h(14.4)), "50 h");
        assert_eq!(long_time(lasts_h(0.0)), "for ever");
    }
}
