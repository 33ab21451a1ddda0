//! Series whose truth is known: the synthetic table of docs/METHOD.md, section 10. Every series of it is made from so many
//! seeds; a line of the table says how often each finding may, or must, come out.

use std::collections::BTreeMap;

use super::*;
use crate::statistics::noise::normal;

const MIB: f64 = 1_048_576.0;

/// As many as a debug build does in a few seconds; the table of the method rests on 80.
const SEEDS: u64 = 40;

const LOAD_S: u64 = 30 * 60;

/// Memory in MiB at a second, from noise with standard deviation 1.
type Shape = fn(f64, &[f64]) -> f64;

/// Seconds and values under load, and those of the rest behind it.
type Run = (Vec<(f64, f64)>, Vec<(f64, f64)>);

fn series(shape: Shape, seed: u64) -> Run {
    let all = LOAD_S + REST_S_MIN;
    let noise = normal(all as usize + 8, 1_000 * seed + 17);
    let at = |s: u64| (s as f64, shape(s as f64, &noise) * MIB);
    ((0..LOAD_S).map(at).collect(), (LOAD_S..=all).map(at).collect())
}

/// How often each finding came out, as shares.
fn shares(shape: Shape) -> BTreeMap<&'static str, f64> {
    let mut found: BTreeMap<&'static str, f64> = BTreeMap::new();
    for seed in 0..SEEDS {
        let (load, rest) = series(shape, seed);
        let growth = judge(&load, &rest, LOAD_S, Unit::Bytes, None).growth;
        *found.entry(growth.name()).or_default() += 1.0 / SEEDS as f64;
    }
    found
}

fn flat(s: f64, noise: &[f64]) -> f64 {
    200.0 + 2.0 * noise[s as usize]
}

/// A collector that takes 40 MiB away every minute and a half or so.
fn sawtooth(s: f64, noise: &[f64], height: f64) -> f64 {
    let period = 90.0 + 5.0 * noise[noise.len() - 1];
    flat(s, noise) + height * ((s + 40.0 * noise[noise.len() - 2].abs()) / period).fract()
}

fn leaking(s: f64, per_minute: f64) -> f64 {
    per_minute * s.min(LOAD_S as f64) / 60.0
}

fn cache(s: f64, tau_min: f64) -> f64 {
    200.0 * (1.0 - (-s / 60.0 / tau_min).exp())
}

/// An autoregressive series with this memory, from the beginning to `s`.
fn wandering(s: f64, noise: &[f64], memory: f64) -> f64 {
    noise[..=s as usize].iter().rev().take(800).zip(0..).map(|(e, age)| e * memory.powi(age)).sum()
}

#[test]
fn no_false_alarm() {
    let shapes: [(&str, Shape); 5] = [
        ("flat", flat),
        ("sawtooth", |s, n| sawtooth(s, n, 40.0)),
        ("cache, 6 min", |s, n| flat(s, n) + cache(s, 6.0)),
        ("cache, 15 min", |s, n| flat(s, n) + cache(s, 15.0)),
        ("step", |s, n| flat(s, n) + if s > 900.0 + 200.0 * n[n.len() - 3] { 50.0 } else { 0.0 }),
    ];
    for (name, shape) in shapes {
        let found = shares(shape);
        assert!(found.get("LEAK").copied().unwrap_or(0.0) <= 0.02, "{name}: {found:?}");
    }
    assert!(shares(|s, n| flat(s, n) + cache(s, 6.0))["SETTLING"] >= 0.98);
    assert!(shares(flat)["NO LEAK"] >= 0.98);
}

#[test]
fn dependent_noise_is_rarely_taken_for_a_leak() {
    let found = shares(|s, n| 200.0 + wandering(s, n, 0.99));
    assert!(found.get("LEAK").copied().unwrap_or(0.0) <= 0.05, "{found:?}");
}

#[test]
fn leaks_are_found_and_never_cleared() {
    let shapes: [(&str, Shape, f64); 6] = [
        ("0.25 MiB a minute", |s, n| flat(s, n) + leaking(s, 0.25), 0.7),
        ("1 MiB a minute", |s, n| flat(s, n) + leaking(s, 1.0), 0.9),
        ("0.5 MiB a minute in a sawtooth", |s, n| sawtooth(s, n, 40.0) + leaking(s, 0.5), 0.5),
        ("1 MiB a minute in a sawtooth", |s, n| sawtooth(s, n, 40.0) + leaking(s, 1.0), 0.9),
        ("2 MiB a minute in a sawtooth", |s, n| sawtooth(s, n, 40.0) + leaking(s, 2.0), 0.9),
        ("1 MiB a minute in one of 100 MiB", |s, n| sawtooth(s, n, 100.0) + leaking(s, 1.0), 0.9),
    ];
    for (name, shape, power) in shapes {
        let found = shares(shape);
        assert!(found.get("LEAK").copied().unwrap_or(0.0) >= power, "{name}: {found:?}");
        assert!(!found.contains_key("NO LEAK"), "{name}: {found:?}");
    }
}

/// What comes back when the load is gone, a jump, and a period that leaves too few blocks are each told as what they are.
#[test]
fn each_finding_has_its_words() {
    let (load, rest) =
        series(|s, n| flat(s, n) + leaking(s, 2.0) * f64::from(u8::from(s < LOAD_S as f64)), 1);
    let back = judge(&load, &rest, LOAD_S, Unit::Bytes, None);
    assert_eq!(back.growth, Growth::Undecided, "{back:?}");
    assert!(back.why.contains("came back"), "{}", back.why);

    let (load, rest) = series(|s, n| flat(s, n) + if s >= 900.0 { 500.0 } else { 0.0 } + leaking(s, 1.0), 1);
    let jumped = judge(&load, &rest, LOAD_S, Unit::Bytes, None);
    assert_eq!(jumped.growth, Growth::LevelShift, "{jumped:?}");
    assert!(jumped.why.contains("about 15 min into the load"), "{}", jumped.why);

    let (load, rest) = series(|s, n| flat(s, n) + 40.0 * (s / 500.0).fract(), 1);
    let slow = judge(&load, &rest, LOAD_S, Unit::Bytes, None);
    assert_eq!(slow.growth, Growth::Undecided, "{slow:?}");
    assert!(slow.why.contains("it moves with a period of"), "{}", slow.why);

    // Descriptors leak by the piece.
    let pieces: Vec<_> = (0..LOAD_S).map(|s| (s as f64, (100 + s / 60) as f64)).collect();
    let after: Vec<_> = (LOAD_S..=LOAD_S + REST_S_MIN).map(|s| (s as f64, 130.0)).collect();
    let descriptors = judge(&pieces, &after, LOAD_S, Unit::Count, Some(1_024.0));
    assert_eq!(descriptors.growth, Growth::Leak, "{descriptors:?}");
    let (soonest, latest) = descriptors.limit_after_s.unwrap();
    // 1024 less the 128 of the end, at one a minute.
    assert!((soonest / 60.0 / 896.0 - 1.0).abs() < 0.05 && latest >= Some(soonest), "{descriptors:?}");
}
