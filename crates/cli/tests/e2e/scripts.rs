//! Scripts written for k6: the examples, and whatever can be wrong with one.

use plimsoll_targets::Running;
use serde_json::Value;

use crate::plimsoll::{Ended, Place, read_json, service};
use crate::server::PythonServer;

/// Runs a script's text under k6's rules; how it ended, and k6's summary.
fn script(text: &str, server: &Running, more: &[&str]) -> (Ended, Value) {
    let place = Place::new();
    place.write("script.js", text);
    script_at(&place, "script.js", server, more)
}

/// The same with a script's file.
fn script_at(place: &Place, path: &str, server: &Running, more: &[&str]) -> (Ended, Value) {
    let base = format!("BASE={}", server.url());
    let usual =
        ["run", path, "--out", "out", "-q", "--k6-verdict", "--summary-export", "summary.json", "-e", &base];
    let ended = place.plimsoll(&[&usual, more].concat());
    let summary = read_json(&place.path("summary.json")).unwrap_or_default();
    (ended, summary)
}

#[test]
fn the_examples_run() {
    let server = service("shop");
    for name in ["first.js", "shop.js", "summary.ts"] {
        let place = Place::new();
        let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/k6/");
        let base = format!("BASE={}", server.url());
        let ended = place.plimsoll(&[
            "run",
            &format!("{example}{name}"),
            "--out",
            "out",
            "-q",
            "--k6-verdict",
            "-e",
            &base,
        ]);
        assert_eq!(ended.code, 0, "{name}: {}{}", ended.stdout, ended.stderr);
        assert!(ended.stdout.contains("⦵ Plimsoll: "), "{name}");
        let verified = place.plimsoll(&["verify", "out"]);
        assert_eq!(verified.code, 0, "{name}: {}", verified.stdout);
    }
}

#[test]
fn flags_are_stronger_than_the_script() {
    let server = service("echo");
    let text = "import http from 'k6/http';\nexport const options = { vus: 1, duration: '60s' };\nexport default function () { http.get(`${__ENV.BASE}/health`); }";
    let (ended, summary) = script(text, &server, &["-u", "2", "-i", "7", "--tag", "run=mine"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(summary["metrics"]["iterations"]["count"], 7);
}

#[test]
fn a_threshold_without_samples_holds_for_k6_and_proves_nothing() {
    let (server, place) = (service("echo"), Place::new());
    place.write(
        "script.js",
        "import http from 'k6/http';\nexport const options = { iterations: 300, thresholds: { 'http_reqs{name:never}': ['rate<1'] } };\nexport default function () { http.get(`${__ENV.BASE}/health`); }",
    );
    let base = format!("BASE={}", server.url());
    let run = |more: &[&str]| {
        place.plimsoll(
            &[&["run", "script.js", "--out", more.first().map_or("a", |_| "b"), "-q", "-e", &base], more]
                .concat(),
        )
    };
    let ours = run(&[]);
    assert_eq!(ours.code, 98);
    assert!(ours.stderr.contains("UNPROVEN  http_reqs{name:never}"), "{}", ours.stderr);
    assert_eq!(run(&["--k6-verdict"]).code, 0);
}

#[test]
fn what_cannot_go_on_ends_with_a_word_about_it() {
    let server = service("echo");
    let cases = [
        ("export default function () { const = 1; }", 107, "script.js:1"),
        ("import x from 'k6/browser';\nexport default function () {}", 107, "needs a browser"),
        ("import x from 'k6/x/sql';\nexport default function () {}", 107, "extension of k6"),
        ("import x from 'https://example.com/x.js';\nexport default function () {}", 107, "--module-map"),
        ("import x from './nothing.js';\nexport default function () {}", 107, "there is no file"),
        ("export const options = { vus: 'many' };\nexport default function () {}", 104, "whole number"),
        (
            "export const options = { scenarios: { a: { executor: 'per-vu-iterations', exec: 'gone' } } };\nexport default function () {}",
            104,
            "no function `gone`",
        ),
        (
            "export const options = { thresholds: { never_heard_of: ['rate<1'] } };\nexport default function () {}",
            104,
            "no metric",
        ),
        (
            "export default function () {}\nexport function handleSummary() { throw new Error('no summary'); }",
            107,
            "no summary",
        ),
        (
            "export default function () {}\nexport function teardown() { throw new Error('no end'); }",
            107,
            "no end",
        ),
        (
            "export function setup() { throw new Error('no beginning'); }\nexport default function () {}",
            107,
            "no beginning",
        ),
        (
            "import exec from 'k6/execution';\nexport default function () { exec.test.abort('enough'); }",
            108,
            "",
        ),
        (
            "import exec from 'k6/execution';\nexport default function () { exec.test.fail('bad'); }",
            110,
            "bad",
        ),
    ];
    for (text, code, word) in cases {
        let (ended, _) = script(text, &server, &[]);
        assert_eq!(ended.code, code, "{text}: {}", ended.stderr);
        assert!(ended.stderr.contains(word), "{text}: {}", ended.stderr);
    }
}

#[test]
fn a_script_that_goes_wrong_in_its_own_world_harms_nobody_else() {
    let server = service("echo");
    let twice = |body: &str, options: &str| {
        let text = format!(
            "import {{ Counter }} from 'k6/metrics';\nconst after = new Counter('after');\nexport const options = {options};\nexport default function () {{ if (__VU === 1) {{ {body} }} after.add(1); }}"
        );
        script(&text, &server, &[])
    };
    let per_user = "{ scenarios: { a: { executor: 'per-vu-iterations', vus: 2, iterations: 1, maxDuration: '1s', gracefulStop: '0s' } } }";
    let (ended, summary) = twice("const deep = () => deep() + 1; deep();", per_user);
    assert!(ended.stderr.contains("stack"), "{}", ended.stderr);
    assert_eq!(summary["metrics"]["after"]["count"], 1);
    let (ended, summary) = twice("const all = []; for (;;) all.push(new Array(1e6).fill(1));", per_user);
    assert!(ended.stderr.contains("memory"), "{}", ended.stderr);
    assert_eq!(summary["metrics"]["after"]["count"], 1);
    let (ended, _) = twice("for (;;) {}", per_user);
    assert!(ended.stderr.contains("its time was over"), "{}", ended.stderr);
}

#[test]
fn a_large_file_is_held_once() {
    let (server, place) = (service("echo"), Place::new());
    let line = "x".repeat(99);
    place.write("large.txt", &format!("{line}\n").repeat(100_000));
    place.write(
        "script.js",
        "import { SharedArray } from 'k6/data';\nimport { check } from 'k6';\nconst lines = new SharedArray('lines', () => open('./large.txt').split('\\n'));\nexport const options = { vus: 20, iterations: 20 };\nexport default function () { check(lines, { 'all': (l) => l.length === 100001 && l[__VU].length === 99 }); }",
    );
    let base = format!("BASE={}", server.url());
    let ended = place.plimsoll(&["run", "script.js", "--out", "out", "-q", "--k6-verdict", "-e", &base]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let run = read_json(&place.path("out/run.json")).unwrap();
    let bytes = run["generator"]["memory_bytes_max"].as_u64().unwrap();
    assert!(bytes < 20 * 10_000_000, "{bytes} bytes for twenty users of a file of ten million");
}

#[test]
fn what_k6_would_fetch_or_did_not_have_yet_is_there() {
    let server = service("echo");
    let texts = [
        include_str!("../../../k6/tests/offline/jslib.js"),
        include_str!("../../../k6/tests/offline/webcrypto.js"),
    ];
    for text in texts {
        let (ended, summary) = script(text, &server, &[]);
        assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
        assert_eq!(summary["metrics"]["checks"]["fails"], 0, "{}", ended.stdout);
    }
}

#[test]
fn a_simple_script_becomes_a_plan_and_another_is_told_why_not() {
    let (server, place) = (service("echo"), Place::new());
    place.write(
        "simple.ts",
        "import http from 'k6/http';\nimport { check, sleep } from 'k6';\ninterface Order { sku: string }\nconst order: Order = { sku: 'A-1' };\nexport const options = { vus: 2, iterations: 6, thresholds: { http_req_failed: ['rate<0.5'] } };\nexport default function (): void {\n  const made = http.post(`${__ENV.BASE}/echo/orders`, JSON.stringify(order), { tags: { name: 'order' } });\n  check(made, { 'is 200': (r) => r.status === 200, 'echoed': (r) => r.body.includes('A-1'), 'posted': (r) => r.json('method') === 'POST' });\n  const method = made.json('method');\n  http.get(`${__ENV.BASE}/echo/${method}?i=${__ITER}`);\n  sleep(0.01);\n}\n",
    );
    let base = format!("BASE={}", server.url());
    let made = place.plimsoll(&["convert", "simple.ts", "-e", &base, "--out", "plan.yaml"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let plan = std::fs::read_to_string(place.path("plan.yaml")).unwrap();
    let (_, run) = place.run_plan(&plan, &[]);
    assert_eq!(run["totals"]["ok"], 12, "{plan}");
    let steps: Vec<_> =
        run["steps"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(steps, ["order", "GET /echo/${method}?i=${iteration}"]);
    place.write(
        "loop.js",
        "import http from 'k6/http';\nexport default function () {\n  for (let i = 0; i < 3; i++) http.get('http://127.0.0.1:1/');\n  http.get('http://127.0.0.1:1/x', { jar: null });\n}\n",
    );
    let refused = place.plimsoll(&["convert", "loop.js"]);
    assert_eq!(refused.code, 104, "{refused:?}");
    let lines =
        ["line 3: `for (let i = 0", "`repeat`", "line 4: `jar: null`: a plan has no parameter like `jar`"];
    assert!(lines.iter().all(|line| refused.stderr.contains(line)), "{}", refused.stderr);
}

/// Scripts that the real k6 has run: exit codes and counts must be those that it came to (`cargo xtask k6 --record`).
#[test]
fn every_script_comes_to_what_k6_came_to() {
    let tests = concat!(env!("CARGO_MANIFEST_DIR"), "/../k6/tests/");
    let expected = read_json(&std::path::Path::new(tests).join("expected.json")).unwrap();
    let (server, called) = (service("echo"), PythonServer::start("grpc_server.py", &["--describes"]));
    let grpc = format!("GRPC=127.0.0.1:{}", called.port);
    let entries = std::fs::read_dir(format!("{tests}scripts")).unwrap().map(|e| e.unwrap().path());
    let is_script = |p: &std::path::PathBuf| p.extension().is_some_and(|e| e == "js" || e == "ts");
    let scripts: Vec<_> = entries.filter(is_script).collect();
    assert!(scripts.len() >= 100, "{}", scripts.len());
    let run = |path: &std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (ended, summary) = script_at(&Place::new(), path.to_str().unwrap(), &server, &["-e", &grpc]);
        let wanted = &expected[name];
        let mut differences = Vec::new();
        if wanted["code"] != ended.code {
            differences.push(format!("{name}: exit code {} instead of {}", ended.code, wanted["code"]));
        }
        for (metric, counts) in wanted["counts"].as_object().into_iter().flatten() {
            for (key, count) in counts.as_object().into_iter().flatten() {
                let own = &summary["metrics"][metric][key];
                if own.as_f64() != count.as_f64() {
                    differences.push(format!("{name}: {metric}.{key} is {own} instead of {count}"));
                }
            }
        }
        differences
    };
    let (first, second) = scripts.split_at(scripts.len() / 2);
    let (first, second) = std::thread::scope(|threads| {
        let other = threads.spawn(|| second.iter().flat_map(run).collect::<Vec<_>>());
        (first.iter().flat_map(run).collect::<Vec<_>>(), other.join().unwrap())
    });
    assert_eq!([first, second].concat(), Vec::<String>::new());
}
