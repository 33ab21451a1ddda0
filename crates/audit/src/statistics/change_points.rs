//! Where did the level of a history change? E-divisive means, with isolated outliers left out.
//!
//! Sources: Matteson & James 2014, "A nonparametric approach for multiple change point analysis of
//! multivariate data" (JASA 109), with alpha = 1; applied to histories of benchmarks by Daly et al. 2020
//! (ICPE); Hampel's identifier after Davies & Gather 1993 (JASA 88); the p of permutations after Phipson &
//! Smyth 2010 (SAGMB 9).
//!
//! 1. Values far from the median of their surroundings, and alone there, are set aside (Hampel): they count
//!    for no level.
//! 2. Of all stretches, the one whose best split is the clearest is split in two, as long as no more than a
//!    share alpha of random orders of the values within their stretches have a split as clear in any stretch.
//! 3. Each split is tested again between its neighbours, moved to where it is clearest there, and taken back
//!    if it is no longer significant or smaller than what matters.
//!
//! In the tests of 2 and 3 values beyond five deviations of a stretch are pulled in to there. What was set
//! aside is not left out of them: whether a value goes would depend on where it stands, and the rest would be
//! in no random order any more. With long tails that makes three times as many false alarms as stated. Pulled
//! in, a single value moves little, and a new level far away is still one.
//!
//! No approximation is made for long histories. The statistic of all splits of n values takes n log n steps
//! instead of n²: the sum of distances from one value to all before it follows from how many of those are
//! smaller and from their sum, which a Fenwick tree keeps by rank. Only the number of random orders in 2 is
//! lowered for them, from 999 to 200 say. A test by random orders holds its level with any number of them;
//! fewer make a change near the limit a matter of chance. Those of 3 are always as many as asked for.
//!
//! Why false alarms come to at most alpha over the whole series: the random orders of 2 are compared by the
//! largest statistic over all splits of all stretches, so whichever split was the clearest is accounted for.
//! Without any change the first test is the only one that can go wrong, and does so with probability alpha at
//! most, because every order of the values is as likely as the one observed. With changes, each found
//! exactly, it is the first test after the last of them; one found some values off leaves those in the wrong
//! stretch, which 3 mends. 3 never adds one. All this holds for values that do not depend on those before
//! them: a history that wanders has changes everywhere.

use rand::{SeedableRng, seq::SliceRandom};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::rank::{mean, median};

/// At most so many splits are made: a history with more wanders rather than changes its level.
pub const SPLITS_MAX: usize = 100;

/// A history of more values is searched with fewer random orders, to be done in seconds whatever it holds.
const LONG: usize = 2_000;

/// Distance from the median that makes an outlier, in median absolute deviations.
const OUTLIER_DEVIATIONS: f64 = 5.0;

/// What the median absolute deviation of normal values is multiplied by to give their standard deviation.
const NORMAL_BY_MEDIAN: f64 = 1.482_602_218_505_602;

/// The same for their mean absolute deviation.
const NORMAL_BY_MEAN: f64 = 1.253_314_137_315_500_3;

/// Statistics closer than this, relatively, are equal: the same split summed up in another order.
const ROUNDING: f64 = 1e-9;

/// How to look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Probability of any false change in the whole series, in `(0, 1)`.
    pub alpha: f64,
    /// Random orders by which a change stands or falls; 999 or more keep chance out of it, fewer than 1 /
    /// alpha find nothing.
    pub permutations: usize,
    /// Seed of the random orders: the same history gives the same changes.
    pub seed: u64,
    /// Shortest stretch, in values; at least 2. A change is seen once so many values have followed it.
    pub stretch_min: usize,
    /// Smallest change that matters, relative to the median before it: 0.03 is three percent.
    pub magnitude_min: f64,
    /// Values on either side that an outlier is held against; 0 leaves none out.
    pub window: usize,
}

impl Settings {
    /// For a history of runs: 5 %, 999 orders, stretches of 5, changes of 3 %, 7 neighbours on either side.
    pub const fn of_history(seed: u64) -> Self {
        Self { alpha: 0.05, permutations: 999, seed, stretch_min: 5, magnitude_min: 0.03, window: 7 }
    }
}

/// What was found in a history.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Changes, in the order of time.
    pub changes: Vec<ChangePoint>,
    /// Values that were set aside, ascending.
    pub outliers: Vec<usize>,
    /// True if the search ended with [`SPLITS_MAX`] splits and not for want of significance.
    pub wanders: bool,
}

/// A change of level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangePoint {
    /// The first value of the new level.
    pub at: usize,
    /// Probability of so clear a split between the neighbouring changes without one, in `(0, 1]`; at least
    /// one over the number of orders and one.
    pub p: f64,
    /// Median from the change before to this one.
    pub before: f64,
    /// Median from this change to the next.
    pub after: f64,
}

/// Finds where the level of `values`, in time order, changes. `None` if one of them is not finite.
pub fn change_points(values: &[f64], settings: &Settings) -> Option<History> {
    if !values.iter().all(|v| v.is_finite()) {
        return None;
    }
    let outliers = outliers(values, settings.window);
    let series = Series { values, outliers: &outliers, settings };
    let cuts = series.divide();
    let wanders = cuts.len() == SPLITS_MAX;
    let changes = series.merge(cuts);
    Some(History { changes, outliers, wanders })
}

/// Values more than five median absolute deviations, scaled as standard deviations, from the median of the
/// `window` values on either side (Hampel), whose neighbours are not outliers on the same side: two in a row
/// may be the start of something. The last value of a history may turn out to be that too, once the next has
/// come.
pub fn outliers(values: &[f64], window: usize) -> Vec<usize> {
    let all = values.len();
    let width = (2 * window + 1).min(all);
    if window == 0 || width < 5 {
        return Vec::new();
    }
    let side = |at: usize| {
        // At the ends of the history the surroundings lie to one side.
        let start = at.saturating_sub(window).min(all - width);
        let deviation = deviation(values[at], &values[start..start + width]);
        if deviation.abs() > OUTLIER_DEVIATIONS { deviation.signum() } else { 0.0 }
    };
    let sides: Vec<f64> = (0..all).map(side).collect();
    let alone = |at: usize| {
        let before = at.checked_sub(1).map_or(0.0, |before| sides[before]);
        let after = sides.get(at + 1).copied().unwrap_or(0.0);
        sides[at] != 0.0 && sides[at] != before && sides[at] != after
    };
    (0..all).filter(|at| alone(*at)).collect()
}

/// How far `value` lies from the median of its surroundings, in robust standard deviations.
fn deviation(value: f64, surroundings: &[f64]) -> f64 {
    let middle = median(surroundings);
    let scale = scale(surroundings, middle);
    if scale > 0.0 { (value - middle) / scale } else { 0.0 }
}

/// A robust standard deviation.
fn scale(values: &[f64], middle: f64) -> f64 {
    let distances: Vec<f64> = values.iter().map(|v| (v - middle).abs()).collect();
    match median(&distances) * NORMAL_BY_MEDIAN {
        // More than half are equal: Iglewicz & Hoaglin 1993 take the mean instead.
        0.0 => mean(&distances) * NORMAL_BY_MEAN,
        scale => scale,
    }
}

/// A series under examination.
struct Series<'a> {
    values: &'a [f64],
    outliers: &'a [usize],
    settings: &'a Settings,
}

impl Series<'_> {
    /// Where to split, ascending: each the first value of a stretch.
    fn divide(&self) -> Vec<usize> {
        let mut stretches = vec![self.stretch(0, self.values.len())];
        while stretches.len() <= SPLITS_MAX {
            let clearest = (0..stretches.len())
                .max_by(|a, b| stretches[*a].best.statistic.total_cmp(&stretches[*b].best.statistic))
                .expect("there is always a stretch");
            let Stretch { start, end, best, .. } = stretches[clearest];
            if significance(&mut stretches, best.statistic, self.search_test()).is_none() {
                break;
            }
            let cut = start + best.at;
            stretches.splice(clearest..=clearest, [self.stretch(start, cut), self.stretch(cut, end)]);
        }
        stretches.iter().skip(1).map(|stretch| stretch.start).collect()
    }

    /// Takes splits back that do not stand between their neighbours, the smallest first, and looks again at
    /// those beside it: their stretches have grown.
    fn merge(&self, mut cuts: Vec<usize>) -> Vec<ChangePoint> {
        let mut judged: Vec<Judged> = Vec::new();
        for cut in 0..cuts.len() {
            judged.push(self.judge(&mut cuts, cut));
        }
        loop {
            let fallen = (0..cuts.len())
                .filter(|cut| !judged[*cut].stands(self.settings))
                .min_by(|a, b| judged[*a].magnitude.total_cmp(&judged[*b].magnitude));
            let Some(fallen) = fallen else { break };
            cuts.remove(fallen);
            judged.remove(fallen);
            let first = fallen.saturating_sub(1);
            for (cut, beside) in judged.iter_mut().enumerate().take(fallen + 1).skip(first) {
                *beside = self.judge(&mut cuts, cut);
            }
        }
        let point = |(cut, judged): (usize, &Judged)| {
            let (start, end) = self.around(&cuts, cut);
            let (before, after) = (self.level(start, cuts[cut]), self.level(cuts[cut], end));
            Some(ChangePoint { at: cuts[cut], p: judged.p?, before, after })
        };
        judged.iter().enumerate().filter_map(point).collect()
    }

    /// Tests the stretch between the neighbours of a cut, and moves the cut to its clearest split.
    fn judge(&self, cuts: &mut [usize], cut: usize) -> Judged {
        let (start, end) = self.around(cuts, cut);
        let stretch = self.stretch(start, end);
        let best = stretch.best;
        let p = significance(&mut [stretch], best.statistic, self.full_test());
        if best.at > 0 {
            cuts[cut] = start + best.at;
        }
        let (before, after) = (self.level(start, cuts[cut]), self.level(cuts[cut], end));
        let change = (after - before).abs();
        Judged { p, magnitude: if change == 0.0 { 0.0 } else { change / before.abs() } }
    }

    /// From the cut before to the cut after.
    fn around(&self, cuts: &[usize], cut: usize) -> (usize, usize) {
        let start = if cut == 0 { 0 } else { cuts[cut - 1] };
        (start, cuts.get(cut + 1).copied().unwrap_or(self.values.len()))
    }

    /// The median of what is no outlier.
    fn level(&self, start: usize, end: usize) -> f64 {
        let kept = (start..end).filter(|at| self.outliers.binary_search(at).is_err());
        let kept: Vec<f64> = kept.map(|at| self.values[at]).collect();
        median(if kept.is_empty() { &self.values[start..end] } else { &kept })
    }

    /// By which a change stands or falls.
    fn full_test(&self) -> Test {
        Test { alpha: self.settings.alpha, orders: self.settings.permutations }
    }

    /// By which changes are looked for: the same, but in a long history with as few orders as hold the level,
    /// of which a share alpha is ten.
    fn search_test(&self) -> Test {
        let full = self.full_test();
        let few = (10.0 / full.alpha) as usize;
        if self.values.len() > LONG { Test { orders: few.min(full.orders), ..full } } else { full }
    }

    /// The stretch from `start` to before `end`.
    fn stretch(&self, start: usize, end: usize) -> Stretch {
        let (mut energy, order) = Energy::of(&self.values[start..end], self.settings.stretch_min.max(2));
        let best = energy.best(&order);
        // Stretches must not be shuffled alike: the seeding spreads neighbouring numbers far apart.
        let seed = self.settings.seed ^ ((start as u64) << 32 | end as u64);
        let random = Xoshiro256PlusPlus::seed_from_u64(seed);
        Stretch { start, end, best, energy, by_chance: Vec::new(), order, random }
    }
}

/// A split between its neighbours.
struct Judged {
    /// Its probability, if it is significant.
    p: Option<f64>,
    /// Relative to the median before.
    magnitude: f64,
}

impl Judged {
    /// A change of spread alone is none of level: the medians must differ.
    fn stands(&self, settings: &Settings) -> bool {
        self.p.is_some() && self.magnitude > 0.0 && self.magnitude >= settings.magnitude_min
    }
}

/// The probability that random orders within the stretches have a split as clear as `statistic` in any of
/// them; `None` if it is above the level, which is often known after few orders.
fn significance(stretches: &mut [Stretch], statistic: f64, test: Test) -> Option<f64> {
    if statistic <= 0.0 {
        return None;
    }
    // The order that was observed is one of all, and as clear as itself.
    let (mut as_clear, all) = (1, test.orders as f64 + 1.0);
    for order in 0..test.orders {
        as_clear +=
            usize::from(stretches.iter_mut().any(|s| s.by_chance(order) >= statistic * (1.0 - ROUNDING)));
        if as_clear as f64 / all > test.alpha {
            return None;
        }
    }
    let p = as_clear as f64 / all;
    (p <= test.alpha).then_some(p)
}

/// A test: its level, and how many random orders it is made with.
#[derive(Clone, Copy)]
struct Test {
    alpha: f64,
    orders: usize,
}

/// A way to split a stretch.
#[derive(Clone, Copy, Debug)]
struct Split {
    /// How many values come before it; 0 if there is none.
    at: usize,
    /// n m / (n + m) times the energy distance of both parts, in units of the mean distance between any two
    /// values of the stretch: so stretches of loud and of quiet values compare.
    statistic: f64,
}

impl Split {
    const NONE: Self = Self { at: 0, statistic: 0.0 };
}

/// A stretch of the series, with the statistics of random orders of it as far as they were asked for.
/// Stretches that stay keep theirs from one test to the next.
struct Stretch {
    start: usize,
    end: usize,
    best: Split,
    energy: Energy,
    by_chance: Vec<f64>,
    order: Vec<usize>,
    random: Xoshiro256PlusPlus,
}

impl Stretch {
    /// The clearest split of random order number `order`.
    fn by_chance(&mut self, order: usize) -> f64 {
        if self.energy.sorted.is_empty() {
            return 0.0;
        }
        while self.by_chance.len() <= order {
            self.order.shuffle(&mut self.random);
            self.by_chance.push(self.energy.best(&self.order).statistic);
        }
        self.by_chance[order]
    }
}

/// Energy distances between both parts of every split, for any order of the same values.
struct Energy {
    /// Ascending, in units of the mean distance, about their median; empty if there is no split.
    sorted: Vec<f64>,
    /// The sum of distances of each to all others.
    distances: Vec<f64>,
    /// The sum of distances between all pairs.
    total: f64,
    /// Fewest values of a part.
    part_min: usize,
    /// Which were seen, by rank.
    seen: Fenwick,
}

impl Energy {
    /// For `values`, and their order as ranks from 0.
    fn of(values: &[f64], part_min: usize) -> (Self, Vec<usize>) {
        let all = values.len();
        let mut by_rank: Vec<usize> = (0..all).collect();
        by_rank.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
        let mut order = vec![0; all];
        by_rank.iter().enumerate().for_each(|(rank, at)| order[*at] = rank);
        let varies = by_rank.first().zip(by_rank.last()).is_some_and(|(a, b)| values[*a] < values[*b]);
        if all < 2 * part_min || !varies {
            let none = Self { sorted: vec![], distances: vec![], total: 0.0, part_min, seen: Fenwick::of(0) };
            return (none, order);
        }
        let middle = median(values);
        let reach = OUTLIER_DEVIATIONS * scale(values, middle);
        let centred: Vec<f64> =
            by_rank.iter().map(|at| (values[*at] - middle).clamp(-reach, reach)).collect();
        let pairs = (all * (all - 1)) as f64 / 2.0;
        let unit = distances(&centred).iter().sum::<f64>() / 2.0 / pairs;
        let sorted: Vec<f64> = centred.iter().map(|v| v / unit).collect();
        let distances = distances(&sorted);
        let total = distances.iter().sum::<f64>() / 2.0;
        (Self { sorted, distances, total, part_min, seen: Fenwick::of(all) }, order)
    }

    /// The clearest split of the values in this order of ranks.
    fn best(&mut self, order: &[usize]) -> Split {
        let all = self.sorted.len();
        self.seen.clear();
        let (mut sum, mut within_left, mut within_right) = (0.0, 0.0, self.total);
        let mut best = Split::NONE;
        for (left, rank) in order.iter().take(all.saturating_sub(self.part_min)).enumerate() {
            let value = self.sorted[*rank];
            let (smaller, sum_smaller) = self.seen.below(*rank);
            let to_left = value * (2.0 * smaller - left as f64) + sum - 2.0 * sum_smaller;
            within_left += to_left;
            within_right -= self.distances[*rank] - to_left;
            sum += value;
            self.seen.add(*rank, value);
            let at = left + 1;
            if at >= self.part_min {
                let (n, m) = (at as f64, (all - at) as f64);
                let between = self.total - within_left - within_right;
                let within = m * within_left / (n - 1.0) + n * within_right / (m - 1.0);
                let statistic = 2.0 * (between - within) / (n + m);
                if statistic > best.statistic {
                    best = Split { at, statistic };
                }
            }
        }
        best
    }
}

/// The sum of distances of each value to all others; `sorted` ascends.
fn distances(sorted: &[f64]) -> Vec<f64> {
    let all = sorted.len() as f64;
    let sum: f64 = sorted.iter().sum();
    let mut sum_smaller = 0.0;
    let distance = |(rank, value): (usize, &f64)| {
        let distance = value * (2.0 * rank as f64 - all) + sum - 2.0 * sum_smaller;
        sum_smaller += value;
        distance
    };
    sorted.iter().enumerate().map(distance).collect()
}

/// Counts and sums of values by rank; adding one and asking for all below a rank take the logarithm of their
/// number (Fenwick 1994, Software: Practice and Experience 24).
struct Fenwick(Vec<(f64, f64)>);

impl Fenwick {
    fn of(ranks: usize) -> Self {
        Self(vec![(0.0, 0.0); ranks])
    }

    fn clear(&mut self) {
        self.0.fill((0.0, 0.0));
    }

    fn add(&mut self, rank: usize, value: f64) {
        let mut node = rank + 1;
        while let Some((count, sum)) = self.0.get_mut(node - 1) {
            *count += 1.0;
            *sum += value;
            node += node & node.wrapping_neg();
        }
    }

    /// Count and sum of what was added below a rank.
    fn below(&self, rank: usize) -> (f64, f64) {
        let (mut count, mut sum) = (0.0, 0.0);
        let mut node = rank;
        while node > 0 {
            let (c, s) = self.0[node - 1];
            count += c;
            sum += s;
            node &= node - 1;
        }
        (count, sum)
    }
}

#[cfg(test)]
mod tests {
    use super::super::noise::normal;
    use super::*;

    /// Any size of change counts.
    const ANY: Settings = Settings { magnitude_min: 0.0, ..Settings::of_history(1) };

    /// Noise of deviation 1 about levels of 60 values each.
    fn levels(levels: &[f64], seed: u64) -> Vec<f64> {
        let noise = normal(60 * levels.len(), seed);
        noise.iter().enumerate().map(|(at, e)| 100.0 + levels[at / 60] + e).collect()
    }

    fn found(values: &[f64], settings: &Settings) -> Vec<usize> {
        change_points(values, settings).unwrap().changes.iter().map(|change| change.at).collect()
    }

    /// How many of the series have more changes than `known`.
    fn false_alarms(series: impl Iterator<Item = Vec<f64>>, known: usize, permutations: usize) -> usize {
        let settings = |seed| Settings { permutations, seed, ..ANY };
        series.zip(0..).filter(|(values, seed)| found(values, &settings(*seed)).len() > known).count()
    }

    /// The statistic of a split by its definition, in the units of `Split`.
    fn by_definition(values: &[f64], at: usize) -> f64 {
        let mean_distance = |a: &[f64], b: &[f64], pairs: usize| {
            a.iter().map(|x| b.iter().map(|y| (x - y).abs()).sum::<f64>()).sum::<f64>() / pairs as f64
        };
        let (all, (a, b)) = (values.len(), values.split_at(at));
        let (n, m) = (a.len(), b.len());
        let within = mean_distance(a, a, n * (n - 1)) + mean_distance(b, b, m * (m - 1));
        let energy = 2.0 * mean_distance(a, b, n * m) - within;
        (n * m) as f64 / all as f64 * energy / mean_distance(values, values, all * (all - 1))
    }

    #[test]
    fn the_statistic_is_that_of_its_definition() {
        for seed in 0..20 {
            // The second has many ties; about a billion, sums of values would drown their distances.
            let plain: Vec<f64> = normal(23, seed).iter().map(|e| 1e9 + e).collect();
            let tied: Vec<f64> = plain.iter().map(|v| v.round()).collect();
            for values in [plain, tied] {
                let (mut energy, order) = Energy::of(&values, 2);
                let best = energy.best(&order);
                let all = (2..=21).map(|at| by_definition(&values, at));
                let largest = all.max_by(f64::total_cmp).unwrap();
                assert!((best.statistic - largest).abs() < 1e-6, "{best:?} is not {largest}");
                assert!((by_definition(&values, best.at) - largest).abs() < 1e-6, "{best:?}");
            }
        }
    }

    /// 400 series: 5 % of them are 20, two standard errors 8.7.
    #[test]
    fn false_alarms_are_as_rare_as_stated() {
        let normal_tails = false_alarms((0..400).map(|seed| normal(50, seed)), 0, 999);
        assert!((10..=28).contains(&normal_tails), "{normal_tails}");
        // One value in eight is set aside: were they left out of the tests, there would be 60.
        let long = |e: &f64| e.powi(3).exp().min(1e6);
        let long_tails =
            false_alarms((0..400).map(|seed| normal(50, seed).iter().map(long).collect()), 0, 999);
        assert!((10..=28).contains(&long_tails), "{long_tails}");
    }

    /// 200 series, tested with as few orders as hold the level: 10, and two standard errors are 6.
    #[test]
    fn beside_a_change_as_well() {
        let more_than_one = false_alarms((0..200).map(|seed| levels(&[0.0, 3.0], seed)), 1, 199);
        assert!(more_than_one <= 16, "{more_than_one}");
    }

    #[test]
    fn steps_are_found_where_they_are() {
        let mut near = 0;
        for seed in 0..20 {
            let history =
                change_points(&levels(&[0.0, 3.0], seed), &Settings { magnitude_min: 0.01, ..ANY }).unwrap();
            near += usize::from(matches!(history.changes[..], [change] if change.at.abs_diff(60) <= 3));
        }
        assert!(near >= 18, "{near} of 20");
        let two = change_points(&levels(&[0.0, 3.0, -3.0], 1), &ANY).unwrap();
        let [first, second] = two.changes[..] else { panic!("{two:?}") };
        assert!(first.at.abs_diff(60) <= 3 && second.at.abs_diff(120) <= 3, "{two:?}");
        assert!((first.after - 103.0).abs() < 0.5 && (second.before - first.after).abs() < 1e-12, "{two:?}");
        assert_eq!((first.p, second.p, two.wanders), (0.001, 0.001, false));
        // There and back, for a short while.
        let mut visit = normal(120, 4);
        visit[50..62].iter_mut().for_each(|v| *v += 4.0);
        let visit = found(&visit, &ANY);
        assert!(visit.len() == 2 && visit[0].abs_diff(50) <= 1 && visit[1].abs_diff(62) <= 1, "{visit:?}");
    }

    #[test]
    fn a_single_outlier_is_flagged_and_changes_nothing() {
        for (at, size) in [(0, 40.0), (57, 1e6), (58, -40.0), (119, 40.0)] {
            let mut values = levels(&[0.0, 0.0], 3);
            values[at] += size;
            let history = change_points(&values, &ANY).unwrap();
            assert_eq!((history.changes.as_slice(), history.outliers.as_slice()), (&[][..], &[at][..]));
            let mut constant = vec![7.0; 300];
            constant[at] = 8.0;
            let history = change_points(&constant, &ANY).unwrap();
            assert_eq!((history.changes.as_slice(), history.outliers.as_slice()), (&[][..], &[at][..]));
        }
        // Two in a row may be the start of something, and a step is none.
        let mut values = levels(&[0.0, 0.0], 3);
        values[118..].iter_mut().for_each(|v| *v += 40.0);
        assert!(outliers(&values, 7).is_empty());
        assert!(outliers(&levels(&[0.0, 100.0], 3), 7).is_empty());
        assert!(outliers(&levels(&[0.0, 100.0], 3), 0).is_empty());
    }

    #[test]
    fn what_is_no_change() {
        assert_eq!(change_points(&[5.0; 100], &ANY), Some(History::default()));
        assert_eq!(change_points(&[], &ANY), Some(History::default()));
        assert_eq!(
            change_points(&[1.0, 1.0, 1.0, 1.0, 9.0, 9.0, 9.0, 9.0, 9.0], &ANY),
            Some(History::default())
        );
        assert_eq!(change_points(&[1.0, f64::INFINITY], &ANY), None);
        // Significant, and too small to matter: three of a hundred are just not reached.
        let small = levels(&[0.0, 2.5], 5);
        assert_eq!(found(&small, &ANY).len(), 1);
        assert!(found(&small, &Settings::of_history(1)).is_empty());
    }

    #[test]
    fn long_histories_and_those_that_wander() {
        let long: Vec<f64> = normal(2_400, 6)
            .iter()
            .enumerate()
            .map(|(at, e)| e + if at < 900 { 10.0 } else { 11.0 })
            .collect();
        let history = change_points(&long, &ANY).unwrap();
        let [change] = history.changes[..] else { panic!("{history:?}") };
        assert!(change.at.abs_diff(900) <= 12 && change.p == 0.001, "{history:?}");
        assert_eq!(change_points(&long, &ANY).unwrap(), history);
        let stairs: Vec<f64> = (0..610).map(|at| f64::from(at / 6)).collect();
        assert!(change_points(&stairs, &ANY).unwrap().wanders);
    }
}
