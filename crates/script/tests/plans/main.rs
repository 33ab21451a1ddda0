//! Plans that are wrong, and exactly what is said about them; plans that are right, and what they lower to.

mod suites;

use std::path::Path;

use plimsoll_model::{Schedule, StepKind};
use plimsoll_script::{Environment, Lowered, load};

fn lower(text: &str) -> Result<Lowered, String> {
    let mut start = |name: &str| {
        if name == "shop" {
            Ok("http://127.0.0.1:9".to_owned())
        } else {
            Err(format!("no built-in service is called `{name}`"))
        }
    };
    let mut environment =
        Environment { now_ms: 1_700_000_000_000, start_service: Some(&mut start), ..Environment::default() };
    load(Path::new("plan.yaml"), text.to_owned(), &mut environment).map_err(|d| d.render(false))
}

fn problems(text: &str) -> String {
    lower(text).err().unwrap_or_else(|| "no problem was found".to_owned())
}

const HEAD: &str = "target: demo:shop\nload: { main: { open: { rate: 10/s, for: 1s } } }\n";

#[test]
fn mistakes_in_keys_and_types() {
    insta::assert_snapshot!(problems(include_str!("wrong/keys.yaml")));
}

#[test]
fn mistakes_of_type_hide_no_mistakes_of_name() {
    insta::assert_snapshot!(problems(include_str!("wrong/types.yaml")));
}

#[test]
fn mistakes_in_names() {
    insta::assert_snapshot!(problems(include_str!("wrong/names.yaml")));
}

#[test]
fn mistakes_in_loads() {
    insta::assert_snapshot!(problems(include_str!("wrong/loads.yaml")));
}

#[test]
fn mistakes_in_expectations() {
    insta::assert_snapshot!(problems(include_str!("wrong/expectations.yaml")));
}

#[test]
fn mistakes_in_messages() {
    insta::assert_snapshot!(problems(include_str!("wrong/messages.yaml")));
}

#[test]
fn mistakes_in_monitors() {
    insta::assert_snapshot!(problems(include_str!("wrong/monitors.yaml")));
}

#[test]
fn a_claim_of_a_series_needs_a_monitor() {
    let text = format!(
        "{HEAD}scenarios: {{ main: [ get: / ] }}\nclaims: [ max(cache.memory) < 1GB, no_leak(memory) ]\n"
    );
    insta::assert_snapshot!(problems(&text));
}

#[test]
fn monitors_are_lowered_with_what_is_known_of_them() {
    use plimsoll_model::monitor::{ProcessOf, Source};
    let text = format!(
        "{HEAD}scenarios: {{ main: [ get: / ] }}\nvars: {{ HOST: 127.0.0.1 }}\nmonitor:\n  own: {{ process: target, limits: {{ cpu: 150% }} }}\n  api: {{ json: /stats, series: {{ heap: $.heap_bytes, done: {{ read: $.done, counter: true }} }} }}\n  cache: {{ redis: \"redis://:secret@${{HOST}}:6379\", timeout: 300ms }}\nprice: {{ per_hour: 3, currency: USD, events: 100 }}\nclaims: [ max(api.heap) < 1GB, mean(api.done) > 5/s, max(own.cpu) < 90% ]\n"
    );
    let lowered = lower(&text).unwrap();
    let [own, api, cache] = lowered.monitors.as_slice() else { panic!("{:?}", lowered.monitors) };
    assert_eq!(own.source, Source::Process { of: ProcessOf::This, children: false });
    assert_eq!(own.limits, [("cpu".to_owned(), 1.5)]);
    let Source::Json { url, series } = &api.source else { panic!("{api:?}") };
    assert_eq!((url.as_str(), series.len()), ("http://127.0.0.1:9/stats", 2));
    assert_eq!((series[0].unit, series[1].is_counter), (plimsoll_model::Unit::Bytes, Some(true)));
    assert_eq!((cache.timeout_ns, api.timeout_ns), (300_000_000, 1_000_000_000));
    // What reports show holds no secret.
    let shown: Vec<_> = lowered.plan.monitors.iter().map(|m| m.source.as_str()).collect();
    assert_eq!(shown[2], "redis at redis://...@127.0.0.1:6379");
    assert_eq!(lowered.plan.price.map(|p| p.events), Some(100.0));
}

#[test]
fn mistakes_in_claims_about_what_steps_count() {
    insta::assert_snapshot!(problems(include_str!("wrong/parts.yaml")));
}

#[test]
fn mistakes_about_answers_in_pieces() {
    insta::assert_snapshot!(problems(include_str!("wrong/streams.yaml")));
}

#[test]
fn slow_readers_have_connections_of_their_own() {
    insta::assert_snapshot!(problems(include_str!("wrong/slow.yaml")));
}

#[test]
fn mistakes_about_what_is_delivered() {
    insta::assert_snapshot!(problems(include_str!("wrong/delivery.yaml")));
}

#[test]
fn what_is_never_used_is_a_mistake() {
    insta::assert_snapshot!(problems(include_str!("wrong/unused.yaml")));
}

#[test]
fn text_that_is_not_yaml() {
    insta::assert_snapshot!(problems("target: [a\nload: x\n"));
    insta::assert_snapshot!(problems("target: a\ntarget: b\n"));
}

#[test]
fn data_meant_to_be_valid_must_be() {
    let plan = format!(
        "{HEAD}data: {{ row: {{ inline: [{{ n: 1 }}, {{ n: x }}], schema: {{ properties: {{ n: {{ type: integer }} }} }} }} }}\nscenarios: {{ main: [ {{ post: /, json: '${{row}}' }} ] }}\n"
    );
    let said = problems(&plan);
    assert!(said.contains("row 2 of `row` is meant to be valid and is not"), "{said}");
}

#[test]
fn steps_lower_to_what_they_say() {
    let plan = format!(
        "{HEAD}scenarios:\n  main:\n    - get: /a\n    - get: /a\n    - group: all\n      steps: [ {{ named: {{ post: /b, body: x }} }} ]\n"
    );
    let lowered = lower(&plan).map_err(|e| panic!("{e}")).unwrap();
    let steps: Vec<_> = lowered.plan.steps.iter().map(|s| (s.name.as_str(), s.kind)).collect();
    assert_eq!(
        steps,
        [
            ("GET /a", StepKind::Operation),
            ("GET /a (2)", StepKind::Operation),
            ("all", StepKind::Group),
            ("named", StepKind::Operation)
        ]
    );
}

#[test]
fn loads_follow_each_other_and_their_stages_become_phases() {
    let plan = "target: demo:shop\nload:\n  first: { closed: { users: 5, spawn_rate: 5/s, for: 9s } }\n  second: { open: { stages: [5s -> 100/s, 10s] }, after: first, mix: { main: 1 } }\nscenarios: { first: [ get: / ], main: [ get: / ] }\n";
    let plan = lower(plan).map_err(|e| panic!("{e}")).unwrap().plan;
    let phases: Vec<_> = plan
        .phases
        .iter()
        .map(|p| (p.name.as_str(), p.start_ns / 1_000_000_000, p.end_ns / 1_000_000_000))
        .collect();
    assert_eq!(
        phases,
        [("first.ramp", 0, 1), ("first.hold", 1, 10), ("second.ramp", 10, 15), ("second.hold", 15, 25)]
    );
    assert!(matches!(plan.loads[0].schedule, Schedule::Closed(_)));
}

#[test]
fn a_shorter_run_keeps_rates_users_and_the_order_of_loads() {
    let text = "target: demo:shop\nload:\n  first: { closed: { users: 5, spawn_rate: 5/s, for: 100s } }\n  second: { open: { stages: [40s -> 100/s, spike: 2s -> 500/s, 200s] }, after: first, start: 40s, mix: { main: 1 } }\nscenarios: { first: [ get: /, think: 3s ], main: [ get: / ] }\n";
    let mut start = |_: &str| Ok("http://127.0.0.1:9".to_owned());
    let mut environment =
        Environment { start_service: Some(&mut start), scale: Some(0.05), ..Environment::default() };
    let scaled = load(Path::new("plan.yaml"), text.to_owned(), &mut environment).map_err(|d| d.render(false));
    let scaled = scaled.unwrap();
    let phases: Vec<_> = scaled
        .plan
        .phases
        .iter()
        .map(|p| (p.name.as_str(), p.start_ns / 1_000_000, p.end_ns / 1_000_000))
        .collect();
    // No stage falls below a second; what comes after something begins behind its shorter end.
    assert_eq!(
        phases,
        [
            ("first.ramp", 0, 1_000),
            ("first.hold", 1_000, 6_000),
            ("second.ramp", 8_000, 10_000),
            ("second.spike", 10_000, 11_000),
            ("second.hold", 11_000, 21_000)
        ]
    );
    let levels = |plan: &plimsoll_model::Plan| -> Vec<(f64, f64)> {
        plan.loads.iter().flat_map(|l| l.schedule.stages()).map(|s| (s.from, s.to)).collect()
    };
    let whole = lower(text).unwrap();
    assert_eq!(levels(&scaled.plan), levels(&whole.plan));
    assert_eq!((scaled.plan.scale, whole.plan.scale), (Some(0.05), None));
    assert!(scaled.effective.contains("# scaled by 0.05\n") && scaled.digest != whole.digest);
}

#[test]
fn a_digest_tells_plans_apart_and_knows_the_same_plan_again() {
    let plan = |rate: &str| {
        format!(
            "target: demo:shop\nload: {{ main: {{ open: {{ rate: {rate}, for: 1s }} }} }}\nscenarios: {{ main: [ get: / ] }}\n"
        )
    };
    let digest = |text: &str| lower(text).map_err(|e| panic!("{e}")).unwrap().digest;
    assert_eq!(digest(&plan("10/s")), digest(&plan("10/s")));
    assert_ne!(digest(&plan("10/s")), digest(&plan("11/s")));
}

#[test]
fn a_breakpoint_is_one_ramp_that_audits_know_by_its_name() {
    let stages = |load: &str| {
        let plan =
            format!("target: demo:shop\nload: {{ main: {{ {load} }} }}\nscenarios: {{ main: [ get: / ] }}\n");
        let plan = lower(&plan).map_err(|e| panic!("{e}")).unwrap().plan;
        plan.loads[0].schedule.stages().iter().map(|s| (s.name.clone(), s.from, s.to)).collect::<Vec<_>>()
    };
    let expected = [("breakpoint".to_owned(), 0.0, 500.0)];
    assert_eq!(stages("shape: { kind: breakpoint, rate: 500/s, for: 60s }"), expected);
    // A stage of that name moves there, as a ramp does; other names jump.
    assert_eq!(stages("open: { rate: 0/s, stages: [{ breakpoint: 60s -> 500/s }] }"), expected);
    assert_eq!(stages("open: { rate: 0/s, stages: [{ spike: 60s -> 500/s }] }")[0].1, 500.0);
}

#[test]
fn instances_are_numbers_with_targets() {
    let plan = |instances: &str| format!("{HEAD}instances: {instances}\nscenarios: {{ main: [ get: / ] }}\n");
    let lowered = lower(&plan("{ 4: http://four:1, 1: http://one:1 }")).map_err(|e| panic!("{e}")).unwrap();
    assert_eq!(lowered.instances, [(1, "http://one:1".to_owned()), (4, "http://four:1".to_owned())]);
    for (wrong, said) in [
        ("{ two: http://two:1 }", "`two` is not a number of instances"),
        ("{ 0: http://none:1 }", "`0` is not a number of instances"),
        ("{ 1: http://one:1, 01: http://other:1 }", "1 instances stand here twice"),
        ("{ 1: http://one:1, 1: http://other:1 }", "stands here twice"),
    ] {
        let problems = problems(&plan(wrong));
        assert!(problems.contains(said), "{problems}");
    }
}

#[test]
fn a_target_is_told_with_its_variables_filled_in_and_nobodys_password() {
    let text = "target: \"${env.AT}\"\nenv: { AT: \"http://one:1\" }\nload: { main: { open: { rate: 10/s, for: 1s } } }\nscenarios: { main: [ get: / ] }\n";
    let of = |at: Option<&str>| {
        let variables = at.map(|at| ("AT".to_owned(), at.to_owned())).into_iter().collect();
        let mut environment = Environment { variables, ..Environment::default() };
        let lowered = load(Path::new("plan.yaml"), text.to_owned(), &mut environment);
        lowered.map_err(|d| d.render(false)).unwrap().plan.target
    };
    assert_eq!(of(None), "http://one:1");
    assert_eq!(of(Some("http://two:2")), "http://two:2");
    assert!(!of(Some("http://me:secret@two:2")).contains("secret"));
}

#[test]
fn whoever_runs_a_plan_may_replace_its_target() {
    let text = "target: http://one:1\nload: { main: { open: { rate: 10/s, for: 1s } } }\nscenarios: { main: [ get: / ] }\n";
    let of = |target: Option<&str>| {
        let mut environment = Environment { target: target.map(str::to_owned), ..Environment::default() };
        load(Path::new("plan.yaml"), text.to_owned(), &mut environment).map_err(|d| d.render(false))
    };
    let (own, other) = (of(None).unwrap(), of(Some("http://two:2")).unwrap());
    assert_eq!((own.plan.target.as_str(), other.plan.target.as_str()), ("http://one:1", "http://two:2"));
    assert_ne!(own.digest, other.digest);
    assert!(other.effective.contains("# target: http://two:2"), "{}", other.effective);
    assert!(
        of(Some("nowhere")).err().is_some_and(|said| said.contains("is not a target Plimsoll can reach"))
    );
}
