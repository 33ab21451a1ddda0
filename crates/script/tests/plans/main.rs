//! Plans that are wrong, and exactly what is said about them; plans that are right, and what they lower to.

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
fn mistakes_in_claims_about_what_steps_count() {
    insta::assert_snapshot!(problems(include_str!("wrong/parts.yaml")));
}

#[test]
fn mistakes_about_answers_in_pieces() {
    insta::assert_snapshot!(problems(include_str!("wrong/streams.yaml")));
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
