//! Which sample of an exposition is meant: `http_requests_total{code="200"}`.

/// A metric's name, and labels that it must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricSelector {
    /// The name.
    pub name: String,
    /// Labels with their values.
    pub labels: Vec<(String, String)>,
}

impl MetricSelector {
    /// Parses a name, with labels in braces behind it. What is wrong is said in a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (name, rest) = text.split_at(text.find('{').unwrap_or(text.len()));
        let name = name.trim();
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        if name.is_empty() || !name.chars().all(fits) || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(format!("`{name}` is not the name of a metric"));
        }
        if rest.is_empty() {
            return Ok(Self { name: name.to_owned(), labels: Vec::new() });
        }
        let (labels, behind) = labels(&rest[1..]).ok_or_else(|| {
            format!("the labels of `{name}` are not written as {{name=\"value\", other=\"value\"}}")
        })?;
        if behind.trim().is_empty() {
            Ok(Self { name: name.to_owned(), labels })
        } else {
            Err(format!("there is more behind the labels of `{name}`"))
        }
    }

    /// True if a sample of this name with these labels is meant. It may have more labels.
    pub fn accepts(&self, name: &str, labels: &[(String, String)]) -> bool {
        self.name == name && self.labels.iter().all(|wanted| labels.contains(wanted))
    }
}

/// Labels as they stand in braces, the opening one taken; what stands behind the closing one. `None` if they make no sense.
pub fn labels(mut text: &str) -> Option<(Vec<(String, String)>, &str)> {
    let mut labels = Vec::new();
    loop {
        text = text.trim_start().trim_start_matches(',').trim_start();
        if let Some(rest) = text.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, rest) = text.split_once('=')?;
        let (value, rest) = quoted(rest.trim_start().strip_prefix('"')?)?;
        labels.push((name.trim().to_owned(), value));
        text = rest;
    }
}

/// A value up to its closing quote, and what stands behind that.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match characters.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_labels_select() {
        let selector =
            MetricSelector::parse("http_requests_total{code=\"200\", path=\"/a,\\\"b}\"}").unwrap();
        let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let sample = [label("method", "GET"), label("code", "200"), label("path", "/a,\"b}")];
        assert!(selector.accepts("http_requests_total", &sample));
        assert!(!selector.accepts("http_requests_total", &sample[..2]));
        assert!(!selector.accepts("http_requests", &sample));
        assert!(MetricSelector::parse("up").unwrap().accepts("up", &sample));
        for wrong in ["", "9lives", "a b", "a{b}", "a{b=c}", "a{b=\"c}", "a{} b", "rate(a[1m])"] {
            assert!(MetricSelector::parse(wrong).is_err(), "{wrong}");
        }
    }
}
