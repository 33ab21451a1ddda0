//! What there is to be found.

use serde_json::{Value, json};

use super::rpc::Problem;

/// Names with what they say.
const PAGES: [(&str, &str); 6] = [
    ("load-line", "The load line is the highest load at which every promise is kept, with its margin."),
    ("open-load", "In an open load arrivals come whatever the service does, as people do."),
    ("closed-load", "In a closed load a user waits for its answer before it asks again."),
    ("coordinated-omission", "A client that waits while the service stalls does not see the stall."),
    ("littles-law", "The number in flight is the rate of arrivals times the time each stays."),
    ("quantile", "A quantile without its sample size is a guess: p99 of a hundred is one request."),
];

fn uri(name: &str) -> String {
    format!("library:///{name}")
}

pub(super) fn list() -> Vec<Value> {
    PAGES
        .iter()
        .map(|(name, _)| json!({ "uri": uri(name), "name": name, "mimeType": "text/plain" }))
        .collect()
}

pub(super) fn read(params: &Value) -> Result<Value, Problem> {
    let wanted = params["uri"].as_str().unwrap_or_default();
    let (name, text) = PAGES
        .iter()
        .find(|(name, _)| uri(name) == wanted)
        .ok_or_else(|| Problem::new(-32_002, format!("no resource is called `{wanted}`")))?;
    Ok(json!({ "contents": [{ "uri": uri(name), "mimeType": "text/plain", "text": text }] }))
}

/// Pages by how many words of the query they hold, best first.
pub(super) fn search(query: &str, most: usize) -> Vec<Value> {
    let words: Vec<String> = query.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let score = |text: &str| {
        let text = text.to_lowercase();
        words.iter().filter(|word| text.contains(word.as_str())).count()
    };
    let mut found: Vec<_> = PAGES.iter().map(|(name, text)| (score(text), name, text)).collect();
    found.retain(|(score, ..)| *score > 0);
    found.sort_by_key(|(score, ..)| std::cmp::Reverse(*score));
    let shown = |(score, name, text): (usize, &&str, &&str)| json!({ "uri": uri(name), "text": text, "score": score });
    found.into_iter().take(most).map(shown).collect()
}
