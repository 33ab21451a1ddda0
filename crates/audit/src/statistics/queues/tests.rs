//! Known answers: the table of METHOD section 7, closed forms, Erlang's series with many digits, and a simulation.

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::*;

fn near(found: f64, known: f64, relative: f64) {
    assert!((found / known - 1.0).abs() <= relative, "{found} is not {known}");
}

#[test]
fn exact_mean_values() {
    let found = mean_values(Station { demand_s: 0.010, think_s: 0.100 }, 50);
    let table = [
        (1, 9.091, 10.0),
        (5, 43.605, 14.666),
        (10, 78.542, 27.321),
        (20, 99.813, 100.375),
        (50, 100.0, 400.0),
    ];
    for (users, throughput_per_s, response_ms) in table {
        let at = found[users - 1];
        assert_eq!(at.users, users);
        assert!((at.throughput_per_s - throughput_per_s).abs() < 5e-4, "{at:?}");
        assert!((at.response_s * 1e3 - response_ms).abs() < 5e-4, "{at:?}");
    }
}

#[test]
fn mean_values_keep_within_the_bounds() {
    let demands = Demands { total_s: 0.010, largest_s: 0.010, think_s: 0.100 };
    assert!((demands.knee_users() - 11.0).abs() < 1e-9);
    for at in mean_values(Station { demand_s: 0.010, think_s: 0.100 }, 100) {
        let users = at.users as f64;
        assert!(at.throughput_per_s <= demands.throughput_per_s_max(users) * (1.0 + 1e-12));
        assert!(at.response_s >= demands.response_s_min(users) * (1.0 - 1e-12));
    }
    let several = Demands { total_s: 0.030, largest_s: 0.020, think_s: 0.0 };
    assert_eq!((several.throughput_per_s_max(1.0), several.throughput_per_s_max(9.0)), (1.0 / 0.030, 50.0));
    assert_eq!(several.response_s_min(1.0), 0.030);
}

#[test]
fn littles_law_misses_what_a_client_sleeps() {
    let station = Station { demand_s: 0.010, think_s: 0.100 };
    let honest = mean_values(station, 10)[9];
    let flow = Flow {
        present: 10.0,
        throughput_per_s: honest.throughput_per_s,
        stay_s: honest.response_s + station.think_s,
    };
    assert_eq!(flow.balance(0.0), Balance::Holds);
    // 20 ms of each iteration that nobody timed.
    let asleep = mean_values(Station { think_s: 0.120, ..station }, 10)[9];
    let mutant = Flow {
        throughput_per_s: asleep.throughput_per_s,
        stay_s: asleep.response_s + station.think_s,
        ..flow
    };
    assert_eq!(mutant.balance(0.0), Balance::Broken);

    let short = Flow { present: 10.0, throughput_per_s: 97.0, stay_s: 0.1 };
    near(short.difference(), 0.03, 1e-9);
    assert_eq!(short.balance(0.0), Balance::Doubtful);
    assert_eq!(short.balance(short.edge(20.0, 0.2, 10.0)), Balance::Holds);
    assert_eq!(Flow { present: 0.0, throughput_per_s: 0.0, stay_s: 0.0 }.balance(0.0), Balance::Broken);
}

#[test]
fn mm1_is_exponential() {
    let server = Mm1 { service_s: 0.010 };
    near(server.response_quantile_s(80.0, 0.99).unwrap(), 100f64.ln() / 20.0, 1e-12);
    near(server.response_quantile_s(0.0, 0.5).unwrap(), 0.010 * 2f64.ln(), 1e-12);
    assert_eq!(server.response_quantile_s(100.0, 0.5), None);
    near(server.rate_per_s_within(0.99, 100f64.ln() / 20.0).unwrap(), 80.0, 1e-12);
    assert_eq!(server.rate_per_s_within(0.99, 0.040), None);
}

/// Erlang's series with 700 digits (mpmath), services of one second.
#[test]
fn md1_is_erlangs_series() {
    let table = [
        (0.1, 3.5, 1.064_646_243_494_307_4e-6),
        (0.5, 0.25, 0.433_425_773_466_586_84),
        (0.5, 1.5, 0.102_003_168_779_630_35),
        (0.5, 5.3, 0.000_847_563_598_760_501),
        (0.8, 0.0, 0.8),
        (0.8, 0.999, 0.555_247_758_453_420_8),
        (0.8, 7.75, 0.030_732_203_972_460_3),
        (0.8, 30.0, 2.110_293_903_173_430_4e-6),
        (0.95, 40.5, 0.015_705_545_609_874_108),
        (0.95, 100.0, 3.693_541_128_936_649e-5),
        (0.99, 250.2, 0.006_555_302_334_334_946),
        (0.999, 400.0, 0.448_909_606_384_105_92),
    ];
    let server = Md1 { service_s: 1.0 };
    for (rate_per_s, wait_s, known) in table {
        near(server.waiting_longer(rate_per_s, wait_s), known, 1e-10);
    }
    near(server.response_quantile_s(0.5, 0.99).unwrap(), 4.336_255_957_002_2, 1e-12);
    near(server.response_quantile_s(0.8, 0.99).unwrap(), 11.355_886_791_995, 1e-12);
    near(server.response_quantile_s(0.95, 0.99).unwrap(), 45.937_765_508_380_7, 1e-12);
    near(server.rate_per_s_within(0.99, 10.0).unwrap(), 0.773_487_223_269_215_5, 1e-12);
    near(server.rate_per_s_within(0.9, 1.5).unwrap(), 0.175_685_666_201_493_7, 1e-12);
}

#[test]
fn the_mean_wait_is_pollaczeks_and_khinchines() {
    for utilisation in [0.05, 0.3, 0.8, 0.95] {
        let waiting = Waiting::at(utilisation);
        // Simpson's rule within each service time: the tail has a corner at whole ones.
        let service = |n: f64| {
            let sum = |from: f64| {
                waiting.longer(from) + 4.0 * waiting.longer(from + 0.05) + waiting.longer(from + 0.1 - 1e-12)
            };
            (0..10).map(|tenth| sum(n + f64::from(tenth) / 10.0)).sum::<f64>() / 60.0
        };
        let mean: f64 = (0..400).map(|n| service(f64::from(n))).sum();
        near(mean, utilisation / (2.0 * (1.0 - utilisation)), 1e-6);
    }
}

#[test]
fn md1_is_what_two_million_customers_see() {
    let server = Md1 { service_s: 0.010 };
    let shares = [0.5, 0.9, 0.99];
    let quantiles_s = shares.map(|q| server.response_quantile_s(80.0, q).unwrap());
    let mut random = Xoshiro256PlusPlus::seed_from_u64(3);
    let mut longer = [0u32; 3];
    let customers = 2_000_000;
    let mut wait_s: f64 = 0.0;
    for _ in 0..customers {
        longer.iter_mut().zip(quantiles_s).for_each(|(n, q)| *n += u32::from(wait_s + 0.010 > q));
        // Lindley: the next one waits for what is left of this one's stay.
        wait_s = (wait_s + 0.010 + (1.0 - random.random::<f64>()).ln() / 80.0).max(0.0);
    }
    for (longer, q) in longer.iter().zip(shares) {
        let share = f64::from(*longer) / f64::from(customers);
        // Waits of neighbours are alike: two million of them are as good as some fifty thousand.
        assert!((share - (1.0 - q)).abs() < 3.0 * (q * (1.0 - q) / 5e4).sqrt(), "{share} beyond {q}");
    }
}

#[test]
fn md1_at_its_ends() {
    let server = Md1 { service_s: 0.010 };
    assert_eq!(server.response_quantile_s(0.0, 0.999), Some(0.010));
    assert_eq!(server.response_quantile_s(100.0, 0.5), None);
    assert_eq!(server.waiting_longer(100.0, 5.0), 1.0);
    assert_eq!(server.rate_per_s_within(0.5, 0.009), None);
    // With no time to wait, as many may come as find the server free.
    near(server.rate_per_s_within(0.99, 0.010).unwrap(), 1.0, 1e-9);
    for q in [0.5, 0.99, 0.9999] {
        for utilisation in [1e-6, 0.02, 0.5, 0.99, 0.9999] {
            let rate_per_s = utilisation * 100.0;
            let quantile_s = server.response_quantile_s(rate_per_s, q).unwrap();
            if quantile_s > 0.010 {
                near(server.rate_per_s_within(q, quantile_s).unwrap(), rate_per_s, 1e-9);
            }
        }
    }
}
