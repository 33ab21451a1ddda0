//! Arms of recorded runs, read and compared two by two.

mod claims;
mod runs;
pub mod traces;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use plimsoll_audit::compare::{Compared, Sides, compare};
use plimsoll_audit::statistics::change::{Change, Worse};
use plimsoll_metrics::expression::ArmClaim;

pub use claims::JudgedClaim;
pub(crate) use runs::is_share;
pub use runs::{NOT_RECORDED, NoRun, RunSummary, circumstances, runs_in};
use runs::{SHARE, step_of};

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// What it is called.
    pub name: String,
    /// Its runs that are counted, in the order in which they began.
    pub runs: Vec<RunSummary>,
    /// For each of them, which of all runs of the arm it is, those left out included: in runs made in turn, its round.
    rounds: Vec<usize>,
}

impl Arm {
    /// An arm of these runs.
    pub fn new(name: &str, runs: Vec<RunSummary>) -> Self {
        Self { name: name.to_owned(), rounds: (0..runs.len()).collect(), runs }
    }

    fn values(&self, measure: &str) -> Vec<f64> {
        self.runs.iter().filter_map(|run| run.value(measure)).collect()
    }

    fn by_round(&self, measure: &str) -> BTreeMap<usize, f64> {
        let known = |(round, run): (&usize, &RunSummary)| Some((*round, run.value(measure)?));
        self.rounds.iter().zip(&self.runs).filter_map(known).collect()
    }

    fn measures(&self) -> BTreeSet<&String> {
        self.runs.iter().flat_map(|run| run.measures.keys()).collect()
    }

    fn steps(&self) -> BTreeSet<&str> {
        self.runs.iter().flat_map(RunSummary::steps).collect()
    }
}

/// How to compare; fixed before the runs.
#[derive(Clone, Debug, Default)]
pub struct Rules<'a> {
    /// Circumstances that are meant to differ.
    pub factors: &'a [String],
    /// Count runs that may not be compared, too.
    pub with_invalid: bool,
    /// Arms that the others are held against; the first, if none is named.
    pub against: &'a [String],
    /// What was claimed.
    pub claims: &'a [ArmClaim],
}

/// Arms, compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The arms, in the order in which they were given.
    pub arms: Vec<Arm>,
    /// Runs that were left out, and why.
    pub left_out: Vec<(PathBuf, String)>,
    /// Runs that were counted although they should not be, and why.
    pub marked: Vec<(PathBuf, String)>,
    /// What differs between arms, or among the runs of one, and was not declared.
    pub differences: Vec<Difference>,
    /// Whether plans were meant to differ.
    pub has_other_plans: bool,
    /// Every arm held against another.
    pub pairs: Vec<Pair>,
    /// Steps that only some arms have, with those.
    pub only: Vec<(String, Vec<String>)>,
    /// What was claimed.
    pub claims: Vec<JudgedClaim>,
    /// Values of `-e` are not known of any run.
    pub is_env_unknown: bool,
}

/// A circumstance that differs: its values, arm by arm.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Which.
    pub name: &'static str,
    /// Values of each arm.
    pub values: Vec<BTreeSet<String>>,
}

/// An arm held against another.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// The arm it is held against, by its place.
    pub base: usize,
    /// The arm that is held against it.
    pub other: usize,
    /// Their runs were made in turn, so that values come in pairs.
    pub in_turn: bool,
    /// Measures that runs of both have, worst first.
    pub measures: Vec<Compared>,
    /// Shares of successes by which the two do not do the same work; then no times and rates are compared.
    pub unequal: Vec<String>,
    /// Measures, of steps that both have, that only one has, or that some runs lack: those are not just any runs, as what has no
    /// p99 may have had too slow a one.
    pub missing: Vec<String>,
}

/// Compares arms. Runs that are INVALID or were ended too early are left out, unless they are to be counted.
pub fn compared(arms: Vec<Arm>, rules: &Rules<'_>) -> Comparison {
    let (mut left_out, mut marked) = (Vec::new(), Vec::new());
    let mut arms = arms;
    for arm in &mut arms {
        arm.runs.sort_by(|x, y| x.began().cmp(y.began()));
    }
    let pairs = pairs(&arms, rules.against);
    let in_turn: Vec<bool> = pairs.iter().map(|(base, other)| in_turn(&arms[*base], &arms[*other])).collect();
    let claimed = claims::turns(&arms, rules.claims);
    for arm in &mut arms {
        let bad: Vec<_> =
            arm.runs.iter().filter_map(|r| Some((r.path.clone(), r.fault()?.to_owned()))).collect();
        if rules.with_invalid {
            marked.extend(bad);
            continue;
        }
        left_out.extend(bad);
        let all = arm.rounds.drain(..).zip(arm.runs.drain(..)).filter(|(_, run)| run.fault().is_none());
        (arm.rounds, arm.runs) = all.collect::<Vec<_>>().into_iter().unzip();
    }
    let mut prepared: Vec<Prepared> = pairs
        .iter()
        .zip(in_turn)
        .map(|((base, other), in_turn)| Prepared::of(&arms, *base, *other, in_turn))
        .collect();
    let all: Vec<Sides> = prepared.iter_mut().flat_map(|pair| pair.sides.drain(..)).collect();
    let mut judged = compare(&all).into_iter();
    let pairs = prepared.into_iter().map(|pair| pair.with(&mut judged)).collect();
    let differences = differences(&arms, rules.factors);
    let claims = claims::judged(&arms, rules.claims, &claimed, &differences);
    Comparison {
        only: only(&arms),
        has_other_plans: rules.factors.iter().any(|factor| factor == "plan"),
        is_env_unknown: is_env_unknown(&arms),
        arms,
        left_out,
        marked,
        differences,
        pairs,
        claims,
    }
}

/// Whether values of variables are not known of any run.
fn is_env_unknown(arms: &[Arm]) -> bool {
    let mut runs = arms.iter().flat_map(|arm| &arm.runs).peekable();
    let is_unknown = |run: &RunSummary| run.circumstances.get("env").is_some_and(|env| env == NOT_RECORDED);
    runs.peek().is_some() && runs.all(is_unknown)
}

/// Which arms are held against which, each two once.
fn pairs(arms: &[Arm], against: &[String]) -> Vec<(usize, usize)> {
    let named = |name: &String| arms.iter().position(|arm| arm.name == *name);
    let mut bases: Vec<usize> = against.iter().filter_map(named).collect();
    if bases.is_empty() {
        bases.push(0);
    }
    let mut found: Vec<(usize, usize)> = Vec::new();
    for base in bases {
        for other in (0..arms.len()).filter(|other| *other != base) {
            if !found.contains(&(other, base)) && !found.contains(&(base, other)) {
                found.push((base, other));
            }
        }
    }
    found
}

/// Whether runs of both arms began in turn: of the first two one is of each, of the next two, and so on.
fn in_turn(a: &Arm, b: &Arm) -> bool {
    let began = |arm: &Arm, which: bool| {
        arm.runs.iter().map(|run| (run.began().to_owned(), which)).collect::<Vec<_>>()
    };
    let mut all = [began(a, false), began(b, true)].concat();
    all.sort_by(|x, y| x.0.cmp(&y.0));
    // Of a round that was interrupted only one may be there.
    a.runs.len().abs_diff(b.runs.len()) <= 1
        && all.chunks(2).all(|two| two.len() == 1 || two[0].1 != two[1].1)
}

/// A measure of two arms.
fn sides(base: &Arm, other: &Arm, measure: &str, in_turn: bool) -> Sides {
    let known =
        |arm: &Arm| arm.runs.iter().find_map(|run| run.measures.get(measure)).map(|(worse, _)| *worse);
    let is_share = is_share(measure);
    let worse = if is_share || measure.starts_with("throughput") { Worse::Lower } else { Worse::Higher };
    let theirs = other.by_round(measure);
    let pair = |(round, a): (usize, f64)| Some((a, *theirs.get(&round)?));
    Sides {
        measure: measure.to_owned(),
        worse: known(base).or_else(|| known(other)).unwrap_or(worse),
        is_share,
        a: base.values(measure),
        b: other.values(measure),
        pairs: if in_turn {
            base.by_round(measure).into_iter().filter_map(pair).collect()
        } else {
            Vec::new()
        },
    }
}

/// Shares of successes, of all steps and of each that both have, by which two arms do not do the same work.
fn unequal(base: &Arm, other: &Arm, in_turn: bool) -> Vec<String> {
    let of_steps =
        base.steps().intersection(&other.steps()).map(|step| format!("{SHARE}({step})")).collect::<Vec<_>>();
    let has_several = base.steps().len() > 1 || other.steps().len() > 1;
    let all = has_several.then(|| SHARE.to_owned()).into_iter().chain(of_steps);
    all.filter(|share| sides(base, other, share, in_turn).has_other_share()).collect()
}

/// A pair of arms on its way to being compared along with all others.
struct Prepared {
    pair: Pair,
    sides: Vec<Sides>,
    count: usize,
}

impl Prepared {
    fn of(arms: &[Arm], base: usize, other: usize, in_turn: bool) -> Self {
        let (a, b) = (&arms[base], &arms[other]);
        let unequal = unequal(a, b, in_turn);
        let (steps_a, steps_b) = (a.steps(), b.steps());
        let is_shared = |measure: &str| {
            step_of(measure).is_none_or(|step| steps_a.contains(step) && steps_b.contains(step))
        };
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for measure in a.measures().union(&b.measures()).filter(|measure| is_shared(measure)) {
            let sides = sides(a, b, measure, in_turn);
            if sides.a.is_empty() || sides.b.is_empty() {
                missing.push((*measure).clone());
            } else if sides.is_share || unequal.is_empty() {
                let (have, all) = (sides.a.len() + sides.b.len(), a.runs.len() + b.runs.len());
                if have < all {
                    missing.push(format!("{measure} in {} of {all} runs", all - have));
                }
                found.push(sides);
            }
        }
        let count = found.len();
        Self {
            pair: Pair { base, other, in_turn, measures: Vec::new(), unequal, missing },
            sides: found,
            count,
        }
    }

    fn with(self, judged: &mut impl Iterator<Item = Compared>) -> Pair {
        let mut measures: Vec<_> = judged.take(self.count).collect();
        measures.sort_by(|x, y| badness(y).total_cmp(&badness(x)));
        Pair { measures, ..self.pair }
    }
}

/// How much worse it got, relatively.
fn badness(of: &Compared) -> f64 {
    let change = match (of.ratio, of.medians) {
        (Some(ratio), _) => ratio.estimate.ln(),
        (None, (Some(a), Some(b))) if a != b => (b - a).signum() * f64::MAX,
        _ => 0.0,
    };
    if of.worse == Worse::Higher { change } else { -change }
}

/// Steps that only some arms have.
fn only(arms: &[Arm]) -> Vec<(String, Vec<String>)> {
    let steps: BTreeSet<&str> = arms.iter().flat_map(Arm::steps).collect();
    let having = |step: &str| {
        let have = arms.iter().filter(|arm| arm.steps().contains(step));
        have.map(|arm| arm.name.clone()).collect::<Vec<_>>()
    };
    let all = steps.into_iter().map(|step| (step.to_owned(), having(step)));
    all.filter(|(_, have)| have.len() < arms.len()).collect()
}

fn differences(arms: &[Arm], factors: &[String]) -> Vec<Difference> {
    let of = |arm: &Arm, name: &str| {
        arm.runs.iter().filter_map(|run| run.circumstances.get(name).cloned()).collect::<BTreeSet<_>>()
    };
    let names = circumstances().into_iter().filter(|name| !factors.iter().any(|factor| factor == name));
    let all = names.map(|name| Difference { name, values: arms.iter().map(|arm| of(arm, name)).collect() });
    let differs = |difference: &Difference| {
        // Arms of which there are no runs do not differ from any.
        let mut known = difference.values.iter().filter(|values| !values.is_empty());
        let first = known.next();
        first.is_some_and(|first| first.len() > 1 || known.any(|values| values != first))
    };
    all.filter(differs).collect()
}

impl Comparison {
    /// All measures that were compared, of all pairs.
    pub fn measures(&self) -> impl Iterator<Item = &Compared> {
        self.pairs.iter().flat_map(|pair| &pair.measures)
    }

    /// How many measures came to a word.
    pub fn count(&self, wanted: fn(&Change) -> bool) -> usize {
        self.measures().filter(|measure| wanted(&measure.change)).count()
    }

    /// Whether something that should have been compared was not: it keeps everything from being called equivalent.
    pub fn is_partial(&self) -> bool {
        let is_partial = |pair: &Pair| !pair.unequal.is_empty() || !pair.missing.is_empty();
        self.pairs.iter().any(is_partial) || (!self.only.is_empty() && !self.has_other_plans)
    }
}

#[cfg(test)]
mod tests;
