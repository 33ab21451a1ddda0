//! What the assistant knows: short passages about subjects and their sides, found by their words. The passages are made from
//! sentences once; finding them is done for every question.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

const SUBJECTS: [&str; 30] = [
    "agent", "batch", "cache", "client", "clock", "disk", "graph", "index", "load", "lock", "log", "memory",
    "model", "network", "plan", "pool", "queue", "record", "request", "search", "server", "service",
    "session", "stream", "table", "task", "test", "token", "user", "worker",
];

/// Sides of a subject, each with what is said of it: `*` stands for the subject.
const SIDES: [(&str, &str); 20] = [
    ("limit", "A * has a limit, and what comes beyond it waits or is refused."),
    ("growth", "When a * grows without end, the time comes when there is no room for it."),
    ("order", "What goes into a * first should come out first, or somebody waits for ever."),
    ("failure", "A * that fails must say so at once, and not after the longest time allowed."),
    ("recovery", "After a failure a * should come back by itself, and as fast as it was before."),
    ("cost", "Each use of a * has a cost in time and money, and both add up with every call."),
    ("size", "The right size of a * follows from how much comes in and how long it stays."),
    ("speed", "The speed of a * at rest says little about its speed when many use it at once."),
    ("sharing", "Those who share a * also share its delays: one slow guest makes all of them late."),
    ("age", "What is in a * gets old, and old things should go before new ones have no place."),
    ("trust", "Nobody should trust a * that has never been seen to fail under test."),
    ("name", "Give every * one name, and use the same name in code, plans and reports."),
    ("owner", "A * without an owner is nobody's work, until the night on which it breaks."),
    ("change", "Change one thing about a * at a time, and look at what came of it."),
    ("reading", "Reading from a * is cheap only as long as nobody writes to it."),
    ("writing", "Writing to a * is done when it is safe, and not when it was sent."),
    ("waiting", "Time spent in waiting for a * is time that the user sees, whoever counts it."),
    ("start", "The first use of a * is slow, so warm it up before you measure it."),
    ("end", "At the end a * should finish what it has begun, and give back what it took."),
    ("measure", "Measure a * from outside, at the place where its users stand."),
];

/// Words that are in nearly every passage and tell them apart by nothing.
const COMMON: [&str; 12] = ["a", "and", "in", "is", "it", "its", "of", "or", "that", "the", "to", "what"];

/// How fast a word that is repeated in a passage stops to count (the k1 of BM25).
const REPEATED: f64 = 1.2;

/// One passage: a node of what is known.
pub(super) struct Passage {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) text: String,
    /// Passages about the next side of the same subject, and the same side of the next subject.
    pub(super) links: [usize; 2],
}

/// All passages, and which words stand in which.
pub(super) struct Knowledge {
    pub(super) passages: Vec<Passage>,
    /// For every word the passages it is in, each with how often.
    places: HashMap<String, BTreeMap<usize, u32>>,
}

impl Knowledge {
    pub(super) fn new() -> Self {
        let mut knowledge = Self { passages: Vec::new(), places: HashMap::new() };
        for (at, subject) in SUBJECTS.iter().enumerate() {
            for (side, (name, text)) in SIDES.iter().enumerate() {
                let links = [
                    at * SIDES.len() + (side + 1) % SIDES.len(),
                    (at + 1) % SUBJECTS.len() * SIDES.len() + side,
                ];
                let title = format!("{subject} {name}");
                let id = format!("{subject}-{name}");
                knowledge.add(Passage { id, title, text: text.replace('*', subject), links });
            }
        }
        knowledge
    }

    fn add(&mut self, passage: Passage) {
        let number = self.passages.len();
        for word in words(&passage.title).chain(words(&passage.text)) {
            *self.places.entry(word).or_default().entry(number).or_default() += 1;
        }
        self.passages.push(passage);
    }

    pub(super) fn of_id(&self, id: &str) -> Option<&Passage> {
        self.passages.iter().find(|passage| passage.id == id)
    }

    /// The passages that say most about a question, best first, with how much.
    pub(super) fn search(&self, question: &str, most: usize) -> Vec<(f64, &Passage)> {
        let mut scores: BTreeMap<usize, f64> = BTreeMap::new();
        for word in words(question) {
            let Some(places) = self.places.get(&word) else { continue };
            let rarity = (1.0 + self.passages.len() as f64 / places.len() as f64).ln();
            for (number, times) in places {
                let times = f64::from(*times);
                *scores.entry(*number).or_default() += rarity * times / (times + REPEATED);
            }
        }
        let mut found: Vec<(usize, f64)> = scores.into_iter().collect();
        // Of two that say as much the one known for longer comes first, so that the answer is the same every time.
        found.sort_by(|a, b| b.1.partial_cmp(&a.1).unwrap_or(Ordering::Equal).then(a.0.cmp(&b.0)));
        found.into_iter().take(most).map(|(number, score)| (score, &self.passages[number])).collect()
    }
}

/// The words that tell texts apart, in one spelling.
fn words(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).filter(|word| !COMMON.contains(&word.as_str()))
}

/// A text in pieces: words with the blank before them, and marks. As many as its tokens, for words as plain as these.
pub(super) fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    for c in text.chars() {
        let begins = c.is_whitespace() || !c.is_alphanumeric();
        if begins && !piece.trim().is_empty() {
            pieces.push(std::mem::take(&mut piece));
        }
        piece.push(c);
    }
    if !piece.trim().is_empty() {
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_found_first() {
        let knowledge = Knowledge::new();
        let ids = |question, most| -> Vec<&str> {
            knowledge.search(question, most).into_iter().map(|(_, passage)| passage.id.as_str()).collect()
        };
        assert_eq!(ids("Recovery of a POOL?", 1), ["pool-recovery"]);
        assert_eq!(ids("what limits has the queue: its limit", 1), ["queue-limit"]);
        assert_eq!(ids("the queue", 25).len(), 20);
        assert_eq!(ids("xyzzy of the", 5), Vec::<&str>::new());
        let found = knowledge.search("slow cache", 100);
        assert!(found.windows(2).all(|pair| pair[0].0 >= pair[1].0));
        assert_eq!(knowledge.passages.len(), 600);
        assert!(knowledge.passages.iter().flat_map(|p| p.links).all(|link| link < 600));
    }

    #[test]
    fn a_text_is_made_of_its_pieces() {
        assert_eq!(pieces("A pool, full."), ["A", " pool", ",", " full", "."]);
        let text = &Knowledge::new().passages[7].text;
        assert_eq!(pieces(text).concat(), *text);
        assert_eq!(pieces(" "), Vec::<String>::new());
    }
}
