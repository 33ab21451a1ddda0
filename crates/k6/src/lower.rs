//! A script's options as a plan for the engine, and its thresholds as claims where Plimsoll can judge them.

use plimsoll_model::http::HttpSettings;
use plimsoll_model::{Claim, Load, Phase, Plan, Scenario, Schedule, Step, StepKind};
use sha2::{Digest, Sha256};

use crate::metrics::{Method, Operator, Threshold};
use crate::options::Options;
use crate::sources::Sources;

/// What dropped arrivals are charged to: what they would have sent is not known.
const DROPPED: &str = "arrivals without a user";

/// The plan of a script.
pub(crate) fn plan(name: &str, seed: u64, options: &Options) -> Plan {
    let mut plan = Plan { name: name.to_owned(), seed, target: "the script's".to_owned(), ..Plan::default() };
    for (number, scenario) in (0..).zip(&options.scenarios) {
        let schedule = scenario.executor.schedule();
        let first_step = matches!(schedule, Schedule::Open(_)).then(|| {
            plan.steps.push(Step {
                name: DROPPED.to_owned(),
                scenario: number,
                kind: StepKind::Operation,
                tags: scenario.tags.clone(),
            });
            plan.steps.len() as u16 - 1
        });
        plan.scenarios.push(Scenario { name: scenario.name.clone(), first_step });
        phases(&mut plan, scenario.start_ns, &scenario.name, &schedule, options.scenarios.len() > 1);
        plan.loads.push(Load {
            name: scenario.name.clone(),
            schedule,
            mix: vec![(number, 1.0)],
            start_ns: scenario.start_ns,
            graceful_stop_ns: scenario.graceful_stop_ns,
            iteration_ns_min: options.iteration_ns_min,
        });
    }
    plan.claims = claims(options);
    plan.scale = options.scale;
    plan
}

fn phases(plan: &mut Plan, start_ns: u64, scenario: &str, schedule: &Schedule, is_one_of_several: bool) {
    let mut at_ns = start_ns;
    for stage in schedule.stages() {
        let name = if is_one_of_several { format!("{scenario}.{}", stage.name) } else { stage.name.clone() };
        plan.phases.push(Phase { name, start_ns: at_ns, end_ns: at_ns + stage.duration_ns });
        at_ns += stage.duration_ns;
    }
}

/// Thresholds that say something about response times or failures of all requests.
fn claims(options: &Options) -> Vec<Claim> {
    let all = options.thresholds.iter().flat_map(|(selector, list)| list.iter().map(move |t| (selector, t)));
    all.filter_map(|(selector, threshold)| claim(selector, threshold))
        .map(|text| Claim { text, abort: false })
        .collect()
}

pub(crate) fn claim(selector: &str, threshold: &Threshold) -> Option<String> {
    let expression = &threshold.expression;
    let sign = match expression.operator {
        Operator::Less => "<",
        Operator::AtMost => "<=",
        Operator::Greater => ">",
        Operator::AtLeast => ">=",
        Operator::Equal | Operator::Different => return None,
    };
    match (selector, expression.method) {
        ("http_req_duration" | "http_req_duration{expected_response:true}", method) => {
            let measure = match method {
                Method::P(p) if p < 100.0 => format!("p{p}"),
                Method::Med => "p50".to_owned(),
                Method::Avg => "mean".to_owned(),
                Method::Max | Method::P(_) => "max".to_owned(),
                _ => return None,
            };
            Some(format!("{measure} {sign} {}ms", expression.bound))
        }
        ("http_req_failed", Method::Rate) => {
            let turned = match expression.operator {
                Operator::Less => ">",
                Operator::AtMost => ">=",
                _ => return None,
            };
            let percent = ((1.0 - expression.bound) * 1e8).round() / 1e6;
            Some(format!("ok_rate {turned} {percent}%"))
        }
        _ => None,
    }
}

/// How connections are made.
pub(crate) fn http(base: HttpSettings, options: &Options) -> HttpSettings {
    HttpSettings {
        // A script's cookies are its own: it reads and writes them.
        cookies: false,
        reuse: !options.no_connection_reuse,
        skip_verify: base.skip_verify || options.skip_verify,
        user_agent: options.user_agent.clone().unwrap_or(base.user_agent.clone()),
        dial: options.dial.clone(),
        resolve: options.hosts.iter().map(|(name, address)| (name.clone(), address.clone())).collect(),
        ..base
    }
}

/// Script and options as they are executed.
pub(crate) fn effective(sources: &Sources, options: &Options) -> String {
    let mut text =
        format!("# options\n{}\n", serde_json::to_string_pretty(&options.json).unwrap_or_default());
    if let Some(scale) = options.scale {
        text.push_str(&format!("# scaled by {scale}\n"));
    }
    for (name, source) in sources.read_so_far() {
        text.push_str(&format!("\n# {name}\n{source}\n"));
    }
    text
}

/// `sha256:...`
pub(crate) fn digest(text: &str) -> String {
    let hex: String = Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    format!("sha256:{hex}")
}
