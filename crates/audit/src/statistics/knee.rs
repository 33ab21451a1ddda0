//! Where does a curve turn? Elasticity from level to level, Kneedle, and the test that allows a knee to be told.
//!
//! Sources: Satopaa, Albrecht, Irwin & Raghavan 2011, "Finding a 'kneedle' in a haystack" (ICDCSW), with S = 1, and
//! kneed 0.9 for what the paper leaves open; Quandt 1958 (JASA 53) and Hinkley 1971 (JASA 66) for the test of two
//! segments against one.
//!
//! Points are summaries of levels that were measured for long enough, so nothing is smoothed here. Whether the
//! generator kept up at a level is for the caller to know: points where it did not must be left out.

use super::scalability::Level;

/// Elasticity from which throughput grows as load does (docs/METHOD.md, section 8).
const LINEAR_MIN: f64 = 0.9;

/// Elasticity below which more load brings next to nothing.
const SATURATED_MAX: f64 = 0.1;

/// Levels must differ by this factor for an elasticity: between levels a percent apart noise is all there is (docs/METHOD.md,
/// section 16, has the same factor).
const STEP_MIN: f64 = 1.2;

/// Kneedle's sensitivity S: by how many mean distances of points the difference curve must fall for a knee.
const SENSITIVITY: f64 = 1.0;

/// Fewest points of which a knee is told.
pub const POINTS_MIN: usize = 6;

/// Fewest points of a segment, the one at the bend included: two would be fitted exactly.
const SEGMENT_MIN: usize = 3;

/// Probability, on a straight line, of a bend as clear as one that is told.
pub const SIGNIFICANCE: f64 = 0.01;

/// The share of the squares of `y` that rounding may leave as distance from a line.
const ROUNDING: f64 = 1e-24;

/// How throughput answers to more load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// As load does: elasticity from 0.9.
    Linear,
    /// Less than load: from 0.1.
    Sublinear,
    /// Hardly or not at all: from 0.
    Saturated,
    /// It falls.
    Retrograde,
}

impl Growth {
    fn of(elasticity: f64) -> Self {
        match elasticity {
            e if e >= LINEAR_MIN => Self::Linear,
            e if e >= SATURATED_MAX => Self::Sublinear,
            e if e >= 0.0 => Self::Saturated,
            _ => Self::Retrograde,
        }
    }
}

/// How throughput answered from one level to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elasticity {
    /// The lower load.
    pub from: f64,
    /// The higher load.
    pub to: f64,
    /// Change of the logarithm of throughput by change of the logarithm of load.
    pub value: f64,
    /// The word for it.
    pub growth: Growth,
}

/// The elasticity from level to level, ascending in load; levels that are nearer to the one before than a fifth are passed over.
/// Levels whose load or throughput is not above 0 have no logarithm and are left out.
pub fn elasticities(levels: &[Level]) -> Vec<Elasticity> {
    let mut levels: Vec<Level> =
        levels.iter().copied().filter(|l| l.load > 0.0 && l.throughput > 0.0).collect();
    levels.sort_by(|a, b| a.load.total_cmp(&b.load));
    let mut apart: Vec<Level> = Vec::new();
    for level in levels {
        if apart.last().is_none_or(|last| level.load >= last.load * STEP_MIN) {
            apart.push(level);
        }
    }
    apart
        .windows(2)
        .map(|pair| {
            let value = (pair[1].throughput / pair[0].throughput).ln() / (pair[1].load / pair[0].load).ln();
            Elasticity { from: pair[0].load, to: pair[1].load, value, growth: Growth::of(value) }
        })
        .collect()
}

/// A point of a curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// What was set: load or rate.
    pub x: f64,
    /// What was measured: throughput, or a time.
    pub y: f64,
}

/// How a rising curve bends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curvature {
    /// Steep first, as throughput against load.
    Concave,
    /// Steep last, as response time against rate.
    Convex,
}

/// What is told of a knee.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Knee {
    /// It is at this point.
    At {
        /// The point, by Kneedle.
        point: Point,
        /// The test that allows to tell it.
        bend: Bend,
    },
    /// There is none: two segments fit no better than one, or bend the other way, or no point stands out.
    None,
    /// Fewer than [`POINTS_MIN`] points.
    TooFew,
}

/// The knee of a curve whose `points` ascend in `x`, each `x` once. A knee is told only if two segments fit better than
/// one. That refuses straight lines and noise; a smooth curve without any corner passes, and what is told then is
/// where it is farthest from its chord.
///
/// # Panics
///
/// If `points` do not ascend.
pub fn knee(points: &[Point], curvature: Curvature) -> Knee {
    if points.len() < POINTS_MIN {
        return Knee::TooFew;
    }
    let bends = |bend: &Bend| match curvature {
        Curvature::Concave => bend.slope_after < bend.slope_before,
        Curvature::Convex => bend.slope_after > bend.slope_before,
    };
    let bend = bend(points).filter(|bend| bend.p < SIGNIFICANCE && bends(bend));
    bend.zip(kneedle(points, curvature)).map_or(Knee::None, |(bend, point)| Knee::At { point, bend })
}

/// The first knee of a rising curve by Kneedle with S = 1; `None` if there is none. It finds one on nearly any few
/// points: tell it only through [`knee`]. Unlike kneed it never takes the first or last point for a knee.
///
/// # Panics
///
/// If `points` do not ascend in `x`.
pub fn kneedle(points: &[Point], curvature: Curvature) -> Option<Point> {
    assert!(points.is_sorted_by(|a, b| a.x < b.x), "points ascend in x");
    let (first, last) = (points.first()?, points.last()?);
    let lowest = points.iter().map(|p| p.y).fold(f64::INFINITY, f64::min);
    let highest = points.iter().map(|p| p.y).fold(f64::NEG_INFINITY, f64::max);
    let (width, height) = (last.x - first.x, highest - lowest);
    // A constant has no knee; neither has what holds something that is not a number.
    if !(width > 0.0 && height > 0.0 && height.is_finite()) {
        return None;
    }
    // The difference from the diagonal of the unit square. A convex curve turned by half a circle is a concave one.
    let mut difference: Vec<f64> =
        points.iter().map(|p| (p.y - lowest) / height - (p.x - first.x) / width).collect();
    if curvature == Curvature::Convex {
        difference.reverse();
        difference.iter_mut().for_each(|d| *d = -*d);
    }
    let found = first_knee(&difference)?;
    points.get(if curvature == Curvature::Concave { found } else { points.len() - 1 - found }).copied()
}

/// The first local maximum from which the difference curve falls by the threshold before it turns upwards again.
fn first_knee(difference: &[f64]) -> Option<usize> {
    let fall = SENSITIVITY / (difference.len() as f64 - 1.0);
    let mut candidate = None;
    for (at, around) in (1..).zip(difference.windows(3)) {
        let (before, here, after) = (around[0], around[1], around[2]);
        if here >= before && here >= after {
            candidate = Some((at, here - fall));
        }
        // From a minimum on the curve rises: what it may fall to later is not this candidate's doing.
        if here <= before && here <= after {
            candidate = None;
        }
        if let Some((maximum, threshold)) = candidate
            && after < threshold
        {
            return Some(maximum);
        }
    }
    None
}

/// Two straight segments that meet at a point, against one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bend {
    /// The `x` of the point at which they meet.
    pub at: f64,
    /// Slope of the first segment.
    pub slope_before: f64,
    /// Slope of the second.
    pub slope_after: f64,
    /// F with 2 and n − 4 degrees of freedom; infinite if two segments fit exactly.
    pub f: f64,
    /// Probability of such an F on a straight line with normal errors of one size. The bend is looked for, which the
    /// distribution does not know of: on straight lines p < .01 came in 0.2 % of the cases with 7 points, 0.8 % with
    /// 10, 1.0 % with 15 and 1.5 % with 30 (20,000 simulated series each).
    pub p: f64,
}

/// The best bend of a curve whose `points` ascend in `x`, at one of them; `None` with fewer than [`POINTS_MIN`], or if
/// they lie on one straight line.
pub fn bend(points: &[Point]) -> Option<Bend> {
    let n = points.len();
    if n < POINTS_MIN {
        return None;
    }
    let line = Line::through(points);
    let y: Vec<f64> = points.iter().map(|point| point.y).collect();
    let (slope, rest) = line.fit(&y);
    let squares_one = dot(&rest, &rest);
    if squares_one.is_nan() || squares_one <= ROUNDING * dot(&y, &y) {
        return None;
    }
    // A hinge is 0 before the bend and rises from there: what it explains beyond the line is what the bend does.
    let explained = points[SEGMENT_MIN - 1..=n - SEGMENT_MIN].iter().map(|corner| {
        let hinge: Vec<f64> = points.iter().map(|point| (point.x - corner.x).max(0.0)).collect();
        let (hinge_slope, hinge_rest) = line.fit(&hinge);
        let size = dot(&hinge_rest, &hinge_rest);
        let turn = dot(&hinge_rest, &rest) / size;
        (turn * turn * size, corner.x, turn, slope - turn * hinge_slope)
    });
    let (explained, at, turn, slope_before) = explained.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let squares_two = (squares_one - explained).max(0.0);
    let freedom = n as f64 - 4.0;
    let f = (squares_one - squares_two) / 2.0 / (squares_two / freedom);
    // The tail of F with 2 and m degrees of freedom is (1 + 2F/m)^(−m/2), and 1 + 2F/m is the ratio of the squares.
    let p = (squares_two / squares_one).powf(freedom / 2.0);
    Some(Bend { at, slope_before, slope_after: slope_before + turn, f, p })
}

/// Straight lines over given `x`.
struct Line {
    /// They, centred.
    offsets: Vec<f64>,
    /// Their squares.
    squares: f64,
}

impl Line {
    fn through(points: &[Point]) -> Self {
        let x: Vec<f64> = points.iter().map(|point| point.x).collect();
        let mean = super::rank::mean(&x);
        let offsets: Vec<f64> = x.iter().map(|x| x - mean).collect();
        let squares = dot(&offsets, &offsets);
        Self { offsets, squares }
    }

    /// The slope of the line of least squares through `values`, and what it leaves of them.
    fn fit(&self, values: &[f64]) -> (f64, Vec<f64>) {
        let mean = super::rank::mean(values);
        let slope = dot(&self.offsets, values) / self.squares;
        (
            slope,
            values.iter().zip(&self.offsets).map(|(value, offset)| value - mean - slope * offset).collect(),
        )
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    fn curve(xs: &[f64], y: impl Fn(f64) -> f64) -> Vec<Point> {
        xs.iter().map(|x| Point { x: *x, y: y(*x) }).collect()
    }

    fn counted(ys: &[f64]) -> Vec<Point> {
        (0u32..).zip(ys).map(|(x, y)| Point { x: f64::from(x), y: *y }).collect()
    }

    fn found(points: &[Point], curvature: Curvature) -> Option<f64> {
        kneedle(points, curvature).map(|point| point.x)
    }

    const CONVEX: [f64; 10] = [1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 15.0, 20.0, 40.0, 100.0];

    #[test]
    fn elasticity_has_a_word() {
        let level = |load, throughput| Level { load, throughput };
        let levels =
            [level(4.0, 300.0), level(1.0, 100.0), level(2.0, 200.0), level(8.0, 303.0), level(16.0, 250.0)];
        let found = elasticities(&[&levels[..], &[level(0.0, 1.0)]].concat());
        let words: Vec<Growth> = found.iter().map(|found| found.growth).collect();
        assert_eq!(words, [Growth::Linear, Growth::Sublinear, Growth::Saturated, Growth::Retrograde]);
        assert_eq!((found[0].from, found[0].to, found[0].value), (1.0, 2.0, 1.0));
        assert!((found[1].value - 1.5f64.log2()).abs() < 1e-12);
        // What lies a percent beside another level is passed over: it would be 5.5, and then -4.
        let near = elasticities(&[
            level(100.0, 100.0),
            level(101.0, 105.0),
            level(102.0, 101.0),
            level(150.0, 150.0),
        ]);
        assert_eq!((near.len(), near[0].to, near[0].value), (1, 150.0, 1.0));
    }

    /// kneed 0.9.0, `KneeLocator(x, y, S=1.0, curve=…, direction="increasing").knee`.
    #[test]
    fn kneedle_finds_what_kneed_finds() {
        let tenths: Vec<f64> = (0..10).map(|i| f64::from(i) / 9.0).collect();
        assert_eq!(found(&curve(&tenths, |x| -1.0 / (x + 0.1) + 5.0), Curvature::Concave), Some(2.0 / 9.0));
        assert_eq!(found(&counted(&CONVEX), Curvature::Convex), Some(7.0));
        let concave = [0.0, 60.0, 80.0, 85.0, 90.0, 95.0, 96.0, 97.0, 98.0, 99.0];
        assert_eq!(found(&counted(&concave), Curvature::Concave), Some(2.0));
        let rho = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];
        assert_eq!(found(&curve(&rho, |rho| 1.0 / (1.0 - rho)), Curvature::Convex), Some(0.8));
        // An `x` that is not evenly spaced.
        let doubled: Vec<f64> = (0..8).map(|i| f64::from(1 << i)).collect();
        assert_eq!(found(&curve(&doubled, |x| x.min(20.0)), Curvature::Concave), Some(32.0));
        assert_eq!(found(&curve(&doubled, |x| x.max(40.0)), Curvature::Convex), Some(32.0));
        let sdm91 = [1.0, 18.0, 36.0, 72.0, 108.0, 144.0, 216.0];
        let throughput = [64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2];
        let points: Vec<Point> = sdm91.iter().zip(throughput).map(|(x, y)| Point { x: *x, y }).collect();
        assert_eq!(found(&points, Curvature::Concave), Some(36.0));
    }

    #[test]
    fn lines_have_no_knee() {
        for curvature in [Curvature::Concave, Curvature::Convex] {
            for ys in [vec![5.0; 10], (0..10).map(f64::from).collect(), vec![f64::NAN; 10]] {
                assert_eq!(kneedle(&counted(&ys), curvature), None, "{ys:?}");
                assert_eq!(knee(&counted(&ys), curvature), Knee::None, "{ys:?}");
            }
        }
        assert_eq!(
            found(&counted(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 9.5]), Curvature::Concave),
            None
        );
        // A convex curve taken for a concave one: kneed answers with its first point.
        assert_eq!(found(&counted(&CONVEX), Curvature::Concave), None);
    }

    #[test]
    fn a_bend_is_found_with_its_slopes() {
        let rate: Vec<f64> = (0..10).map(f64::from).collect();
        let noise = [0.3, -0.2, 0.1, 0.4, -0.5, 0.2, -0.1, -0.3, 0.2, 0.0];
        let mut points = curve(&rate, |x| 10.0 + 0.1 * x + if x > 6.0 { 8.0 * (x - 6.0) } else { 0.0 });
        points.iter_mut().zip(noise).for_each(|(point, noise)| point.y += noise);
        // numpy.linalg.lstsq on [1, x, max(x - 6, 0)], and scipy.stats.f.sf.
        let found = bend(&points).unwrap();
        assert_eq!(found.at, 6.0);
        assert!((found.slope_before - 0.054_528_875_4).abs() < 1e-9);
        assert!((found.slope_after - found.slope_before - 8.104_407_294_8).abs() < 1e-9);
        assert!((found.f - 1_184.419_589).abs() < 1e-5);
        assert!((found.p / 1.612_690_904e-8 - 1.0).abs() < 1e-8);
        let Knee::At { point, .. } = knee(&points, Curvature::Convex) else { panic!("no knee") };
        assert_eq!(point.x, 6.0);
        assert_eq!(knee(&points, Curvature::Concave), Knee::None);
        assert_eq!(knee(&points[..5], Curvature::Convex), Knee::TooFew);
    }

    #[test]
    fn kneedle_alone_sees_knees_in_noise_and_the_test_does_not() {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(11);
        let (mut alone, mut told) = (0, 0);
        for _ in 0..1_000 {
            let ys: Vec<f64> = (0..10).map(|i| 50.0 + f64::from(i) + 4.0 * random.random::<f64>()).collect();
            alone += u32::from(kneedle(&counted(&ys), Curvature::Convex).is_some());
            told += u32::from(knee(&counted(&ys), Curvature::Convex) != Knee::None);
        }
        assert!(alone > 900 && told <= 20, "{alone} alone, {told} told");
    }

    #[test]
    #[should_panic(expected = "points ascend in x")]
    fn points_out_of_order_are_refused() {
        kneedle(&[Point { x: 2.0, y: 1.0 }, Point { x: 1.0, y: 2.0 }], Curvature::Concave);
    }
}
