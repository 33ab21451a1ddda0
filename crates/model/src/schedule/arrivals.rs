//! Arrival times, fixed in advance by the seed.

use rand::SeedableRng;
use rand_distr::{Distribution, Exp1};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::{Open, Process, Stage};
use crate::Nanos;

/// The arrival times of an open schedule in nanoseconds from its start, ascending.
///
/// With `L(t)` the integral of the rate, arrival `i` falls where `L` reaches `i` (uniform) or the sum of the
/// first `i + 1` unit exponentials (Poisson, by the time-rescaling theorem). Times depend on nothing but the
/// schedule and the seed.
#[derive(Clone, Debug)]
pub struct Arrivals<'a> {
    stages: &'a [Stage],
    trace: Option<std::slice::Iter<'a, Nanos>>,
    process: Process,
    random: Xoshiro256PlusPlus,
    /// How much of `L` is consumed: the next arrival lies where `L` reaches this.
    target: f64,
    stage: usize,
    /// `L` at the start of the current stage, and that start.
    mass_before: f64,
    start_ns: Nanos,
    started: bool,
}

impl<'a> Arrivals<'a> {
    /// The arrivals of `open` under `seed`.
    pub fn new(open: &'a Open, seed: u64) -> Self {
        Self {
            stages: &open.stages,
            trace: open.trace.as_ref().map(|t| t.iter()),
            process: open.process,
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            target: 0.0,
            stage: 0,
            mass_before: 0.0,
            start_ns: 0,
            started: false,
        }
    }

    fn advance(&mut self) {
        match self.process {
            Process::Poisson => {
                let gap: f64 = Exp1.sample(&mut self.random);
                self.target += gap;
            }
            Process::Uniform => self.target += f64::from(self.started),
        }
        self.started = true;
    }
}

impl Iterator for Arrivals<'_> {
    type Item = Nanos;

    fn next(&mut self) -> Option<Nanos> {
        if let Some(trace) = &mut self.trace {
            return trace.next().copied();
        }
        self.advance();
        while let Some(stage) = self.stages.get(self.stage) {
            if let Some(within) = time_of_mass(stage, self.target - self.mass_before) {
                return Some(self.start_ns + within);
            }
            self.mass_before += mass(stage);
            self.start_ns += stage.duration_ns;
            self.stage += 1;
        }
        None
    }
}

/// Arrivals that a stage holds: the integral of its rate.
fn mass(stage: &Stage) -> f64 {
    f64::midpoint(stage.from, stage.to) * stage.duration_ns as f64 / 1e9
}

/// When, from the start of the stage, its integral reaches `mass`; `None` if that is not before its end.
///
/// Solves `from t + (to - from) t² / (2 d) = mass` in the form that stays exact as the slope goes to zero.
fn time_of_mass(stage: &Stage, wanted: f64) -> Option<Nanos> {
    // An arrival due exactly at the end belongs to the next stage; rounding must not duplicate or lose one.
    if wanted >= mass(stage) - 1e-9 {
        return None;
    }
    let seconds = stage.duration_ns as f64 / 1e9;
    let slope = (stage.to - stage.from) / seconds;
    let discriminant = (stage.from * stage.from + 2.0 * slope * wanted).max(0.0);
    let t = if wanted <= 0.0 { 0.0 } else { 2.0 * wanted / (stage.from + discriminant.sqrt()) };
    Some(((t * 1e9).round() as Nanos).min(stage.duration_ns - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SECOND_NS;

    fn open(process: Process, stages: &[(u64, f64, f64)]) -> Open {
        let stage = |(s, from, to): &(u64, f64, f64)| Stage {
            name: String::new(),
            duration_ns: s * SECOND_NS,
            from: *from,
            to: *to,
        };
        Open { stages: stages.iter().map(stage).collect(), process, trace: None, max_users: 1 }
    }

    #[test]
    fn uniform_arrivals_are_evenly_spaced_and_exactly_as_many_as_asked() {
        let schedule = open(Process::Uniform, &[(10, 1_000.0, 1_000.0)]);
        let times: Vec<_> = Arrivals::new(&schedule, 1).collect();
        assert_eq!(times.len(), 10_000);
        assert_eq!((times[0], times[1], times[9_999]), (0, 1_000_000, 9_999_000_000));
    }

    #[test]
    fn a_ramp_holds_the_area_under_it() {
        let schedule = open(Process::Uniform, &[(10, 0.0, 100.0), (10, 100.0, 100.0), (10, 100.0, 0.0)]);
        let times: Vec<_> = Arrivals::new(&schedule, 1).collect();
        assert_eq!(times.len(), 2_000);
        assert!(times.is_sorted());
        // Half of a ramp's arrivals fall behind 1/sqrt(2) of its length.
        let middle = times[250] as f64 / 1e9;
        assert!((middle - 10.0 / 2.0f64.sqrt()).abs() < 1e-6, "{middle}");
        assert_eq!(times.iter().filter(|t| **t < 10 * SECOND_NS).count(), 500);
    }

    #[test]
    fn poisson_arrivals_depend_on_the_seed_alone() {
        let schedule = open(Process::Poisson, &[(100, 100.0, 100.0)]);
        let collect = |seed| Arrivals::new(&schedule, seed).collect::<Vec<_>>();
        assert_eq!(collect(7), collect(7));
        assert_ne!(collect(7), collect(8));
        let n = collect(7).len() as f64;
        assert!((n - 10_000.0).abs() < 4.0 * 100.0, "{n} arrivals where 10,000 ± 400 were due");
        let gaps: Vec<_> = collect(7).windows(2).map(|w| (w[1] - w[0]) as f64).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let deviation = (gaps.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / gaps.len() as f64).sqrt();
        assert!((deviation / mean - 1.0).abs() < 0.05, "CV {}", deviation / mean);
    }

    #[test]
    fn a_trace_is_replayed() {
        let mut schedule = open(Process::Poisson, &[]);
        schedule.trace = Some(vec![5, 6, 900]);
        assert_eq!(Arrivals::new(&schedule, 3).collect::<Vec<_>>(), [5, 6, 900]);
    }

    #[test]
    fn no_rate_no_arrivals() {
        let schedule = open(Process::Uniform, &[(10, 0.0, 0.0)]);
        assert_eq!(Arrivals::new(&schedule, 1).count(), 0);
    }
}
