//! What the assistant remembers: what was said in each session, tasks, and how much it did. All of it within limits; what
//! is oldest goes.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde_json::{Value, json};

/// Sessions remembered, and the last messages of each.
const SESSIONS_MAX: usize = 10_000;
const MESSAGES_MAX: usize = 20;

/// Tasks kept.
const TASKS_MAX: usize = 10_000;

/// What it did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    pub(super) answers: u64,
    pub(super) refused: u64,
    pub(super) searches: u64,
    pub(super) tokens: u64,
    pub(super) tasks: u64,
}

/// Everything there is to remember.
#[derive(Default)]
pub(super) struct Memory {
    sessions: HashMap<String, Session>,
    /// Sessions by when they were used last.
    by_use: BTreeMap<u64, String>,
    uses: u64,
    tasks: BTreeMap<u64, Value>,
    pub(super) counters: Counters,
    /// What is left behind on command.
    leaked: Vec<Vec<u8>>,
}

#[derive(Default)]
struct Session {
    used: u64,
    messages: VecDeque<String>,
}

impl Memory {
    /// What was said in a session before this, as one text; the message is remembered.
    pub(super) fn said(&mut self, session: &str, message: &str) -> String {
        self.uses += 1;
        let known = self.sessions.entry(session.to_owned()).or_default();
        self.by_use.remove(&known.used);
        known.used = self.uses;
        self.by_use.insert(self.uses, session.to_owned());
        let before = known.messages.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        known.messages.push_back(message.to_owned());
        if known.messages.len() > MESSAGES_MAX {
            known.messages.pop_front();
        }
        if self.sessions.len() > SESSIONS_MAX
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.sessions.remove(&oldest);
        }
        before
    }

    /// Keeps a task, and gives it its number.
    pub(super) fn add_task(&mut self, title: &str, steps: &[&str]) -> Value {
        self.counters.tasks += 1;
        let number = self.counters.tasks;
        let task =
            json!({ "task_id": number.to_string(), "title": title, "status": "pending", "steps": steps });
        self.tasks.insert(number, task.clone());
        if self.tasks.len() > TASKS_MAX {
            self.tasks.pop_first();
        }
        task
    }

    pub(super) fn task(&self, id: &str) -> Option<&Value> {
        self.tasks.get(&id.parse().ok()?)
    }

    /// Never gives so many bytes back.
    pub(super) fn leak(&mut self, bytes: usize) {
        if bytes > 0 {
            // Not zeros: pages nobody wrote to take no memory.
            self.leaked.push(vec![1; bytes]);
        }
    }

    pub(super) fn shown(&self) -> Value {
        let Counters { answers, refused, searches, tokens, tasks } = self.counters;
        json!({
            "answers": answers, "refused": refused, "searches": searches, "tokens": tokens, "tasks": tasks,
            "sessions": self.sessions.len(), "leaked_bytes": self.leaked.iter().map(Vec::len).sum::<usize>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_remembered_within_limits() {
        let mut memory = Memory::default();
        assert_eq!((memory.said("a", "one"), memory.said("a", "two")), (String::new(), "one".to_owned()));
        for _ in 0..MESSAGES_MAX {
            memory.said("a", "x");
        }
        assert_eq!(memory.said("a", "y").split(' ').count(), MESSAGES_MAX);
        for number in 0..SESSIONS_MAX {
            memory.said(&number.to_string(), "hello");
        }
        assert_eq!((memory.sessions.len(), memory.by_use.len()), (SESSIONS_MAX, SESSIONS_MAX));
        assert_eq!(memory.said("a", "again"), "");
    }

    #[test]
    fn tasks_have_numbers_and_the_oldest_go() {
        let mut memory = Memory::default();
        assert_eq!(memory.add_task("t", &["s"])["task_id"], "1");
        assert_eq!(memory.task("1").unwrap()["steps"], json!(["s"]));
        assert!(memory.task("2").is_none() && memory.task("x").is_none());
        for _ in 0..TASKS_MAX {
            memory.add_task("t", &[]);
        }
        assert!(memory.task("1").is_none() && memory.tasks.len() == TASKS_MAX);
    }
}
