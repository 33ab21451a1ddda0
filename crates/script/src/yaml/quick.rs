//! A plan without a file: one request, again and again.

use std::sync::{Arc, OnceLock};

use plimsoll_model::http::{Connections, HttpRequest, HttpSettings, Keep};
use plimsoll_model::{
    Claim, Closed, Load, Nanos, Open, Operation, Phase, Plan, Process, ProtocolSettings, Scenario, Schedule,
    Stage, Step, StepKind,
};
use sha2::{Digest, Sha256};

use super::Lowered;
use crate::behaviour::expect::{Check, Expect, Expectations};
use crate::behaviour::ledger::Ledger;
use crate::behaviour::program::{BodyTemplate, Call, HttpTemplate, Node, RequestTemplate};
use crate::behaviour::template::Template;
use crate::behaviour::{Behaviour, Routine};

/// What `plimsoll hit` is asked for.
#[derive(Clone, Debug)]
pub struct Quick {
    /// The request.
    pub request: HttpRequest,
    /// Texts that the body of every answer must hold.
    pub expect: Vec<String>,
    /// Connections at once.
    pub connections: u32,
    /// How long, in nanoseconds; ignored with `requests`.
    pub duration_ns: Nanos,
    /// So many requests instead.
    pub requests: Option<u64>,
    /// Arrivals per second; as fast as the connections allow without it.
    pub rate: Option<f64>,
    /// How arrivals are placed.
    pub process: Process,
    /// The seed.
    pub seed: u64,
    /// Load threads, which share the connections.
    pub workers: u32,
    /// What must hold.
    pub claims: Vec<Claim>,
    /// How connections are made.
    pub http: HttpSettings,
}

/// A quick plan makes no sense.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum QuickError {
    /// Nothing would be sent.
    #[error("no connections, no rate or no time: nothing would be sent")]
    Nothing,
}

/// The name of the only step.
const STEP: &str = "hit";

/// Lowers a quick plan.
pub fn quick(quick: &Quick) -> Result<Lowered, QuickError> {
    if quick.connections == 0
        || quick.rate == Some(0.0)
        || (quick.duration_ns == 0 && quick.requests.is_none())
    {
        return Err(QuickError::Nothing);
    }
    let (schedule, connections) = schedule(quick);
    let phase = Phase { name: "hold".to_owned(), start_ns: 0, end_ns: schedule.duration_ns() };
    let load = Load {
        name: STEP.to_owned(),
        schedule,
        mix: vec![(0, 1.0)],
        start_ns: 0,
        graceful_stop_ns: quick.request.timeout_ns,
        iteration_ns_min: 0,
    };
    let plan = Plan {
        name: STEP.to_owned(),
        seed: quick.seed,
        target: quick.request.url.clone(),
        scenarios: vec![Scenario { name: STEP.to_owned(), first_step: Some(0) }],
        steps: vec![Step {
            name: STEP.to_owned(),
            scenario: 0,
            kind: StepKind::Operation,
            tags: std::collections::BTreeMap::new(),
        }],
        loads: vec![load],
        phases: vec![phase],
        claims: quick.claims.clone(),
        ..Plan::default()
    };
    let effective = format!("{plan:#?}\n{:#?}\nexpect {:?}\n", quick.request, quick.expect);
    let digest = Sha256::digest(effective.as_bytes()).iter().map(|b| format!("{b:02x}")).collect::<String>();
    Ok(Lowered {
        plan,
        behaviour: Arc::new(behaviour(quick)),
        protocols: ProtocolSettings {
            http: HttpSettings { connections, ..quick.http.clone() },
            ..ProtocolSettings::default()
        },
        timeout_ns_max: quick.request.timeout_ns,
        effective,
        digest: format!("sha256:{digest}"),
        variables: std::collections::BTreeMap::new(),
        tools: super::tools::ToolCalls::default(),
        instances: Vec::new(),
        monitors: Vec::new(),
    })
}

/// One call, again and again.
fn behaviour(quick: &Quick) -> Behaviour {
    let keep = if quick.expect.is_empty() { quick.request.keep } else { Keep::Body };
    let fixed = Arc::new(Operation::Http(HttpRequest { is_fixed: true, keep, ..quick.request.clone() }));
    let request = RequestTemplate::Http(Box::new(HttpTemplate {
        base: quick.request.clone(),
        url: Template::fixed(&quick.request.url),
        headers: Vec::new(),
        body: BodyTemplate::Empty,
    }));
    let checks = quick.expect.iter().map(|text| Check::Text(Template::fixed(text))).collect();
    let usual = Expect { checks, ..Expect::default() };
    let call = Call {
        step: 0,
        request,
        protocol: 0,
        fixed: Some(fixed),
        expect: Expectations { usual, ..Expectations::default() },
        data_sets: Vec::new(),
        injected: None,
        saves: Vec::new(),
        parts: Vec::new(),
        good: None,
        delivers: None,
        delivered: None,
    };
    let routine = Routine { nodes: vec![Node::Call(Box::new(call))], ..Routine::default() };
    Behaviour {
        protocols: vec!["http"],
        scenarios: vec![routine],
        setup: None,
        teardown: None,
        data: Vec::new(),
        ledger: Ledger::default(),
        globals: Arc::default(),
        wall_start_ns: OnceLock::new(),
    }
}

fn schedule(quick: &Quick) -> (Schedule, Connections) {
    match quick.rate {
        None => {
            // With a number of requests the time is only a limit.
            let duration_ns =
                if quick.requests.is_some() { 24 * 3_600 * 1_000_000_000 } else { quick.duration_ns };
            let stages = vec![Stage::hold("hold", duration_ns, f64::from(quick.connections))];
            (
                Schedule::Closed(Closed { iterations_shared: quick.requests, ..Closed::new(stages) }),
                Connections::PerUser,
            )
        }
        Some(rate) => {
            let duration_ns =
                quick.requests.map_or(quick.duration_ns, |n| (n as f64 / rate * 1e9).round() as Nanos);
            let stages = vec![Stage::hold("hold", duration_ns, rate)];
            let per_worker = quick.connections.div_ceil(quick.workers.max(1));
            (
                Schedule::Open(Open { stages, process: quick.process, trace: None, max_users: 10_000 }),
                Connections::Shared(per_worker),
            )
        }
    }
}
