//! What one server can do at best: queues with formulas, against which measurements are held.
//!
//! Sources: Little 1961 (Operations Research 9); Denning & Buzen 1978 (ACM Computing Surveys 10) and Lazowska et al.
//! 1984, "Quantitative system performance", for mean value analysis and bounds; Kleinrock 1975, "Queueing systems",
//! volume 1, for M/M/1; Franx 2001 (Operations Research Letters 29) for the waiting time of M/D/1, and Tijms 2003, "A
//! first course in stochastic models", chapter 9, for the numbers in the system that it needs. Erlang's series of 1909
//! says the same with alternating signs, and cancels to nothing at high load (docs/METHOD.md, sections 7 and 8).
//!
//! Times are seconds, rates per second, quantiles in (0, 1).

/// A station that serves one at a time, and the pause its users make between requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Station {
    /// Mean time that one request is served; above 0.
    pub demand_s: f64,
    /// Mean pause of a user between an answer and the next request; at least 0.
    pub think_s: f64,
}

/// What a closed load of so many users does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Operating {
    /// Users.
    pub users: usize,
    /// Requests per second.
    pub throughput_per_s: f64,
    /// Mean response time: waiting and service.
    pub response_s: f64,
}

/// Exact mean value analysis of `station` with 1 to `users_max` users; service times are exponential.
pub fn mean_values(station: Station, users_max: usize) -> Vec<Operating> {
    let mut present = 0.0;
    (1..=users_max)
        .map(|users| {
            // Who arrives finds what there is with one user less.
            let response_s = station.demand_s * (1.0 + present);
            let throughput_per_s = users as f64 / (station.think_s + response_s);
            present = throughput_per_s * response_s;
            Operating { users, throughput_per_s, response_s }
        })
        .collect()
}

/// What a request demands of a system of several stations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Demands {
    /// D: of all stations together; above 0.
    pub total_s: f64,
    /// Dmax: of the station that is asked most; above 0 and at most `total_s`.
    pub largest_s: f64,
    /// Z: mean pause of a user between requests; at least 0.
    pub think_s: f64,
}

impl Demands {
    /// The throughput that `users` cannot exceed: min(N / (D + Z), 1 / Dmax).
    pub fn throughput_per_s_max(&self, users: f64) -> f64 {
        (users / (self.total_s + self.think_s)).min(1.0 / self.largest_s)
    }

    /// The mean response time that `users` cannot go below: max(D, N Dmax − Z).
    pub fn response_s_min(&self, users: f64) -> f64 {
        self.total_s.max(users * self.largest_s - self.think_s)
    }

    /// N*: the users at which both bounds turn, (D + Z) / Dmax.
    pub fn knee_users(&self) -> f64 {
        (self.total_s + self.think_s) / self.largest_s
    }
}

/// Relative difference up to which Little's law holds, and beyond which time is missing (docs/METHOD.md, section 7).
const DIFFERENCE_MAX: f64 = 0.02;
const DIFFERENCE_DOUBTFUL_MAX: f64 = 0.05;

/// What was counted over a span of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flow {
    /// Mean number present by a gauge of its own: operations in flight, or users; above 0.
    pub present: f64,
    /// Requests per second.
    pub throughput_per_s: f64,
    /// Mean time that each was present: in flight, or with the pause after it if users were counted.
    pub stay_s: f64,
}

impl Flow {
    /// How far N is from X R, as a share of N.
    pub fn difference(&self) -> f64 {
        (self.present - self.throughput_per_s * self.stay_s).abs() / self.present
    }

    /// How far it may be because some were present when the span of `span_s` began or ended, `at_ends` of them in all,
    /// the longest for `stay_s_max`.
    pub fn edge(&self, at_ends: f64, stay_s_max: f64, span_s: f64) -> f64 {
        at_ends * stay_s_max / (2.0 * span_s * self.present)
    }

    /// Whether Little's law holds, with `edge` allowed for.
    pub fn balance(&self, edge: f64) -> Balance {
        match self.difference() - edge {
            beyond if beyond <= DIFFERENCE_MAX => Balance::Holds,
            beyond if beyond <= DIFFERENCE_DOUBTFUL_MAX => Balance::Doubtful,
            // Also what is not a number.
            _ => Balance::Broken,
        }
    }
}

/// Whether Little's law holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Balance {
    /// To 2 %.
    Holds,
    /// To 5 %.
    Doubtful,
    /// Time is unaccounted for, or counted twice.
    Broken,
}

/// M/M/1, first come first served: Poisson arrivals, exponential service, one server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mm1 {
    /// Mean service time; above 0.
    pub service_s: f64,
}

impl Mm1 {
    /// The `q`-quantile of the response time at `rate_per_s`, which is exponential with the rate that is left over;
    /// `None` if nothing is.
    ///
    /// # Panics
    ///
    /// If `q` is not in (0, 1).
    pub fn response_quantile_s(&self, rate_per_s: f64, q: f64) -> Option<f64> {
        let left_per_s = 1.0 / self.service_s - rate_per_s;
        let quantile_s = -(-check(q)).ln_1p() / left_per_s;
        (left_per_s > 0.0).then_some(quantile_s)
    }

    /// The rate at which the `q`-quantile of the response time is `limit_s`; `None` if even the service of one alone
    /// takes longer.
    ///
    /// # Panics
    ///
    /// If `q` is not in (0, 1).
    pub fn rate_per_s_within(&self, q: f64, limit_s: f64) -> Option<f64> {
        let rate_per_s = 1.0 / self.service_s + (-check(q)).ln_1p() / limit_s;
        (limit_s > 0.0 && rate_per_s >= 0.0).then_some(rate_per_s)
    }
}

/// M/D/1, first come first served: Poisson arrivals, service that always takes the same time, one server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Md1 {
    /// The service time; above 0.
    pub service_s: f64,
}

impl Md1 {
    /// The share that waits longer than `wait_s` for its service at `rate_per_s`; all of them if the server cannot
    /// keep up.
    pub fn waiting_longer(&self, rate_per_s: f64, wait_s: f64) -> f64 {
        let utilisation = rate_per_s * self.service_s;
        if utilisation < 1.0 { Waiting::at(utilisation).longer(wait_s / self.service_s) } else { 1.0 }
    }

    /// The `q`-quantile of the response time, waiting and service, at `rate_per_s`; `None` if the server cannot keep
    /// up.
    ///
    /// # Panics
    ///
    /// If `q` is not in (0, 1).
    pub fn response_quantile_s(&self, rate_per_s: f64, q: f64) -> Option<f64> {
        let (utilisation, beyond) = (rate_per_s * self.service_s, 1.0 - check(q));
        if utilisation.is_nan() || utilisation >= 1.0 {
            return None;
        }
        let waiting = Waiting::at(utilisation);
        if waiting.longer(0.0) <= beyond {
            return Some(self.service_s);
        }
        let mut upper = 1.0;
        // The tail falls geometrically, if slowly: a finite number of doublings ends this.
        while waiting.longer(upper) > beyond {
            upper *= 2.0;
        }
        let services = bisect(0.0, upper, |services| waiting.longer(services) > beyond);
        Some((1.0 + services) * self.service_s)
    }

    /// The rate at which the `q`-quantile of the response time is `limit_s`; `None` if even service without waiting
    /// takes longer.
    ///
    /// # Panics
    ///
    /// If `q` is not in (0, 1).
    pub fn rate_per_s_within(&self, q: f64, limit_s: f64) -> Option<f64> {
        let (services, beyond) = (limit_s / self.service_s - 1.0, 1.0 - check(q));
        if services.is_nan() || services < 0.0 {
            return None;
        }
        let utilisation = bisect(0.0, 1.0, |utilisation| Waiting::at(utilisation).longer(services) <= beyond);
        Some(utilisation / self.service_s)
    }
}

/// Where `below` turns from true to false between `low` and `high`: the last value found at which it is true.
fn bisect(mut low: f64, mut high: f64, below: impl Fn(f64) -> bool) -> f64 {
    // Halving stops by itself once no number lies between; a hundred times is more than `f64` has bits.
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// `q`, if it is one.
fn check(q: f64) -> f64 {
    assert!(q > 0.0 && q < 1.0, "a quantile lies in (0, 1), not at {q}");
    q
}

/// Numbers in the system up to which probabilities are computed one by one. From there each is the same share of the
/// one before: what differs from that falls eight times faster at full load, and is below 1e-40 here.
const COUNTED: usize = 48;

/// Terms of a Poisson distribution with mean 1 or less that matter to `f64`, and some.
const POISSON_TERMS: usize = 30;

/// The waiting time of M/D/1 in multiples of the service time.
struct Waiting {
    utilisation: f64,
    /// The probability that more than so many are in the system.
    more: [f64; COUNTED + 1],
    /// By what that falls with each further one, far out.
    ratio: f64,
}

impl Waiting {
    /// At a `utilisation` in [0, 1). Every sum here is of positive terms, so nothing cancels.
    fn at(utilisation: f64) -> Self {
        // The probability of more than so many arrivals during a service.
        let mut arrivals = [0.0; COUNTED + 1];
        let terms: Vec<f64> = poisson(utilisation).take(COUNTED + POISSON_TERMS).collect();
        let mut sum: f64 = terms[COUNTED + 1..].iter().rev().sum();
        for count in (0..=COUNTED).rev() {
            arrivals[count] = sum;
            sum += terms[count];
        }
        // Tijms' recursion for M/G/1: the time with j in the system follows from the times with fewer.
        let mut exactly = [0.0; COUNTED + 1];
        exactly[0] = 1.0 - utilisation;
        for count in 1..=COUNTED {
            let busy: f64 = (1..count).map(|fewer| exactly[fewer] * arrivals[count - fewer]).sum();
            exactly[count] = (exactly[0] * arrivals[count - 1] + busy) * utilisation.exp();
        }
        // At next to no load the probabilities are too small for `f64`, and so is whatever follows them.
        let last = exactly[COUNTED];
        let ratio = if last > 0.0 { (last / exactly[COUNTED - 1]).min(1.0) } else { 0.0 };
        let mut more = [0.0; COUNTED + 1];
        more[COUNTED] = if ratio < 1.0 { last * ratio / (1.0 - ratio) } else { 1.0 };
        for count in (0..COUNTED).rev() {
            more[count] = more[count + 1] + exactly[count + 1];
        }
        Self { utilisation, more, ratio }
    }

    /// The share that waits longer than so many services; at least 0.
    fn longer(&self, services: f64) -> f64 {
        let whole = services.floor() + 1.0;
        let counted = whole.min(COUNTED as f64);
        let far = self.ratio.powf(whole - counted);
        let counted = counted as usize;
        // Franx: who waits less than `whole` services finds at most that many, less those that come until then.
        let terms = poisson(self.utilisation * (whole - services)).take(counted + POISSON_TERMS);
        let near: f64 = terms
            .enumerate()
            .map(|(came, term)| term * if came < counted { self.more[counted - came] } else { 1.0 })
            .sum();
        (near * far).min(1.0)
    }
}

/// The probabilities of 0, 1, 2 … events of which `mean` are expected.
fn poisson(mean: f64) -> impl Iterator<Item = f64> {
    let mut term = (-mean).exp();
    (1u32..).map(move |next| {
        let this = term;
        term *= mean / f64::from(next);
        this
    })
}

#[cfg(test)]
mod tests;
