//! Known answers of METHOD section 8, a reference implementation, and how often intervals hold the truth.

use super::*;

fn levels(pairs: &[(f64, f64)]) -> Vec<Level> {
    pairs.iter().map(|(load, throughput)| Level { load: *load, throughput: *throughput }).collect()
}

fn near(found: f64, known: f64, within: f64) {
    assert!((found - known).abs() <= within, "{found} is not {known}");
}

/// SPEC SDM91 on a Sun SPARCcenter 2000, as in `specsdm91` of R's package usl.
fn sdm91() -> Vec<Level> {
    levels(&[
        (1.0, 64.9),
        (18.0, 995.9),
        (36.0, 1652.4),
        (72.0, 1853.2),
        (108.0, 1828.9),
        (144.0, 1775.0),
        (216.0, 1702.2),
    ])
}

#[test]
fn spec_sdm91() {
    let fit = fit(&sdm91()).unwrap();
    near(fit.law.contention, 0.027_728_5, 5e-8);
    near(fit.law.coherency, 0.000_104_4, 5e-8);
    near(fit.law.unit_throughput, 89.995, 5e-4);
    near(fit.sigma, 82.85, 5e-3);
    near(fit.law.peak_load().unwrap(), 96.52, 5e-3);
    near(fit.law.peak_throughput().unwrap(), 1_884.0, 0.5);
    near(fit.law.limit().unwrap(), 3_245.6, 0.05);
    near(fit.law.optimal_load().unwrap(), 36.06, 5e-3);
}

#[test]
fn numbers_of_a_known_law_give_the_law_back() {
    let rounded = [(1.0, 1.0), (2.0, 1.8868), (4.0, 3.0769), (6.0, 3.5294), (8.0, 3.5398), (10.0, 3.3557)];
    let Law { unit_throughput, contention, coherency } = fit(&levels(&rounded)).unwrap().law;
    near(unit_throughput, 1.0, 1e-4);
    near(contention, 0.02, 1e-4);
    near(coherency, 0.02, 1e-5);

    let law = Law { unit_throughput: 250.0, contention: 0.08, coherency: 3e-5 };
    let exact: Vec<Level> =
        (0..9).map(|i| f64::from(1 << i)).map(|n| Level { load: n, throughput: law.throughput(n) }).collect();
    let found = fit(&exact).unwrap();
    near(found.law.contention, 0.08, 1e-9);
    near(found.law.coherency, 3e-5, 1e-12);
    near(found.sigma, 0.0, 1e-6);
}

/// scipy.optimize.least_squares with bounds, on the same levels.
#[test]
fn a_throughput_that_levels_off_has_a_limit_and_no_peak() {
    let flattens = [(1.0, 10.0), (2.0, 18.5), (4.0, 33.0), (8.0, 53.0), (16.0, 75.5), (32.0, 98.0)];
    let fit = fit(&levels(&flattens)).unwrap();
    near(fit.law.unit_throughput, 9.973_317_11, 1e-7);
    near(fit.law.contention, 0.073_095_699_5, 1e-9);
    assert_eq!(fit.law.coherency, 0.0);
    near(fit.sigma, 0.445_319_918_2, 1e-9);
    assert_eq!(fit.law.peak_load(), None);
    assert_eq!(fit.law.peak_throughput(), fit.law.limit());
}

#[test]
fn what_cannot_be_fitted_says_why() {
    assert_eq!(fit(&sdm91()[..5]), Err(Unfit::TooFewLoads(5)));
    let repeated: Vec<Level> = sdm91()[..5].iter().chain(&sdm91()[..5]).copied().collect();
    assert_eq!(fit(&repeated), Err(Unfit::TooFewLoads(5)));
    let broken = Level { load: 5.0, throughput: 0.0 };
    assert_eq!(fit(&[sdm91(), vec![broken]].concat()), Err(Unfit::NotPositive(broken)));

    let linear: Vec<Level> =
        (1..=8).map(|n| f64::from(n) * 7.0).map(|n| Level { load: n, throughput: 3.0 * n }).collect();
    assert!(matches!(fit(&linear), Err(Unfit::FarFromPeak(share)) if share < 1e-3));
    let law = Law { unit_throughput: 100.0, contention: 0.01, coherency: 1e-5 };
    let reach = |load: f64| -> Vec<Level> {
        (1..=8)
            .map(|n| load / 8.0 * f64::from(n))
            .map(|n| Level { load: n, throughput: law.throughput(n) })
            .collect()
    };
    // Throughput is 60 % of the peak's at a load of 59.8.
    let Err(Unfit::FarFromPeak(share)) = fit(&reach(55.0)) else { panic!("55 of {:?}", law.peak_load()) };
    near(share, 0.570_6, 1e-4);
    assert!(fit(&reach(62.0)).is_ok());
    assert!(fit(&reach(55.0)).unwrap_err().to_string().contains("57 %"));
}

#[test]
fn three_levels_determine_a_law() {
    let law = Law { unit_throughput: 1_000.0, contention: 0.05, coherency: 0.002 };
    let at = |n: f64| (n, law.throughput(n));
    let found = through(&levels(&[at(1.0), at(4.0), at(8.0)])).unwrap();
    near(found.unit_throughput, 1_000.0, 1e-3);
    near(found.contention, 0.05, 1e-6);
    near(found.coherency, 0.002, 1e-7);
    assert_eq!(through(&levels(&[at(1.0), at(4.0), at(4.0)])), None);
    // Faster than linear has no contention below zero.
    let found = through(&levels(&[(1.0, 100.0), (2.0, 210.0), (4.0, 450.0)])).unwrap();
    assert!(found.contention == 0.0 && found.coherency == 0.0, "{found:?}");
}

#[test]
fn predictions_end_where_measurements_are_far() {
    let fit = fit(&sdm91()).unwrap();
    assert_eq!(fit.predict(324.0), Some(fit.law.throughput(324.0)));
    assert_eq!(fit.predict(324.1), None);
}

#[test]
fn intervals_are_those_of_their_seed_and_hold_the_fit() {
    let fit = fit(&sdm91()).unwrap();
    let found = intervals(&sdm91(), &fit, 500, 1).unwrap();
    assert_eq!(intervals(&sdm91(), &fit, 500, 1), Some(found));
    let holds = |interval: Interval, value: f64| {
        assert!(interval.low.unwrap() < value && value < interval.high.unwrap(), "{value}: {interval:?}");
    };
    holds(found.unit_throughput, fit.law.unit_throughput);
    holds(found.contention, fit.law.contention);
    holds(found.coherency, fit.law.coherency);
    holds(found.peak_load, fit.law.peak_load().unwrap());
    holds(found.peak_throughput, fit.law.peak_throughput().unwrap());
    holds(found.limit, fit.law.limit().unwrap());
    holds(found.optimal_load, fit.law.optimal_load().unwrap());
    holds(found.sigma, fit.sigma);
}

#[test]
fn intervals_hold_the_truth_about_as_often_as_they_say() {
    let law = Law { unit_throughput: 90.0, contention: 0.0277, coherency: 0.000_104 };
    let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
    let mut held = [0; 3];
    let sets = 100;
    for seed in 0..sets {
        let mut measured = sdm91();
        for level in &mut measured {
            let normal: f64 = (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
            level.throughput = law.throughput(level.load) + 30.0 * normal;
        }
        let found = intervals(&measured, &fit(&measured).unwrap(), 150, seed).unwrap();
        let holds =
            |i: Interval, truth: f64| i.low.is_some_and(|l| l <= truth) && i.high.is_none_or(|h| truth <= h);
        held[0] += u32::from(holds(found.peak_load, law.peak_load().unwrap()));
        held[1] += u32::from(holds(found.peak_throughput, law.peak_throughput().unwrap()));
        held[2] += u32::from(holds(found.contention, law.contention));
    }
    assert!(held.iter().all(|held| *held >= 88), "{held:?} of {sets}");
}

#[test]
fn a_bound_that_is_not_there_is_not_told() {
    let flattens = levels(&[(1.0, 10.0), (2.0, 18.5), (4.0, 33.0), (8.0, 53.0), (16.0, 75.5), (32.0, 98.0)]);
    let found = intervals(&flattens, &fit(&flattens).unwrap(), 300, 3).unwrap();
    assert_eq!(found.peak_load.high, None);
    assert!(found.peak_load.low.is_some());
    assert!(found.peak_throughput.high.is_some());
}

#[test]
fn levels_beyond_the_peak_alone_do_not_tell_the_law() {
    // The squares fall as g grows, without end; found by trying random levels.
    let loads = [57.0, 61.0, 75.0, 122.0, 235.0, 242.0, 248.0];
    let throughputs = [97.883, 102.288, 86.63, 78.323, 82.762, 87.841, 87.067];
    let pairs: Vec<(f64, f64)> = loads.into_iter().zip(throughputs).collect();
    assert_eq!(fit(&levels(&pairs)), Err(Unfit::NotConverged));
}
