//! At which load did claims first break, in a run whose load rises in one ramp?
//!
//! One ramp is a cheap answer and not an exact one: the load never stands still, so a queue lags behind what it would come
//! to, and every stretch that is looked at spans several levels. Both are told with it. The exact way is the search by
//! levels ([`crate::capacity`], docs/decisions/0018).

use plimsoll_metrics::expression::{Expression, Measure, Selector, Statement};
use plimsoll_model::{Load, Nanos, Phase, Record, SECOND_NS, Schedule};

use crate::finding::{Finding, Status};
use crate::select::{STEADY, Selected};

/// The stage that is looked at: what the shape `breakpoint` expands to.
pub const STAGE: &str = "breakpoint";

/// A ramp is cut into so many pieces, of whole seconds.
const PIECES: u64 = 50;

/// Neighbouring pieces that are looked at together, and looks in a row that must say the same. A single piece may be a hiccup,
/// and is seen by as many looks as pieces are looked at together: two more must say it.
const SMOOTHED: u64 = 3;
const IN_A_ROW: usize = SMOOTHED as usize + 2;

/// Fewest operations of a look that says anything.
const OPERATIONS_MIN: u64 = 20;

/// By how many standard deviations more than allowed must lie beyond a bound: one percent of independent looks do by chance.
const DEVIATIONS: f64 = 2.33;

/// The quantile of the response time by which a ramp lags.
const LAG_QUANTILE: f64 = 0.95;

/// What a ramp says of every claim.
#[derive(Clone, Debug, PartialEq)]
pub struct Breakpoint {
    /// Levels are arrivals per second; otherwise users.
    pub is_rate: bool,
    /// The ramp, as far as the run got.
    pub ramp: Phase,
    /// The level at its end.
    pub reached: f64,
    /// By how much the level rises within one look.
    pub resolution: f64,
    /// Claims in the plan's order.
    pub claims: Vec<Course>,
    /// Where the first of them broke; `None` if none did.
    pub first: Option<Break>,
    /// The level at which arrivals first found no free user.
    pub without_user: Option<f64>,
    /// What an audit says of the generator, if it gave out.
    pub spoilt: Option<String>,
}

/// How a claim fared.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// The claim, as the plan states it.
    pub claim: String,
    /// What came of it.
    pub fate: Fate,
}

/// What came of a claim on a ramp.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// It broke.
    Broke(Break),
    /// It held wherever it could be looked at.
    Kept,
    /// It cannot be told from a ramp, with the reason.
    NotJudged(&'static str),
}

/// Where a claim broke.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Break {
    /// The highest level that kept it; `None` if it was broken from the first look on.
    pub kept: Option<f64>,
    /// The level a piece before the look, less what the ramp gained while its operations were answered.
    pub low: f64,
    /// The level at the end of the look.
    pub high: f64,
}

/// What the ramp of a run says; `None` without one.
pub fn breakpoint(record: &Record, findings: &[Finding]) -> Option<Breakpoint> {
    let ramp = Ramp::of(record)?;
    let looks = ramp.looks();
    let claims: Vec<Course> =
        record.started.plan.claims.iter().map(|claim| ramp.course(&claim.text, &looks)).collect();
    let breaks = claims.iter().filter_map(|c| if let Fate::Broke(at) = c.fate { Some(at) } else { None });
    let spoilt = findings
        .iter()
        .find(|f| crate::capacity::REFUSING.contains(&f.id) && f.status == Status::Invalid)
        .map(|f| f.sentence.clone());
    Some(Breakpoint {
        is_rate: ramp.is_rate,
        reached: ramp.level(ramp.phase.end_ns),
        resolution: looks.first().map_or(0.0, |look| ramp.level(look.end_ns) - ramp.level(look.start_ns)),
        first: breaks.min_by(|a, b| a.high.total_cmp(&b.high)),
        without_user: ramp.without_user(),
        claims,
        spoilt,
        ramp: ramp.phase,
    })
}

/// The ramp of a run.
struct Ramp<'a> {
    record: &'a Record,
    loads: Vec<&'a Load>,
    phase: Phase,
    is_rate: bool,
}

impl<'a> Ramp<'a> {
    fn of(record: &'a Record) -> Option<Self> {
        let rising = |load: &&Load| ramp_of(load).is_some();
        let loads: Vec<&Load> = record.started.plan.loads.iter().filter(rising).collect();
        let mut phase = ramp_of(loads.first()?)?;
        phase.end_ns = phase.end_ns.min(record.span_ns());
        let is_rate = loads.iter().any(|load| matches!(load.schedule, Schedule::Open(_)));
        let loads =
            loads.into_iter().filter(|l| matches!(l.schedule, Schedule::Open(_)) == is_rate).collect();
        (phase.end_ns > phase.start_ns).then_some(Self { record, loads, phase, is_rate })
    }

    /// The level of all loads that rise, together.
    fn level(&self, at_ns: Nanos) -> f64 {
        // At the very end of a schedule nothing is asked for any more.
        let at_ns = at_ns.min(self.phase.end_ns - 1);
        self.loads.iter().map(|load| load.schedule.level_at(at_ns.saturating_sub(load.start_ns))).sum()
    }

    /// Stretches that are looked at, each beginning a piece after the one before.
    fn looks(&self) -> Vec<Phase> {
        let seconds = (self.phase.end_ns - self.phase.start_ns) / SECOND_NS;
        let piece_ns = seconds.div_ceil(PIECES).max(1) * SECOND_NS;
        let starts = (0..).map(|piece| self.phase.start_ns + piece * piece_ns);
        let look =
            |start_ns| Phase { name: STAGE.to_owned(), start_ns, end_ns: start_ns + SMOOTHED * piece_ns };
        starts.map(look).take_while(|look| look.end_ns <= self.phase.end_ns).collect()
    }

    fn course(&self, claim: &str, looks: &[Phase]) -> Course {
        let fate = match judgeable(claim, self.record) {
            Err(why) => Fate::NotJudged(why),
            Ok(expression) => self.fate(&expression, looks),
        };
        Course { claim: claim.to_owned(), fate }
    }

    fn fate(&self, expression: &Expression, looks: &[Phase]) -> Fate {
        let selector = Selector { phase: None, ..expression.selector.clone() };
        let all = Selected::new(self.record, &selector);
        let said: Vec<(&Phase, bool)> =
            looks.iter().filter_map(|look| Some((look, is_lost(expression, &all.within(look))?))).collect();
        if said.is_empty() {
            return Fate::NotJudged("too few operations at every level");
        }
        // What is lost at the end of the ramp has no more looks to come.
        let stays = |at: usize| said[at..].iter().take(IN_A_ROW).all(|(_, lost)| *lost);
        let Some(at) = (0..said.len()).find(|at| stays(*at)) else { return Fate::Kept };
        let look = said[at].0;
        let lag_ns = all.within(look).finite().quantile(LAG_QUANTILE).unwrap_or(0);
        // The look before may have been beyond the bound already, by no more than chance.
        let piece_ns = (look.end_ns - look.start_ns) / SMOOTHED;
        let before = look.start_ns.saturating_sub(piece_ns + lag_ns).max(self.phase.start_ns);
        Fate::Broke(Break {
            kept: (at > 0).then(|| self.level(look.start_ns)),
            low: self.level(before),
            high: self.level(look.end_ns),
        })
    }

    fn without_user(&self) -> Option<f64> {
        let first = self
            .record
            .windows_in(Some(&self.phase))
            .find(|window| window.steps.iter().map(|(_, counts)| counts.dropped).sum::<u64>() > 0)?;
        self.is_rate.then(|| self.level(u64::from(first.second) * SECOND_NS))
    }
}

/// The stage of a load that is a ramp to look at.
fn ramp_of(load: &Load) -> Option<Phase> {
    let mut start_ns = load.start_ns;
    for stage in load.schedule.stages() {
        let end_ns = start_ns + stage.duration_ns;
        if stage.name == STAGE && stage.to > stage.from {
            return Some(Phase { name: STAGE.to_owned(), start_ns, end_ns });
        }
        start_ns = end_ns;
    }
    None
}

/// The claim, if a ramp can say something of it.
fn judgeable(claim: &str, record: &Record) -> Result<Expression, &'static str> {
    let Ok(Statement::Measured(expression)) = plimsoll_metrics::expression::parse_statement(claim) else {
        return Err("it is about the run as a whole");
    };
    let is_ramp = |name: &str| {
        let own = |phase: &Phase| phase.name == name && name.rsplit('.').next() == Some(STAGE);
        name != STEADY && record.started.plan.phases.iter().any(own)
    };
    if expression.selector.phase.as_deref().is_some_and(|name| !is_ramp(name)) {
        return Err("it is about another phase");
    }
    match expression.measure {
        Measure::Throughput => Err("what is carried rises with what is offered"),
        Measure::Count | Measure::Min | Measure::Sum | Measure::Tokens | Measure::Uptime => {
            Err("it is about the run as a whole")
        }
        _ if expression.selector.outcome.is_some() => Err("it is about one outcome only"),
        _ => Ok(expression),
    }
}

/// Whether a stretch breaks the claim by more than chance; `None` if it holds too little to say.
fn is_lost(expression: &Expression, stretch: &Selected<'_>) -> Option<bool> {
    let counts = stretch.counts();
    let all = counts.judged();
    if all < OPERATIONS_MIN {
        return None;
    }
    let beyond = |part: u64, allowed: f64| {
        let (all, part) = (all as f64, part as f64);
        part > all * allowed + DEVIATIONS * (all * allowed * (1.0 - allowed)).max(0.0).sqrt()
    };
    let small = expression.comparison.wants_small();
    let within = || stretch.finite().count_at_or_below(expression.bound as u64);
    let bound = expression.bound;
    Some(match expression.measure {
        Measure::Quantile(q) if small => beyond(all - within().min(all), 1.0 - q),
        Measure::Quantile(q) => beyond(within(), q),
        Measure::OkRate if !small => beyond(counts.failed, 1.0 - bound),
        Measure::FailRate if small => beyond(counts.failed, bound),
        Measure::OkRate => beyond(counts.ok, bound),
        Measure::FailRate => beyond(counts.ok, 1.0 - bound),
        Measure::Share => {
            let (happened, whole) = (stretch.count(), stretch.whole().counts().judged());
            whole > 0 && !expression.comparison.holds(happened as f64 / whole as f64, bound)
        }
        Measure::Max => {
            stretch.infinite() > 0
                || stretch
                    .finite()
                    .max_ns()
                    .is_some_and(|max| !expression.comparison.holds(max as f64, bound))
        }
        Measure::Mean => {
            let mean = stretch.finite().mean_ns();
            mean.is_none_or(|mean| !expression.comparison.holds(mean, bound))
        }
        Measure::Count
        | Measure::Min
        | Measure::Sum
        | Measure::Throughput
        | Measure::Tokens
        | Measure::Uptime => return None,
    })
}

#[cfg(test)]
mod tests;
