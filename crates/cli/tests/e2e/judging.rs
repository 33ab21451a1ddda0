//! Judging what is recorded: our own directories, and what others published.

use std::path::PathBuf;

use crate::plimsoll::Place;

#[test]
fn four_published_reports_are_refused_for_the_right_reasons() {
    let place = Place::new();
    let published = [
        ("cliffracer", &["none of 810 requests succeeded", "0.0109 ms", "time they took to fail"][..2]),
        ("conexus", &["p50 (1.48 ms) is above p95 (1.47 ms)", "from 150 to 500 users"][..]),
        ("sparkle", &["Thresholds stand where results should", "<150ms"][..]),
        ("unmogrowp", &["9.0 times as many", "35.28 Gbit/s"][..]),
    ];
    for (name, reasons) in published {
        let file =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../examples/audit/{name}.yaml"));
        let judged = place.plimsoll(&["audit", &file.display().to_string()]);
        assert_eq!(judged.code, 98, "{name}: {}", judged.stdout);
        assert!(judged.stdout.contains("UNPROVEN") && judged.stdout.contains("this result is invalid"));
        assert!(reasons.iter().all(|r| judged.stdout.contains(r)), "{name}: {}", judged.stdout);
    }
}

#[test]
fn one_digit_changed_in_a_run_is_found_and_named() {
    let server = crate::plimsoll::service("echo");
    let place = Place::new();
    let url = format!("{}/status/200", server.url());
    place.plimsoll(&["hit", &url, "-n", "200", "-c", "2", "--quiet", "--out", "run", "--samples"]);
    let untouched = place.plimsoll(&["verify", "run"]);
    assert_eq!(untouched.code, 0, "{}", untouched.stdout);

    let file = place.path("run/run.json");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("\"ok\": 200", "\"ok\": 201", 1)).unwrap();
    let changed = place.plimsoll(&["verify", "run"]);
    assert_eq!(changed.code, 98);
    assert!(
        changed.stdout.contains("run.json: /totals/ok is 201, the record says 200"),
        "{}",
        changed.stdout
    );
    assert!(
        text.contains("\"count\": 200,\n    \"share\": 1.0"),
        "every operation stands in samples.parquet"
    );
    let file = place.path("run/samples.parquet");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let changed = place.plimsoll(&["verify", "run"]);
    assert!(changed.stdout.contains("samples"), "{}", changed.stdout);
}
