//! Loads: schedules, phases, overrides.

use std::collections::BTreeMap;

use plimsoll_model::schedule::scaled;
use plimsoll_model::{Closed, Load, Nanos, Open, Phase, Process, Scenario, Schedule, Stage};

use super::super::read::Placed;
use super::super::shapes;
use super::super::types::{ClosedItem, LoadItem, OpenItem, ShapeItem, StageItem};
use super::super::units::parse_rate;
use super::super::{Constant, Environment, HOLD};
use super::Lowering;

/// Most users of an open load if nobody says.
const USERS_MAX: u64 = 10_000;

/// A closed load that ends by iterations ends here at the latest.
const LIMITED_BY_ITERATIONS_NS: Nanos = 600 * 1_000_000_000;

/// Longer runs than this are a mistake in a unit.
const DURATION_NS_MAX: Nanos = 366 * 24 * 3_600 * 1_000_000_000;

impl Lowering<'_> {
    pub(super) fn loads(
        &mut self,
        scenarios: &[Scenario],
        environment: &Environment<'_>,
    ) -> (Vec<Load>, Vec<Phase>) {
        let file = self.file;
        if file.load.0.is_empty() {
            self.diagnostics.error_of_whole(
                &file.place,
                &file.place,
                "a plan needs a load",
                "add `load:` with a scenario's name and `open:` or `closed:` below it",
            );
        }
        let mut loads = Vec::new();
        for (name, item) in file.load.iter() {
            let mix = self.mix(name, item, scenarios);
            let Some(schedule) = self.schedule(name, item) else {
                self.lose_load(name, item);
                continue;
            };
            let load = Load {
                name: name.value.clone(),
                schedule,
                mix,
                start_ns: item.start.map_or(0, |d| d.0),
                graceful_stop_ns: item.graceful_stop.map_or(self.timeout_ns_max, |d| d.0),
                iteration_ns_min: item.iteration_time.map_or(0, |d| d.0),
            };
            loads.push(load);
        }
        self.override_schedules(&mut loads, environment);
        let scale = environment.scale.unwrap_or(1.0);
        loads.iter_mut().for_each(|load| shorten(load, scale));
        self.start_after(&mut loads, scale);
        if let Some(constant) = environment.constant {
            self.make_constant(&mut loads, constant);
        }
        if loads.iter().any(|l| l.end_ns() > DURATION_NS_MAX) {
            self.diagnostics.error(
                &file.place,
                "the run would last longer than a year",
                "check the units of durations",
            );
        }
        let phases = phases(&loads);
        (loads, phases)
    }

    /// A load without a schedule: other loads and claims may name it and its phases all the same.
    fn lose_load(&mut self, name: &Placed<String>, item: &LoadItem) {
        let stages = item.open.iter().map(|o| &o.stages).chain(item.closed.iter().map(|c| &c.stages));
        let phases = stages.flatten().filter_map(|stage| stage.value.name.clone());
        self.diagnostics.lost.extend(phases.chain([name.value.clone()]));
    }

    fn mix(&mut self, name: &Placed<String>, item: &LoadItem, scenarios: &[Scenario]) -> Vec<(u16, f64)> {
        let known: Vec<_> = scenarios.iter().map(|s| s.name.as_str()).collect();
        let number = |wanted: &str| known.iter().position(|k| *k == wanted).map(|n| n as u16);
        if item.mix.0.is_empty() {
            if let Some(scenario) = number(&name.value) {
                return vec![(scenario, 1.0)];
            }
            self.unknown(name, "scenario", &known);
            return Vec::new();
        }
        let mut mix = Vec::new();
        for (scenario, weight) in item.mix.iter() {
            match number(&scenario.value) {
                None => self.unknown(scenario, "scenario", &known),
                Some(_) if !(*weight > 0.0 && weight.is_finite()) => self.diagnostics.error(
                    &scenario.place,
                    format!("a weight of {weight} makes no sense"),
                    "weights are positive numbers",
                ),
                Some(number) => mix.push((number, *weight)),
            }
        }
        mix
    }

    fn schedule(&mut self, name: &Placed<String>, item: &LoadItem) -> Option<Schedule> {
        match (&item.open, &item.closed, &item.shape) {
            (Some(open), None, None) => self.open(open),
            (None, Some(closed), None) => self.closed(closed),
            (None, None, Some(shape)) => self.shape(shape),
            _ => {
                self.diagnostics.error_of_whole(
                    &item.place,
                    &name.place,
                    format!("the load `{}` must be of one kind", name.value),
                    "give it one of open (arrivals per time), closed (users) or shape",
                );
                None
            }
        }
    }

    fn open(&mut self, item: &OpenItem) -> Option<Schedule> {
        let process = match item.arrivals.as_ref().map(|p| (p, p.value.as_str())) {
            None | Some((_, "poisson")) => Process::Poisson,
            Some((_, "uniform")) => Process::Uniform,
            Some((written, _)) => {
                self.unknown(written, "arrival process", &["poisson", "uniform"]);
                return None;
            }
        };
        let max_users = item.max_users.unwrap_or(USERS_MAX);
        if let Some(path) = &item.trace {
            let trace = self.trace(path)?;
            let duration_ns = trace.last().map_or(0, |last| last + 1);
            let rate = trace.len() as f64 / (duration_ns.max(1) as f64 / 1e9);
            return Some(Schedule::Open(Open {
                stages: vec![Stage::hold("trace", duration_ns, rate)],
                process,
                trace: Some(trace),
                max_users,
            }));
        }
        let Some(rate) = item
            .rate
            .map(|r| r.0)
            .or_else(|| item.stages.iter().any(|s| s.value.to.is_some()).then_some(0.0))
        else {
            self.diagnostics.error_of_whole(
                &item.place,
                &item.place,
                "an open load needs a rate",
                "add `rate: 100/s`, or `stages` such as `10s -> 100/s`",
            );
            return None;
        };
        let stages = match item.hold {
            Some(hold) if item.stages.is_empty() => vec![Stage::hold("hold", hold.0, rate)],
            _ => self.stages(&item.place, &item.stages, rate, item.hold.is_some(), parse_rate)?,
        };
        Some(Schedule::Open(Open { stages, process, trace: None, max_users }))
    }

    fn trace(&mut self, path: &Placed<String>) -> Option<Vec<Nanos>> {
        let text = self.read_file(path, |p| std::fs::read_to_string(p))?;
        let lines = text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#'));
        let mut times = Vec::new();
        for (number, line) in lines {
            match line.trim().parse::<f64>() {
                Ok(seconds) if (0.0..1e8).contains(&seconds) => times.push((seconds * 1e9).round() as Nanos),
                _ => {
                    self.diagnostics.error(
                        &path.place,
                        format!("{}:{}: `{line}` is not a time in seconds", path.value, number + 1),
                        "write one arrival time a line, from the start of the load",
                    );
                    return None;
                }
            }
        }
        times.sort_unstable();
        if times.is_empty() {
            self.diagnostics.error(
                &path.place,
                "the trace holds no arrivals",
                "write one arrival time a line, in seconds",
            );
            return None;
        }
        Some(times)
    }

    fn closed(&mut self, item: &ClosedItem) -> Option<Schedule> {
        let limited = item.iterations.is_some() || item.iterations_per_user.is_some();
        let starts_at = item
            .users
            .or_else(|| item.stages.iter().any(|s| s.value.to.is_some()).then_some(0))
            .or(limited.then_some(1));
        let Some(users) = starts_at else {
            self.diagnostics.error_of_whole(
                &item.place,
                &item.place,
                "a closed load needs users",
                "add `users: 50`, or `stages` such as `30s -> 50`",
            );
            return None;
        };
        let level = users as f64;
        let hold = item.hold.map(|d| d.0).or(limited.then_some(LIMITED_BY_ITERATIONS_NS));
        let mut stages = match hold {
            Some(hold) if item.stages.is_empty() => vec![Stage::hold("hold", hold, level)],
            _ => {
                self.stages(&item.place, &item.stages, level, item.hold.is_some(), |text| text.parse().ok())?
            }
        };
        if let Some(rate) = item.spawn_rate.map(|r| r.0).filter(|r| *r > 0.0) {
            spawn(&mut stages, level, rate);
        }
        Some(Schedule::Closed(Closed {
            iterations_shared: item.iterations,
            iterations_per_user: item.iterations_per_user,
            leave_ns: item.leave.map(|d| d.0),
            ..Closed::new(stages)
        }))
    }

    fn stages(
        &mut self,
        place: &super::Place,
        items: &[Placed<StageItem>],
        from: f64,
        has_hold: bool,
        parse: impl Fn(&str) -> Option<f64>,
    ) -> Option<Vec<Stage>> {
        if items.is_empty() {
            self.diagnostics.error_of_whole(
                place,
                place,
                "this load does not say how long it lasts",
                "add `for: 60s`, or `stages`",
            );
            return None;
        }
        if has_hold {
            self.diagnostics.error(
                place,
                "`for` and `stages` both say how long it lasts",
                "leave one of them out",
            );
        }
        let mut level = from;
        let mut stages = Vec::new();
        for item in items {
            let to = match item.value.to.as_deref().map(&parse) {
                None => level,
                Some(Some(to)) => to,
                Some(None) => {
                    self.diagnostics.error(
                        &item.place,
                        "the level this stage moves to is not understood",
                        "write a rate such as 500/s for arrivals, a whole number for users",
                    );
                    return None;
                }
            };
            // A spike is a jump: a named stage that says its own level holds it throughout.
            let jump = item.value.name.is_some()
                && item.value.to.is_some()
                && !matches!(item.value.name.as_deref(), Some(n) if n.starts_with("ramp") || n == "breakpoint");
            let start = if jump { to } else { level };
            let name = item.value.name.clone().unwrap_or_else(|| usual_name(level, to).to_owned());
            stages.push(Stage { name, duration_ns: item.value.duration.0, from: start, to });
            level = to;
        }
        Some(stages)
    }

    fn shape(&mut self, item: &ShapeItem) -> Option<Schedule> {
        let duration_ns = item.hold.map_or_else(|| shapes::usual_duration_ns(&item.kind.value), |d| d.0);
        let level = match (item.rate, item.users) {
            (Some(rate), None) => rate.0,
            (None, Some(users)) => users as f64,
            _ => {
                self.diagnostics.error_of_whole(
                    &item.place,
                    &item.place,
                    "a shape needs its full level",
                    "add either `rate: 500/s` (open) or `users: 50` (closed)",
                );
                return None;
            }
        };
        let Some(stages) = shapes::stages(&item.kind.value, level, duration_ns) else {
            self.unknown(&item.kind, "shape", &shapes::SHAPES);
            return None;
        };
        Some(if item.rate.is_some() {
            Schedule::Open(Open { stages, process: Process::Poisson, trace: None, max_users: USERS_MAX })
        } else {
            Schedule::Closed(Closed::new(stages))
        })
    }

    fn start_after(&mut self, loads: &mut [Load], scale: f64) {
        let file = self.file;
        // A chain is as long as there are loads at most, so as many passes settle every start.
        for _ in 0..=loads.len() {
            let ends: BTreeMap<String, Nanos> = loads.iter().map(|l| (l.name.clone(), l.end_ns())).collect();
            for (name, item) in file.load.iter() {
                let Some(after) = &item.after else { continue };
                if after.value == name.value {
                    self.diagnostics.error(
                        &after.place,
                        "a load cannot start after itself",
                        "name another load",
                    );
                    return;
                }
                match (ends.get(&after.value), loads.iter_mut().find(|l| l.name == name.value)) {
                    (Some(end), Some(load)) => {
                        load.start_ns = end + item.start.map_or(0, |d| scaled(d.0, scale));
                    }
                    (None, _) => {
                        let known: Vec<_> = ends.keys().map(String::as_str).collect();
                        self.unknown(after, "load", &known);
                        return;
                    }
                    _ => {}
                }
            }
        }
    }

    fn override_schedules(&mut self, loads: &mut [Load], environment: &Environment<'_>) {
        let closed: Vec<_> =
            (0..loads.len()).filter(|i| matches!(loads[*i].schedule, Schedule::Closed(_))).collect();
        let open: Vec<_> = (0..loads.len()).filter(|i| !closed.contains(i)).collect();
        let only = [
            (environment.users.map(|u| u as f64), &closed, "--vus", "closed"),
            (environment.rate, &open, "--rate", "open"),
        ];
        for (level, which, flag, kind) in only {
            let Some(level) = level else { continue };
            match which.as_slice() {
                [one] => scale_levels(&mut loads[*one].schedule, level),
                many => self.diagnostics.general(
                    format!("{flag} replaces the level of one {kind} load, and the plan has {}", many.len()),
                    "change the plan instead, so that it says what is run",
                ),
            }
        }
        if let Some(iterations) = environment.iterations {
            for load in loads.iter_mut() {
                if let Schedule::Closed(closed) = &mut load.schedule {
                    closed.iterations_shared = Some(iterations);
                    closed.iterations_per_user = None;
                }
            }
        }
        let whole = loads.iter().map(Load::end_ns).max().unwrap_or(0);
        if let Some(wanted) = environment.duration_ns.filter(|_| whole > 0) {
            let factor = wanted as f64 / whole as f64;
            loads.iter_mut().for_each(|load| stretch(load, factor));
        }
    }
}

impl Lowering<'_> {
    /// All loads at one level, from the beginning on: those that are searched at their share of it, others at their highest.
    fn make_constant(&mut self, loads: &mut [Load], constant: Constant) {
        let is_open = |load: &Load| matches!(load.schedule, Schedule::Open(_));
        let by_rate = loads.iter().any(is_open);
        let total: f64 =
            loads.iter().filter(|l| is_open(l) == by_rate).map(|l| l.schedule.highest_level()).sum();
        for load in loads {
            let own = load.schedule.highest_level();
            let level = if is_open(load) == by_rate { constant.level * own / total.max(1e-9) } else { own };
            let stages = vec![
                Stage::hold("warm_up", constant.warm_up_ns, level),
                Stage::hold(HOLD, constant.hold_ns, level),
            ];
            load.start_ns = 0;
            match &mut load.schedule {
                Schedule::Open(open) if open.trace.is_some() => self.diagnostics.general(
                    format!("the load `{}` is a trace, which has its own rate", load.name),
                    "give it `rate` or `stages` instead",
                ),
                Schedule::Open(open) => open.stages = stages,
                Schedule::Closed(closed) => *closed = Closed::new(stages),
            }
        }
    }
}

fn usual_name(from: f64, to: f64) -> &'static str {
    match to.total_cmp(&from) {
        std::cmp::Ordering::Equal => "hold",
        std::cmp::Ordering::Greater => "ramp",
        std::cmp::Ordering::Less => "ramp_down",
    }
}

/// Lets users arrive at `rate` per second instead of all at once.
fn spawn(stages: &mut Vec<Stage>, level: f64, rate: f64) {
    let duration_ns = (level / rate * 1e9).round() as Nanos;
    stages.insert(0, Stage { name: "ramp".to_owned(), duration_ns, from: 0.0, to: level });
}

fn stages_mut(schedule: &mut Schedule) -> &mut Vec<Stage> {
    match schedule {
        Schedule::Closed(closed) => &mut closed.stages,
        Schedule::Open(open) => &mut open.stages,
    }
}

/// Scales the schedule so that its highest level is `level`.
fn scale_levels(schedule: &mut Schedule, level: f64) {
    let highest = schedule.highest_level();
    for stage in stages_mut(schedule) {
        let scale = |old: f64| if highest > 0.0 { old / highest * level } else { level };
        (stage.from, stage.to) = (scale(stage.from), scale(stage.to));
    }
}

fn stretch(load: &mut Load, factor: f64) {
    load.start_ns = (load.start_ns as f64 * factor) as Nanos;
    for stage in stages_mut(&mut load.schedule) {
        stage.duration_ns = (stage.duration_ns as f64 * factor).round() as Nanos;
    }
}

/// Shortens a load to `scale` of its length: when it begins, and how long its stages last.
fn shorten(load: &mut Load, scale: f64) {
    load.start_ns = scaled(load.start_ns, scale);
    for stage in stages_mut(&mut load.schedule) {
        stage.duration_ns = scaled(stage.duration_ns, scale);
    }
    // A trace keeps its pace and loses its end.
    if let Schedule::Open(Open { stages, trace: Some(trace), .. }) = &mut load.schedule {
        let end_ns = stages.iter().map(|stage| stage.duration_ns).sum::<Nanos>();
        trace.retain(|at| *at < end_ns);
    }
}

/// Every stage of every load as a phase. Loads with the same stages share theirs; otherwise the load's name
/// stands before the stage's.
fn phases(loads: &[Load]) -> Vec<Phase> {
    let per_load: Vec<Vec<Phase>> = loads.iter().map(phases_of).collect();
    if per_load.windows(2).all(|pair| pair[0] == pair[1]) {
        return per_load.into_iter().next().unwrap_or_default();
    }
    let prefixed = |(load, phases): (&Load, Vec<Phase>)| {
        phases
            .into_iter()
            .map(|p| Phase { name: format!("{}.{}", load.name, p.name), ..p })
            .collect::<Vec<_>>()
    };
    loads.iter().zip(per_load).flat_map(prefixed).collect()
}

fn phases_of(load: &Load) -> Vec<Phase> {
    let mut start_ns = load.start_ns;
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    let phase = |stage: &'_ Stage, count: u32, start_ns: Nanos| Phase {
        name: if count == 1 { stage.name.clone() } else { format!("{}_{count}", stage.name) },
        start_ns,
        end_ns: start_ns + stage.duration_ns,
    };
    let mut phases = Vec::new();
    for stage in load.schedule.stages() {
        let count = seen.entry(&stage.name).or_insert(0);
        *count += 1;
        phases.push(phase(stage, *count, start_ns));
        start_ns += stage.duration_ns;
    }
    phases
}
