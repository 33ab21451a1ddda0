//! Scenarios and their executors.

use std::collections::BTreeMap;

use plimsoll_model::schedule::{Stage, scaled};
use plimsoll_model::{Closed, Nanos, Open, Process, SECOND_NS, Schedule};
use serde_json::{Map, Value};

use super::read::{Reader, duration_of, shown};

/// How long iterations may go on when a scenario is over.
const GRACE_NS: Nanos = 30 * SECOND_NS;

/// The longest that executors with a number of iterations go on.
const MAX_DURATION_NS: Nanos = 600 * SECOND_NS;

/// One scenario.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) executor: Executor,
    /// As the script writes it.
    pub(crate) executor_name: String,
    pub(crate) start_ns: Nanos,
    pub(crate) graceful_stop_ns: Nanos,
    /// When its last iteration is over at the latest.
    pub(crate) end_ns: Nanos,
    pub(crate) exec: String,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// Who does how many iterations, and when.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Executor {
    SharedIterations {
        vus: u64,
        iterations: u64,
        max_ns: Nanos,
    },
    PerVuIterations {
        vus: u64,
        iterations: u64,
        max_ns: Nanos,
    },
    ConstantVus {
        vus: u64,
        duration_ns: Nanos,
    },
    RampingVus {
        start: u64,
        stages: Vec<(Nanos, f64)>,
        /// How long an iteration of a user that has to leave may still go on.
        leave_ns: Nanos,
    },
    /// Arrivals per second.
    ConstantArrivals {
        rate: f64,
        duration_ns: Nanos,
        users: Users,
    },
    /// Arrivals per second.
    RampingArrivals {
        start: f64,
        stages: Vec<(Nanos, f64)>,
        users: Users,
    },
}

/// Users for arrivals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Users {
    pub(crate) before: u64,
    pub(crate) max: u64,
}

impl Scenario {
    /// Shortens it to `scale` of its length. Rates, users and numbers of iterations stay, and so does the time that users have to
    /// leave: it is for answers, which do not come sooner.
    pub(super) fn shorten(&mut self, scale: f64) {
        match &mut self.executor {
            Executor::SharedIterations { max_ns: duration_ns, .. }
            | Executor::PerVuIterations { max_ns: duration_ns, .. }
            | Executor::ConstantVus { duration_ns, .. }
            | Executor::ConstantArrivals { duration_ns, .. } => *duration_ns = scaled(*duration_ns, scale),
            Executor::RampingVus { stages, .. } | Executor::RampingArrivals { stages, .. } => {
                stages.iter_mut().for_each(|(duration_ns, _)| *duration_ns = scaled(*duration_ns, scale));
            }
        }
        self.start_ns = scaled(self.start_ns, scale);
        self.end_ns = self.start_ns + self.executor.schedule().duration_ns() + self.graceful_stop_ns;
    }
}

impl Executor {
    /// The most users at once.
    pub(crate) fn users_max(&self) -> u64 {
        match self {
            Self::SharedIterations { vus, .. }
            | Self::PerVuIterations { vus, .. }
            | Self::ConstantVus { vus, .. } => *vus,
            Self::RampingVus { start, stages, .. } => {
                stages.iter().map(|(_, level)| *level as u64).max().unwrap_or(0).max(*start)
            }
            Self::ConstantArrivals { users, .. } | Self::RampingArrivals { users, .. } => users.max,
        }
    }

    /// Users that are made before the run.
    pub(crate) fn users_before(&self) -> u64 {
        match self {
            Self::ConstantArrivals { users, .. } | Self::RampingArrivals { users, .. } => users.before,
            _ => self.users_max(),
        }
    }

    /// Iterations of all users together, if their number is what ends it.
    pub(crate) fn iterations(&self) -> Option<u64> {
        match self {
            Self::SharedIterations { iterations, .. } => Some(*iterations),
            Self::PerVuIterations { vus, iterations, .. } => Some(vus * iterations),
            _ => None,
        }
    }

    /// What the engine is to do.
    pub(crate) fn schedule(&self) -> Schedule {
        let closed = |stages, iterations_shared, iterations_per_user| {
            Schedule::Closed(Closed { iterations_shared, iterations_per_user, ..Closed::new(stages) })
        };
        let open = |stages, max_users| {
            Schedule::Open(Open { stages, process: Process::Uniform, trace: None, max_users })
        };
        let hold = |duration_ns, level| vec![Stage::hold("hold", duration_ns, level)];
        match self {
            Self::SharedIterations { vus, iterations, max_ns } => {
                closed(hold(*max_ns, *vus as f64), Some(*iterations), None)
            }
            Self::PerVuIterations { vus, iterations, max_ns } => {
                closed(hold(*max_ns, *vus as f64), None, Some(*iterations))
            }
            Self::ConstantVus { vus, duration_ns } => closed(hold(*duration_ns, *vus as f64), None, None),
            Self::RampingVus { start, stages, leave_ns } => Schedule::Closed(Closed {
                leave_ns: Some(*leave_ns),
                ..Closed::new(ramps(*start as f64, stages))
            }),
            Self::ConstantArrivals { rate, duration_ns, users } => open(hold(*duration_ns, *rate), users.max),
            Self::RampingArrivals { start, stages, users } => open(ramps(*start, stages), users.max),
        }
    }
}

fn ramps(start: f64, stages: &[(Nanos, f64)]) -> Vec<Stage> {
    let mut from = start;
    let stage = |(number, (duration_ns, to)): (usize, &(Nanos, f64))| {
        let name = format!("stage_{}", number + 1);
        Stage { name, duration_ns: *duration_ns, from: std::mem::replace(&mut from, *to), to: *to }
    };
    stages.iter().enumerate().map(stage).collect()
}

/// The scenarios that options ask for, and what is wrong with them.
pub(super) fn scenarios(options: &Map<String, Value>) -> (Vec<Scenario>, Vec<String>) {
    match options.get("scenarios") {
        Some(Value::Object(given)) if !given.is_empty() => {
            let (mut scenarios, mut problems) = (Vec::new(), Vec::new());
            for (name, fields) in given {
                match fields {
                    Value::Object(fields) => match scenario(name, fields) {
                        Ok(scenario) => scenarios.push(scenario),
                        Err(wrong) => problems.extend(wrong),
                    },
                    other => {
                        problems.push(format!("options.scenarios.{name}: `{}` is no object", shown(other)));
                    }
                }
            }
            (scenarios, problems)
        }
        Some(Value::Object(_)) | None => shortcut(options),
        Some(other) => (Vec::new(), vec![format!("options.scenarios: `{}` is no object", shown(other))]),
    }
}

/// `vus`, `duration`, `iterations` and `stages` at the top are a scenario called `default`.
fn shortcut(options: &Map<String, Value>) -> (Vec<Scenario>, Vec<String>) {
    let has = |key: &str| options.get(key).is_some_and(|v| !v.is_null());
    let (executor, taken): (_, &[(&str, &str)]) = match () {
        () if has("iterations") => (
            "shared-iterations",
            &[("vus", "vus"), ("iterations", "iterations"), ("duration", "maxDuration")],
        ),
        () if has("duration") => ("constant-vus", &[("vus", "vus"), ("duration", "duration")]),
        () if has("stages") => ("ramping-vus", &[("vus", "startVUs"), ("stages", "stages")]),
        // Without a word about the load: one iteration for each user.
        () => ("per-vu-iterations", &[("vus", "vus")]),
    };
    let mut fields = Map::new();
    fields.insert("executor".to_owned(), executor.into());
    for (from, to) in taken {
        if let Some(value) = options.get(*from) {
            fields.insert((*to).to_owned(), value.clone());
        }
    }
    match scenario("default", &fields) {
        Ok(scenario) => (vec![scenario], Vec::new()),
        Err(problems) => {
            let at_top = |p: String| p.replace("options.scenarios.default", "options");
            (Vec::new(), problems.into_iter().map(at_top).collect())
        }
    }
}

fn scenario(name: &str, fields: &Map<String, Value>) -> Result<Scenario, Vec<String>> {
    let mut reader = Reader::new(&format!("options.scenarios.{name}"), fields);
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        reader.complain("names of scenarios consist of letters, digits, _ and -");
    }
    let kind = reader.text("executor").unwrap_or_default();
    let executor = executor(&kind, &mut reader);
    let executor = executor.unwrap_or(Executor::ConstantVus { vus: 1, duration_ns: SECOND_NS });
    let start_ns = reader.duration("startTime").unwrap_or(0);
    let graceful_stop_ns = reader.duration("gracefulStop").unwrap_or(GRACE_NS);
    let scenario = Scenario {
        name: name.to_owned(),
        start_ns,
        graceful_stop_ns,
        end_ns: start_ns + executor.schedule().duration_ns() + graceful_stop_ns,
        exec: reader.text("exec").unwrap_or_else(|| "default".to_owned()),
        env: reader.texts("env"),
        tags: reader.texts("tags"),
        executor,
        executor_name: kind,
    };
    reader.know("options");
    for field in reader.rest() {
        reader.complain(&format!("`{}` has no field `{field}`", scenario.executor_name));
    }
    if reader.problems.is_empty() { Ok(scenario) } else { Err(reader.problems) }
}

fn executor(kind: &str, reader: &mut Reader<'_>) -> Option<Executor> {
    let executor = match kind {
        "shared-iterations" | "per-vu-iterations" => iterations(kind, reader),
        "constant-vus" => {
            let vus = reader.number("vus").unwrap_or(1);
            Executor::ConstantVus { vus, duration_ns: needed_duration(reader)? }
        }
        "ramping-vus" => {
            let start = reader.number("startVUs").unwrap_or(1);
            let leave_ns = reader.duration("gracefulRampDown").unwrap_or(GRACE_NS);
            Executor::RampingVus { start, stages: stages(reader)?, leave_ns }
        }
        "constant-arrival-rate" => {
            let rate = reader.number("rate").filter(|rate| *rate > 0);
            if rate.is_none() {
                reader.complain("a constant arrival rate needs a `rate` above 0");
            }
            let (factor, users, duration_ns) =
                (per_second(reader), arrival_users(reader), needed_duration(reader));
            Executor::ConstantArrivals {
                rate: rate? as f64 * factor,
                duration_ns: duration_ns?,
                users: users?,
            }
        }
        "ramping-arrival-rate" => {
            let start = reader.number("startRate").unwrap_or(0) as f64;
            let (factor, users, stages) = (per_second(reader), arrival_users(reader), stages(reader));
            let stages = stages?.into_iter().map(|(ns, rate)| (ns, rate * factor)).collect();
            Executor::RampingArrivals { start: start * factor, stages, users: users? }
        }
        "externally-controlled" => {
            reader.complain("the executor externally-controlled is gone; use ramping-vus");
            return None;
        }
        other => {
            reader.complain(&format!(
                "there is no executor `{other}`; there are shared-iterations, per-vu-iterations, constant-vus, ramping-vus, constant-arrival-rate and ramping-arrival-rate"
            ));
            return None;
        }
    };
    if executor.users_max() == 0 {
        reader.complain(&format!("{kind}: no VUs would ever run"));
    }
    Some(executor)
}

fn iterations(kind: &str, reader: &mut Reader<'_>) -> Executor {
    let vus = reader.number("vus").unwrap_or(1);
    let iterations = reader.number("iterations").unwrap_or(1);
    let max_ns = reader.duration("maxDuration").unwrap_or(MAX_DURATION_NS);
    if kind == "per-vu-iterations" {
        return Executor::PerVuIterations { vus, iterations, max_ns };
    }
    if iterations < vus {
        reader.complain(&format!("{iterations} iterations are fewer than {vus} VUs"));
    }
    Executor::SharedIterations { vus, iterations, max_ns }
}

fn needed_duration(reader: &mut Reader<'_>) -> Option<Nanos> {
    let found = reader.duration("duration").filter(|ns| *ns >= SECOND_NS);
    if found.is_none() {
        reader.complain("a `duration` is needed, of 1s at least");
    }
    found
}

fn per_second(reader: &mut Reader<'_>) -> f64 {
    SECOND_NS as f64 / reader.duration("timeUnit").filter(|ns| *ns > 0).unwrap_or(SECOND_NS) as f64
}

fn arrival_users(reader: &mut Reader<'_>) -> Option<Users> {
    let (before, max) = (reader.number("preAllocatedVUs"), reader.number("maxVUs"));
    if before.or(max).is_none() {
        reader.complain("`preAllocatedVUs` is needed");
    }
    let before = before.or(max)?;
    Some(Users { before, max: max.unwrap_or(before).max(before) })
}

fn stages(reader: &mut Reader<'_>) -> Option<Vec<(Nanos, f64)>> {
    let given = reader.array("stages").unwrap_or_default();
    let stage = |value: &Value| {
        let target = value.get("target")?;
        let target = target.as_f64().or_else(|| target.as_str()?.parse().ok())?;
        Some((duration_of(value.get("duration")?)?, target))
    };
    let read: Option<Vec<_>> = given.iter().map(stage).collect();
    if read.as_ref().is_none_or(Vec::is_empty) {
        reader.complain("`stages` is needed: a list of { duration, target }");
        return None;
    }
    read
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(options: Value) -> (Vec<Scenario>, Vec<String>) {
        let Value::Object(options) = options else { panic!("no object") };
        scenarios(&options)
    }

    #[test]
    fn short_forms_are_scenarios() {
        let only = |options: Value| read(options).0.remove(0).executor;
        let one = Executor::PerVuIterations { vus: 1, iterations: 1, max_ns: MAX_DURATION_NS };
        assert_eq!(only(json!({})), one);
        let constant = Executor::ConstantVus { vus: 3, duration_ns: 10 * SECOND_NS };
        assert_eq!(only(json!({ "vus": 3, "duration": "10s" })), constant);
        let stages =
            json!({ "stages": [{ "duration": "5s", "target": 10 }, { "duration": 0, "target": 2 }] });
        let ramp = only(stages);
        assert_eq!(
            ramp,
            Executor::RampingVus {
                start: 1,
                stages: vec![(5 * SECOND_NS, 10.0), (0, 2.0)],
                leave_ns: GRACE_NS
            }
        );
        assert_eq!((ramp.users_max(), ramp.schedule().stages()[1].from), (10, 10.0));
    }

    #[test]
    fn rates_count_per_second_whatever_their_unit() {
        let (mut found, problems) = read(json!({ "scenarios": { "a": {
            "executor": "constant-arrival-rate", "rate": 120, "timeUnit": "1m", "duration": "10s", "preAllocatedVUs": 5 } } }));
        assert_eq!(problems, Vec::<String>::new());
        let executor = found.remove(0).executor;
        let users = Users { before: 5, max: 5 };
        assert_eq!(executor, Executor::ConstantArrivals { rate: 2.0, duration_ns: 10 * SECOND_NS, users });
        assert_eq!(executor.schedule().arrivals(1), Some(20));
    }

    #[test]
    fn shorter_scenarios_keep_rates_users_and_iterations() {
        let (mut found, _) = read(json!({ "scenarios": {
            "ramp": { "executor": "ramping-arrival-rate", "startRate": 10, "preAllocatedVUs": 5, "startTime": "100s",
                      "stages": [{ "duration": "10m", "target": 50 }, { "duration": "0s", "target": 90 }, { "duration": "5s", "target": 90 }] },
            "each": { "executor": "per-vu-iterations", "vus": 3, "iterations": 7, "gracefulStop": "4s" } } }));
        found.iter_mut().for_each(|scenario| scenario.shorten(0.05));
        let users = Users { before: 5, max: 5 };
        let stages = vec![(30 * SECOND_NS, 50.0), (0, 90.0), (SECOND_NS, 90.0)];
        assert_eq!(found[0].executor, Executor::RampingArrivals { start: 10.0, stages, users });
        assert_eq!((found[0].start_ns, found[0].end_ns), (5 * SECOND_NS, (5 + 31 + 30) * SECOND_NS));
        let max_ns = 30 * SECOND_NS;
        assert_eq!(found[1].executor, Executor::PerVuIterations { vus: 3, iterations: 7, max_ns });
        assert_eq!(found[1].end_ns, max_ns + 4 * SECOND_NS);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |fields: Value| read(json!({ "scenarios": { "a": fields } })).1.join("; ");
        assert!(wrong(json!({ "executor": "fastest" })).contains("no executor `fastest`"));
        let stray = json!({ "executor": "constant-vus", "vus": 1, "duration": "1s", "rate": 3 });
        assert!(wrong(stray).contains("no field `rate`"));
        let few = json!({ "executor": "shared-iterations", "vus": 5, "iterations": 2 });
        assert!(wrong(few).contains("fewer than 5 VUs"));
        let bare = json!({ "executor": "constant-arrival-rate", "rate": 1, "duration": "2s" });
        assert!(wrong(bare).contains("preAllocatedVUs"));
        assert!(wrong(json!({ "executor": "ramping-vus" })).contains("stages"));
    }
}
