//! Figures as tools print them: `1.23ms`, `4.56k`, `12.3%`.

/// Milliseconds of a time with its unit.
pub(crate) fn milliseconds(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches(',');
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-' || c == '+' || c == 'e'))?;
    let (number, unit) = text.split_at(split);
    let factor = match unit.trim() {
        "ns" => 1e-6,
        "us" | "µs" => 1e-3,
        "ms" => 1.0,
        "s" | "sec" | "secs" => 1e3,
        "m" | "min" => 60e3,
        "h" => 3_600e3,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * factor)
}

/// A number with a decimal multiple behind it.
pub(crate) fn number(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches([',', '%']);
    let (digits, factor) = match text.chars().last()? {
        'k' => (&text[..text.len() - 1], 1e3),
        'M' => (&text[..text.len() - 1], 1e6),
        'G' => (&text[..text.len() - 1], 1e9),
        _ => (text, 1.0),
    };
    Some(digits.parse::<f64>().ok()? * factor)
}

/// The word behind `label`, on whichever line it stands.
pub(crate) fn behind<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    let rest = &text[text.find(label)? + label.len()..];
    rest.trim_start_matches([' ', '\t', ':']).split_whitespace().next()
}

/// The word before `label`.
pub(crate) fn before<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    text[..text.find(label)?].split_whitespace().next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_with_their_units() {
        assert_eq!(milliseconds("1.50s"), Some(1_500.0));
        assert_eq!(milliseconds("250.00us"), Some(0.25));
        assert_eq!(milliseconds("12"), None);
        assert_eq!(number("4.5k"), Some(4_500.0));
        assert_eq!(behind("Requests/sec:  88.5\n", "Requests/sec:"), Some("88.5"));
        assert_eq!(before("  2 threads and 50 connections", " connections"), Some("50"));
    }
}
