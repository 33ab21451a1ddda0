//! A plan put together in code. It becomes the same text that a file would hold, and is read by the same rules.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::error::Error;
use super::plan::Plan;
use super::report::Report;

/// The scenario of a plan that is built.
const USERS: &str = "users";

/// A plan that is being put together: one load, and the steps of its users.
///
/// Whatever a plan may say that has no method here goes in by [`Builder::with`] and [`Builder::step`], in the words of a plan.
#[derive(Clone, Debug)]
pub struct Builder {
    plan: Map<String, Value>,
    load: Value,
    steps: Vec<Value>,
    claims: Vec<String>,
}

impl Builder {
    pub(super) fn new(name: String) -> Self {
        let plan = Map::from_iter([("name".to_owned(), Value::from(name))]);
        Self { plan, load: Value::Null, steps: Vec::new(), claims: Vec::new() }
    }

    /// Arrivals per second, whatever the target does, for so long.
    #[must_use]
    pub fn open(mut self, per_s: f64, lasting: Duration) -> Self {
        self.load = json!({ "open": { "rate": format!("{per_s}/s"), "for": time(lasting) } });
        self
    }

    /// Users that go on when they are answered, for so long.
    #[must_use]
    pub fn closed(mut self, users: u64, lasting: Duration) -> Self {
        self.load = json!({ "closed": { "users": users, "for": time(lasting) } });
        self
    }

    /// Users that go through their steps so often, all together.
    #[must_use]
    pub fn iterations(mut self, users: u64, iterations: u64) -> Self {
        self.load = json!({ "closed": { "users": users, "iterations": iterations } });
        self
    }

    /// The load in the words of a plan, such as `json!({ "closed": { "stages": ["10s -> 50", "30s"] } })`.
    #[must_use]
    pub fn load(mut self, load: Value) -> Self {
        self.load = load;
        self
    }

    /// A request. Claims name it by its method and path: `GET /x`.
    #[must_use]
    pub fn get(self, path: &str) -> Self {
        self.bare(json!({ "get": path }))
    }

    /// A request with a body in JSON.
    #[must_use]
    pub fn post(self, path: &str, body: Value) -> Self {
        self.bare(object([("post", path.into()), ("json", body)]))
    }

    /// A step with the name that claims call it by, in the words of a plan, such as
    /// `json!({ "get": "/x", "expect": { "status": 200 } })`.
    #[must_use]
    pub fn step(mut self, name: &str, what: Value) -> Self {
        self.steps.push(object([(name, what)]));
        self
    }

    fn bare(mut self, step: Value) -> Self {
        self.steps.push(step);
        self
    }

    /// Users think for so long before they go on.
    #[must_use]
    pub fn think(self, lasting: Duration) -> Self {
        self.bare(json!({ "think": time(lasting) }))
    }

    /// What must hold, such as `p99 < 200ms`. It is recorded with the run.
    #[must_use]
    pub fn claim(mut self, claim: &str) -> Self {
        self.claims.push(claim.to_owned());
        self
    }

    /// What is tested: a URL, or `demo:shop` for a built-in service.
    #[must_use]
    pub fn target(self, target: &str) -> Self {
        self.with("target", target.into())
    }

    /// Any other key of a plan with its value: `data`, `http`, `setup`, ...
    #[must_use]
    pub fn with(mut self, key: &str, value: Value) -> Self {
        self.plan.insert(key.to_owned(), value);
        self
    }

    /// The plan.
    pub fn build(self) -> Plan {
        let mut plan = self.plan;
        if !self.claims.is_empty() {
            plan.insert("claims".to_owned(), self.claims.into());
        }
        plan.insert("load".to_owned(), json!({ USERS: self.load }));
        plan.insert("scenarios".to_owned(), json!({ USERS: self.steps }));
        // JSON is YAML; on lines of its own, so that diagnostics show the place.
        Plan::from_text(format!("{:#}\n", Value::Object(plan)))
    }

    /// Builds the plan and runs it.
    ///
    /// # Errors
    ///
    /// As [`Plan::run`].
    pub fn run(self) -> Result<Report, Error> {
        self.build().run()
    }
}

fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Object(entries.map(|(key, value)| (key.to_owned(), value)).into_iter().collect())
}

/// As plans write it.
fn time(of: Duration) -> String {
    format!("{}us", of.as_micros())
}
