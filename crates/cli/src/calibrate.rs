//! How short a time can this generator tell from nothing? The same client against a server that does nothing.

use plimsoll_engine::{StopHandle, run};
use plimsoll_model::http::{HttpRequest, HttpSettings};
use plimsoll_model::{Nanos, Outcome, Process, Record};
use plimsoll_report::log::LogWriter;
use plimsoll_script::quick;
use plimsoll_script::yaml::Quick;

use crate::args::CommonArgs;
use crate::execute::{Job, settings, started};

/// Requests on one connection: a tenth of a second or so.
const REQUESTS: u64 = 2_000;

/// p99 of the response time of a built-in server that does nothing, one request at a time; `None` if it could not be
/// measured, which the audit then says.
pub(crate) fn floor(common: &CommonArgs) -> Option<Nanos> {
    let server = plimsoll_targets::start("echo", ([127, 0, 0, 1], 0).into()).ok()?;
    let plan = Quick {
        request: HttpRequest::new("GET", &format!("{}/health", server.url())),
        expect: Vec::new(),
        connections: 1,
        duration_ns: 0,
        requests: Some(REQUESTS),
        rate: None,
        process: Process::Poisson,
        seed: 1,
        workers: 1,
        claims: Vec::new(),
        http: HttpSettings::default(),
    };
    let lowered = quick(&plan).ok()?;
    let common = CommonArgs { workers: Some(1), samples: None, ..common.clone() };
    let job = Job::from(&lowered);
    let settings = settings(&job, &common, &StopHandle::default()).ok()?;
    let mut log = LogWriter::in_memory();
    run(started(&job, &common, None), &settings, &mut log).ok()?;
    let record = Record::from_events(&log.read().ok()?.events);
    record.merged(Outcome::Ok, |_| true).service.quantile(0.99)
}
