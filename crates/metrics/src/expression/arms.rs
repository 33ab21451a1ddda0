//! Claims about arms of a comparison: `ratio(throughput, nats, http) >= 2`, `ratio(p99(checkout), new, old) <= 1.1`.
//!
//! ```text
//! claim   = "ratio" "(" measure [ "(" step ")" ] "," arm "," arm ")" comparison number
//! measure = "throughput" | "mean" | "p50" | "p95" | "p99"
//! ```

use super::parse::{Cursor, ExpressionError, bound_of, comparison, measured};
use super::{Comparison, Dimension, Measure, Selector};

/// How such a claim is written.
const ARM_CLAIM: &str =
    "write it as in ratio(throughput, nats, http) >= 2, or ratio(p99(checkout), new, old) <= 1.1";

/// Quantiles that runs are compared by.
pub const ARM_QUANTILES: [f64; 3] = [0.5, 0.95, 0.99];

/// A measure of one arm over the same of another, against a plain number.
#[derive(Clone, Debug, PartialEq)]
pub struct ArmClaim {
    /// As it was written.
    pub text: String,
    /// What is measured.
    pub measure: Measure,
    /// Of which step; `None` for all operations.
    pub step: Option<String>,
    /// The arm above the line.
    pub over: String,
    /// The arm below it.
    pub under: String,
    /// How the quotient is compared.
    pub comparison: Comparison,
    /// With what.
    pub bound: f64,
}

/// Parses a claim about arms.
pub fn parse_arm_claim(text: &str) -> Result<ArmClaim, ExpressionError> {
    let mut cursor = Cursor::new(text);
    if cursor.word() != "ratio" {
        return Err(cursor.error(1, "a claim about arms begins with `ratio(`", ARM_CLAIM));
    }
    cursor.want("(", ARM_CLAIM)?;
    let (measure, selector) = measured(&mut cursor)?;
    let step = selector.step.clone();
    let is_compared = match measure {
        Measure::Mean | Measure::Throughput => true,
        Measure::Quantile(q) => ARM_QUANTILES.contains(&q),
        _ => false,
    };
    if !is_compared {
        let message = format!("arms are not compared by {measure}");
        return Err(cursor.error(1, &message, "use throughput, mean, p50, p95 or p99"));
    }
    if (Selector { step: step.clone(), ..Selector::default() }) != selector {
        return Err(cursor.error(
            1,
            "arms are compared by whole steps",
            "name a step, or nothing for all of them",
        ));
    }
    cursor.want(",", ARM_CLAIM)?;
    let over = arm(&mut cursor)?;
    cursor.want(",", ARM_CLAIM)?;
    let under = arm(&mut cursor)?;
    cursor.want(")", ARM_CLAIM)?;
    let comparison = comparison(&mut cursor)?;
    if matches!(comparison, Comparison::Equal | Comparison::Unequal) {
        return Err(cursor.error(
            1,
            "no interval shows that two arms are equal",
            "write two claims, such as >= 0.97 and <= 1.03",
        ));
    }
    let bound = bound_of(&mut cursor, Dimension::Count, ARM_CLAIM)?;
    cursor.end()?;
    Ok(ArmClaim { text: text.trim().to_owned(), measure, step, over, under, comparison, bound })
}

/// The name of an arm: whatever stands there up to a comma or the end of the parenthesis.
fn arm(cursor: &mut Cursor<'_>) -> Result<String, ExpressionError> {
    let name = cursor.up_to(&[',', ')', '(']);
    if name.is_empty() {
        return Err(cursor.error(1, "the name of an arm is missing here", ARM_CLAIM));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measure_step_and_arms_are_told() {
        let found = parse_arm_claim(" ratio(throughput, nats, http) >= 2 ").unwrap();
        assert_eq!((found.measure, found.step), (Measure::Throughput, None));
        assert_eq!((found.over.as_str(), found.under.as_str()), ("nats", "http"));
        assert_eq!((found.comparison, found.bound), (Comparison::AtLeast, 2.0));
        assert_eq!(found.text, "ratio(throughput, nats, http) >= 2");
        let found = parse_arm_claim("ratio( p99( track order ), my-arm.2 ,old ) < 1.1").unwrap();
        assert_eq!((found.measure, found.step.as_deref()), (Measure::Quantile(0.99), Some("track order")));
        assert_eq!((found.over.as_str(), found.under.as_str()), ("my-arm.2", "old"));
    }

    #[test]
    fn every_mistake_is_answered() {
        let table = [
            ("throughput >= 2", "begins with `ratio(`"),
            ("ratio(ok_rate, a, b) >= 1", "not compared by ok_rate"),
            ("ratio(p90, a, b) >= 1", "not compared by p90"),
            ("ratio(p99(call, service), a, b) >= 1", "whole steps"),
            ("ratio(p99, a) >= 1", "missing"),
            ("ratio(p99, , b) >= 1", "name of an arm"),
            ("ratio(p99, a, b) == 1", "no interval"),
            ("ratio(p99, a, b) >= 2ms", "`ms` is not a unit"),
            ("ratio(p99, a, b) >= 2 or so", "not a unit"),
        ];
        for (text, message) in table {
            let error = parse_arm_claim(text).unwrap_err();
            assert!(error.message.contains(message), "{text}: {}", error.message);
            assert!(!error.hint.is_empty(), "{text}");
        }
    }
}
