//! Thresholds: `p(95)<500`, `rate>=0.99`, ...

use super::{Kind, Sink};

/// One threshold on one metric or sub-metric.
#[derive(Clone, Debug)]
pub(crate) struct Threshold {
    /// As the script has it.
    pub(crate) source: String,
    pub(crate) expression: Expression,
    /// Stop the run when it fails.
    pub(crate) abort: bool,
    /// Not before so many nanoseconds.
    pub(crate) delay_ns: u64,
}

/// What a threshold compares.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expression {
    pub(crate) method: Method,
    pub(crate) operator: Operator,
    pub(crate) bound: f64,
}

/// A number made of a metric's values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Method {
    Count,
    Rate,
    Value,
    Avg,
    Min,
    Max,
    Med,
    /// A percentile, 0 to 100.
    P(f64),
}

/// How it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Greater,
    AtLeast,
    Less,
    AtMost,
    Equal,
    Different,
}

/// Longest first: `>=` begins with `>`.
const OPERATORS: [(&str, Operator); 7] = [
    ("===", Operator::Equal),
    ("==", Operator::Equal),
    ("!=", Operator::Different),
    (">=", Operator::AtLeast),
    ("<=", Operator::AtMost),
    (">", Operator::Greater),
    ("<", Operator::Less),
];

impl Expression {
    /// Reads `method operator number`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            |what: &str| format!("threshold `{text}`: {what}; write e.g. `p(95)<500` or `rate>=0.99`");
        let at = text.find(['<', '>', '=', '!']).ok_or_else(|| wrong("there is no comparison"))?;
        let (method, rest) = text.split_at(at);
        let (sign, operator) = OPERATORS
            .into_iter()
            .find(|(sign, _)| rest.starts_with(sign))
            .ok_or_else(|| wrong("the comparison must be one of > >= < <= == === !="))?;
        let written = rest[sign.len()..].trim();
        let bound = written.parse().map_err(|_| match share(written) {
            Some(share) => {
                format!(
                    "threshold `{text}`: shares are numbers from 0 to 1 here; write `{}{sign}{share}`",
                    method.trim()
                )
            }
            None => wrong("what it is compared with is no number"),
        })?;
        let method = Method::parse(method.trim()).ok_or_else(|| {
            wrong("the method must be one of count, rate, value, avg, min, max, med, p(0..100)")
        })?;
        Ok(Self { method, operator, bound })
    }

    /// A sentence if metrics of that kind have no such number.
    pub(crate) fn suits(&self, kind: Kind) -> bool {
        use Method::{Avg, Count, Max, Med, Min, P, Rate, Value};
        matches!(
            (kind, self.method),
            (Kind::Counter, Count | Rate)
                | (Kind::Gauge, Value)
                | (Kind::Rate, Rate)
                | (Kind::Trend, Avg | Min | Max | Med | P(_))
        )
    }

    /// Whether it holds over the values so far. Without values a threshold holds, as it does in k6.
    pub(crate) fn holds(&self, sink: &Sink, elapsed_s: f64) -> bool {
        if sink.samples() == 0 && !matches!(sink, Sink::Gauge { .. }) {
            return true;
        }
        let value = self.method.of(sink, elapsed_s);
        match self.operator {
            Operator::Greater => value > self.bound,
            Operator::AtLeast => value >= self.bound,
            Operator::Less => value < self.bound,
            Operator::AtMost => value <= self.bound,
            Operator::Equal => value == self.bound,
            Operator::Different => value != self.bound,
        }
    }
}

/// What was written in percent, as the number that it means; digits are moved, so that 0.1 % is 0.001 and nothing beside it.
fn share(written: &str) -> Option<String> {
    let percent: f64 = written.strip_suffix('%')?.trim().parse().ok()?;
    let share = format!("{:.12}", percent / 100.0);
    Some(share.trim_end_matches('0').trim_end_matches('.').to_owned())
}

impl Method {
    fn parse(text: &str) -> Option<Self> {
        let percentile = || {
            let inner = text.strip_prefix("p(")?.strip_suffix(')')?;
            inner.trim().parse().ok().filter(|p| (0.0..=100.0).contains(p)).map(Self::P)
        };
        Some(match text {
            "count" => Self::Count,
            "rate" => Self::Rate,
            "value" => Self::Value,
            "avg" => Self::Avg,
            "min" => Self::Min,
            "max" => Self::Max,
            "med" => Self::Med,
            _ => return percentile(),
        })
    }

    /// The number over the values so far; counters count per second of `elapsed_s`.
    pub(crate) fn of(self, sink: &Sink, elapsed_s: f64) -> f64 {
        match (self, sink) {
            (Self::Count, Sink::Counter { sum, .. }) => *sum,
            (Self::Rate, Sink::Counter { sum, .. }) => sum / elapsed_s.max(f64::MIN_POSITIVE),
            (Self::Rate, Sink::Rate { trues, total }) => *trues as f64 / (*total).max(1) as f64,
            (Self::Value, Sink::Gauge { value, .. }) => *value,
            (Self::Avg, Sink::Trend(trend)) => trend.mean(),
            (Self::Min, Sink::Trend(trend)) => trend.figures().min,
            (Self::Max, Sink::Trend(trend)) => trend.figures().max,
            (Self::Med, Sink::Trend(trend)) => trend.quantile(0.5),
            (Self::P(p), Sink::Trend(trend)) => trend.quantile(p / 100.0),
            _ => f64::NAN,
        }
    }

    /// What the method is called where several are listed: `summaryTrendStats` takes the same words.
    pub(crate) fn of_trend(text: &str) -> Option<Self> {
        Self::parse(text).filter(|m| !matches!(m, Self::Rate | Self::Value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar() {
        let parsed = |text: &str| Expression::parse(text).unwrap();
        assert_eq!(
            parsed("p(95) < 500"),
            Expression { method: Method::P(95.0), operator: Operator::Less, bound: 500.0 }
        );
        assert_eq!(parsed("rate>=0.99").operator, Operator::AtLeast);
        assert_eq!(parsed("count===3").operator, Operator::Equal);
        assert_eq!(parsed("p(99.9)<1e3").method, Method::P(99.9));
        for wrong in ["p95<500", "p(101)<1", "rate", "rate<fast", "avg=>1", "99p<1"] {
            assert!(Expression::parse(wrong).is_err(), "{wrong}");
        }
        for (wrong, right) in
            [("rate<0.1%", "`rate<0.001`"), ("rate >= 99 %", "`rate>=0.99`"), ("rate<100%", "`rate<1`")]
        {
            let said = Expression::parse(wrong).unwrap_err();
            assert!(said.contains(right), "{said}");
        }
    }

    #[test]
    fn a_method_suits_the_type_it_is_made_for_and_nothing_fails_without_values() {
        let expression = Expression::parse("rate<0.01").unwrap();
        assert!(
            expression.suits(Kind::Rate) && expression.suits(Kind::Counter) && !expression.suits(Kind::Trend)
        );
        let mut sink = Sink::new(Kind::Rate);
        assert!(expression.holds(&sink, 1.0));
        sink.add(1.0);
        assert!(!expression.holds(&sink, 1.0));
    }
}
