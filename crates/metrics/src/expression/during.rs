//! The same claim about one phase of a run.

use super::statement::{Statement, parse_statement};

/// `text` with its measure restricted to `phase`; as it is, if it names a phase already, is about more than one measure, or
/// is no claim.
pub fn during(text: &str, phase: &str) -> String {
    let is_whole = |text: &str| match parse_statement(text) {
        Ok(Statement::Measured(expression)) => expression.selector.phase.is_none(),
        Ok(Statement::Series(series)) => series.phase.is_none(),
        _ => false,
    };
    let comparison = text.find(['<', '>', '=', '!']).filter(|_| is_whole(text));
    // A selection may hold `=`: then the comparison stands behind it.
    let end = match (text.rfind(')'), comparison) {
        (Some(behind), Some(_)) => Some(behind + 1),
        (None, found) => found,
        _ => None,
    };
    let Some(end) = end else { return text.to_owned() };
    let (measure, rest) = (text[..end].trim_end(), text[end..].trim_start());
    match measure.strip_suffix(')') {
        Some(open) => format!("{open}, phase={phase}) {rest}"),
        None => format!("{measure}(phase={phase}) {rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_restricted_in_their_own_words() {
        let of = |text| during(text, "hold");
        assert_eq!(of("p99 < 200ms"), "p99(phase=hold) < 200ms");
        assert_eq!(of("p99(checkout)<200ms"), "p99(checkout, phase=hold) <200ms");
        assert_eq!(of("ok_rate >= 99.9%"), "ok_rate(phase=hold) >= 99.9%");
        assert_eq!(of("max(redis.memory) < 1GB"), "max(redis.memory, phase=hold) < 1GB");
        assert_eq!(
            of("p95(tag.kind=read, service) < 60ms"),
            "p95(tag.kind=read, service, phase=hold) < 60ms"
        );
        for text in ["p99(phase=spike) < 1s", "lost() == 0", "ratio(p99(a), p99(b)) < 2", "p99 is fine"] {
            assert_eq!(of(text), text);
        }
        for text in ["p99 < 200ms", "p99(checkout)<200ms", "ok_rate >= 99.9%"] {
            let Ok(Statement::Measured(expression)) = parse_statement(&of(text)) else { panic!("{text}") };
            assert_eq!(expression.selector.phase.as_deref(), Some("hold"));
        }
    }
}
