//! The virtual queue: when a request that arrives now will depart, without anybody doing any work.
//!
//! `D_i = max(a_i, earliest free server) + S_i` (Lindley's recursion; a heap of servers makes it G/G/c). Pure:
//! the socket server and the virtual-clock tests use the same code.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, Exp, LogNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

/// How long one service takes, in nanoseconds.
#[derive(Clone, Debug, PartialEq)]
pub enum ServiceTime {
    /// Fast with probability `1 - slow_share`, otherwise slow.
    Bimodal {
        /// The usual time.
        fast_ns: u64,
        /// The other time.
        slow_ns: u64,
        /// How often the other.
        slow_share: f64,
    },
    /// Always the same.
    Deterministic(u64),
    /// Exponential with this mean.
    Exponential(f64),
    /// Lognormal with this mean and coefficient of variation.
    Lognormal {
        /// Mean.
        mean_ns: f64,
        /// Standard deviation over mean.
        cv: f64,
    },
    /// These, again and again.
    Trace(Vec<u64>),
}

/// The service times of a run: the same seed gives the same times.
#[derive(Clone, Debug)]
pub struct ServiceTimes {
    kind: ServiceTime,
    random: Xoshiro256PlusPlus,
    number: usize,
}

impl ServiceTimes {
    /// Times of this kind.
    pub fn new(kind: ServiceTime, seed: u64) -> Self {
        Self { kind, random: Xoshiro256PlusPlus::seed_from_u64(seed), number: 0 }
    }
}

impl Iterator for ServiceTimes {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.number += 1;
        Some(match &self.kind {
            ServiceTime::Bimodal { fast_ns, slow_ns, slow_share } => {
                if self.random.random_bool(*slow_share) {
                    *slow_ns
                } else {
                    *fast_ns
                }
            }
            ServiceTime::Deterministic(ns) => *ns,
            ServiceTime::Exponential(mean) => {
                Exp::new(1.0 / mean).expect("a positive mean").sample(&mut self.random) as u64
            }
            ServiceTime::Lognormal { mean_ns, cv } => {
                let sigma2 = (1.0 + cv * cv).ln();
                LogNormal::new(mean_ns.ln() - sigma2 / 2.0, sigma2.sqrt())
                    .expect("a positive deviation")
                    .sample(&mut self.random) as u64
            }
            ServiceTime::Trace(times) => *times.get((self.number - 1) % times.len().max(1)).unwrap_or(&0),
        })
    }
}

/// A stretch of time in which nobody is served, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stall {
    /// Its start.
    pub from_ns: u64,
    /// The first moment behind it.
    pub until_ns: u64,
}

/// A service that remembers overload: who has waited too long makes it slow, until nobody has for a while. Caches that have
/// gone cold and clients that ask again behave so (Bronson et al. 2021, "Metastable failures in distributed systems", HotOS).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grudge {
    /// A wait longer than this is not forgotten, in nanoseconds.
    pub wait_ns: u64,
    /// Times as long service takes then.
    pub slower: f64,
    /// Until nobody has waited so long for this time, in nanoseconds.
    pub calm_ns: u64,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// Its number, from 0.
    pub id: u64,
    /// When it arrived.
    pub arrival_ns: u64,
    /// How long it is served.
    pub service_ns: u64,
    /// When it departs.
    pub departure_ns: u64,
}

/// The virtual queue.
#[derive(Clone, Debug)]
pub struct Queue {
    times: ServiceTimes,
    /// When each server is free; empty if nobody ever waits.
    free_ns: BinaryHeap<Reverse<u64>>,
    limited: bool,
    stalls: Vec<Stall>,
    /// By which share of itself every request that is there makes service longer.
    crowding: f64,
    /// When those that are there depart; only kept if crowds matter.
    departures_ns: BinaryHeap<Reverse<u64>>,
    grudge: Option<Grudge>,
    /// When somebody last waited too long.
    offended_ns: Option<u64>,
    count: u64,
}

impl Queue {
    /// A queue with `servers` servers (0: as many as needed) and these service times.
    pub fn new(servers: u32, kind: ServiceTime, seed: u64) -> Self {
        Self {
            times: ServiceTimes::new(kind, seed),
            free_ns: (0..servers).map(|_| Reverse(0)).collect(),
            limited: servers > 0,
            stalls: Vec::new(),
            crowding: 0.0,
            departures_ns: BinaryHeap::new(),
            grudge: None,
            offended_ns: None,
            count: 0,
        }
    }

    /// Service takes this share longer for every request that is there: throughput falls as load rises beyond what is
    /// carried, because those that wait are in the way.
    #[must_use]
    pub const fn with_crowding(mut self, share: f64) -> Self {
        self.crowding = share;
        self
    }

    /// It remembers overload.
    #[must_use]
    pub const fn with_grudge(mut self, grudge: Grudge) -> Self {
        self.grudge = Some(grudge);
        self
    }

    /// Nobody is served during `stall`.
    #[must_use]
    pub fn with_stall(mut self, stall: Stall) -> Self {
        self.stalls.push(stall);
        self
    }

    /// A request arrives; arrivals must be given in order of time. `slower` multiplies its service time.
    pub fn arrive(&mut self, arrival_ns: u64, slower: f64) -> Served {
        let slower = slower * self.crowd(arrival_ns) * self.memory(arrival_ns);
        let service_ns = (self.times.next().unwrap_or(0) as f64 * slower) as u64;
        let free_ns = self.free_ns.pop().map_or(0, |Reverse(at)| at);
        let mut begin_ns = arrival_ns.max(free_ns);
        for stall in &self.stalls {
            if (stall.from_ns..stall.until_ns).contains(&begin_ns) {
                begin_ns = stall.until_ns;
            }
        }
        let departure_ns = begin_ns + service_ns;
        if self.limited {
            self.free_ns.push(Reverse(departure_ns));
        }
        if self.crowding > 0.0 {
            self.departures_ns.push(Reverse(departure_ns));
        }
        if self.grudge.is_some_and(|grudge| begin_ns - arrival_ns > grudge.wait_ns) {
            // It is felt until the last of those that waited has gone.
            self.offended_ns = Some(begin_ns);
        }
        let id = self.count;
        self.count += 1;
        Served { id, arrival_ns, service_ns, departure_ns }
    }

    /// By what those that are there at `at_ns` make service longer.
    fn crowd(&mut self, at_ns: u64) -> f64 {
        while self.departures_ns.peek().is_some_and(|Reverse(gone)| *gone <= at_ns) {
            self.departures_ns.pop();
        }
        1.0 + self.crowding * self.departures_ns.len() as f64
    }

    /// By what an overload that is not forgotten makes it longer.
    fn memory(&self, at_ns: u64) -> f64 {
        let remembers = |grudge: &Grudge| self.offended_ns.is_some_and(|last| at_ns < last + grudge.calm_ns);
        self.grudge.filter(remembers).map_or(1.0, |grudge| grudge.slower)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: f64 = 1e6;

    /// Mean wait of a queue with Poisson arrivals, by simulation.
    fn mean_wait(kind: ServiceTime, rho: f64, mean_ns: f64) -> f64 {
        let mut queue = Queue::new(1, kind, 3);
        let mut gaps = ServiceTimes::new(ServiceTime::Exponential(mean_ns / rho), 4);
        let (mut now, mut waited) = (0, 0u128);
        let n = 400_000;
        for _ in 0..n {
            now += gaps.next().unwrap();
            let served = queue.arrive(now, 1.0);
            waited += u128::from(served.departure_ns - served.service_ns - now);
        }
        waited as f64 / f64::from(n)
    }

    /// Pollaczek-Khinchine: mean wait = lambda E[S²] / (2 (1 - rho)) (docs/METHOD.md, section 15).
    #[test]
    fn mean_waits_are_those_of_the_textbook() {
        let rho = 0.7;
        let lognormal = ServiceTime::Lognormal { mean_ns: 2.0 * MS, cv: 1.0 };
        let bimodal = ServiceTime::Bimodal { fast_ns: 1_000_000, slow_ns: 11_000_000, slow_share: 0.1 };
        let table = [
            (ServiceTime::Exponential(2.0 * MS), 2.0 * MS, 2.0 * 4.0),
            (ServiceTime::Deterministic(2_000_000), 2.0 * MS, 4.0),
            (lognormal, 2.0 * MS, 2.0 * 4.0),
            (bimodal, 2.0 * MS, 0.9 + 0.1 * 121.0),
        ];
        for (kind, mean_ns, second_moment_ms2) in table {
            let expected = rho / mean_ns * second_moment_ms2 * MS * MS / (2.0 * (1.0 - rho));
            let found = mean_wait(kind.clone(), rho, mean_ns);
            assert!((found / expected - 1.0).abs() < 0.06, "{kind:?}: {found} against {expected}");
        }
    }

    #[test]
    fn several_servers_and_none() {
        let mut two = Queue::new(2, ServiceTime::Deterministic(10), 1);
        let departures: Vec<_> = (0..4).map(|_| two.arrive(0, 1.0).departure_ns).collect();
        assert_eq!(departures, [10, 10, 20, 20]);
        let mut unlimited = Queue::new(0, ServiceTime::Deterministic(10), 1);
        assert!((0..100).all(|_| unlimited.arrive(5, 1.0).departure_ns == 15));
    }

    #[test]
    fn a_stall_holds_everybody_until_it_is_over() {
        let mut queue = Queue::new(0, ServiceTime::Deterministic(10), 1)
            .with_stall(Stall { from_ns: 100, until_ns: 200 });
        assert_eq!([99, 100, 150, 200].map(|at| queue.arrive(at, 1.0).departure_ns), [109, 210, 210, 210]);
    }

    #[test]
    fn those_that_wait_are_in_the_way() {
        let mut queue = Queue::new(1, ServiceTime::Deterministic(10), 1).with_crowding(0.5);
        // Nobody is there, then one, then two; at 100 all have gone.
        assert_eq!([0, 1, 2, 100].map(|at| queue.arrive(at, 1.0).service_ns), [10, 15, 20, 10]);
    }

    #[test]
    fn overload_is_remembered_until_it_has_been_calm() {
        let grudge = Grudge { wait_ns: 15, slower: 2.0, calm_ns: 100 };
        let mut queue = Queue::new(1, ServiceTime::Deterministic(10), 1).with_grudge(grudge);
        // The third waits 20: it is begun at 20, and what arrives before 120 is served slowly.
        assert_eq!(
            [0, 0, 0, 50, 119, 160].map(|at| queue.arrive(at, 1.0).service_ns),
            [10, 10, 10, 20, 20, 10]
        );
    }

    #[test]
    fn a_trace_is_replayed() {
        let times: Vec<_> = ServiceTimes::new(ServiceTime::Trace(vec![1, 2, 3]), 1).take(5).collect();
        assert_eq!(times, [1, 2, 3, 1, 2]);
    }
}
