//! `plimsoll run SCRIPT.js`: what `k6 run` does, with Plimsoll's verdict beside k6's summary.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use plimsoll_engine::StopHandle;
use plimsoll_k6::{Abort, Conclusion, Level, Outside, Script, ScriptError, Secrets, Settings};
use plimsoll_model::grpc::GrpcSettings;
use plimsoll_model::http::{Connections, HttpSettings};
use plimsoll_model::{Outcome, ProtocolSettings, StopReason};
use plimsoll_report::View;
use serde_json::{Map, Value, json};

use crate::args::{RunArgs, Scale};
use crate::execute::{Job, Keep, conclude, perform, usual_directory};
use crate::exit_code::Exit;
use crate::protocols::Known;
use crate::{console, facts, signals};

/// So many users take a second or so to make.
const MANY_USERS: u64 = 500;

/// Whether it is a script, by its name.
pub(crate) fn is_script(path: &Path) -> bool {
    path.extension()
        .and_then(|e| e.to_str())
        .is_some_and(|e| matches!(e, "js" | "mjs" | "cjs" | "ts" | "mts" | "cts"))
}

/// See the module.
pub(crate) fn run(args: &RunArgs) -> anyhow::Result<Exit> {
    let stop = StopHandle::default();
    let known = Known::default();
    let script =
        Script::load(&args.plan, settings(args)?, outside(&args.script.secrets, stop.clone(), &known)?)
            .map_err(|e| refused(&e))?;
    let job = Job {
        plan: script.plan.clone(),
        workload: script.workload(),
        protocols: protocols(&script),
        monitors: Vec::new(),
        needs: vec!["http"],
        known,
        timeout_ns_max: script.timeout_ns_max,
        effective: script.effective.clone(),
        digest: script.digest.clone(),
        variables: args.overrides.env.iter().cloned().collect(),
    };
    let users: u64 = (0..job.plan.loads.len() as u16).map(|load| job.workload.users_ready(load)).sum();
    if users >= MANY_USERS && !args.common.quiet {
        console::remark(&format!("making {users} users; the clock starts when they are ready"));
    }
    let directory = args.common.directory().unwrap_or_else(|| usual_directory(&script.plan.name));
    signals::stop_on_interrupt(stop.clone())?;
    let (view, directory) = match perform(&job, &args.common, &Keep::Directory(directory), stop) {
        Ok(done) => done,
        // Nothing was measured: k6's summary is all that there is.
        Err(_) if script.has_failed_in_setup() => return without_load(&script, args),
        Err(other) => return Err(other),
    };
    let conclusion = sum_up(&script, &view);
    script.finish_outputs().iter().for_each(|problem| console::remark(problem));
    write(&conclusion, args)?;
    console::result(&conclusion.stdout);
    if !conclusion.stderr.is_empty() {
        console::remark(conclusion.stderr.trim_end());
    }
    conclude(&view, directory.as_ref(), &args.common);
    Ok(exit(&conclusion, &view, args.script.k6_verdict))
}

/// As its options say. A connection by gRPC belongs to a client of the script, which is told by its address.
fn protocols(script: &Script) -> ProtocolSettings {
    let (client_cert, client_key) = (script.http.client_cert.clone(), script.http.client_key.clone());
    let grpc = GrpcSettings {
        connections: Connections::Shared(1),
        ca_file: script.http.ca_file.clone(),
        client_pair: client_cert.zip(client_key),
        skip_verify: script.http.skip_verify,
        ..GrpcSettings::default()
    };
    ProtocolSettings { http: script.http.clone(), grpc, ..ProtocolSettings::default() }
}

/// Reads a script as these arguments would run it.
pub(crate) fn prepared(args: &RunArgs) -> anyhow::Result<Script> {
    let outside = outside(&args.script.secrets, StopHandle::default(), &Known::default())?;
    Script::load(&args.plan, settings(args)?, outside).map_err(|e| refused(&e))
}

/// Reads a script to look at it, not to run it.
pub(crate) fn read(path: &Path, env: &[(String, String)], stop: StopHandle) -> anyhow::Result<Script> {
    let environment = facts::variables().into_iter().chain(env.iter().cloned()).collect();
    let settings = Settings { environment, seed: 1, ..Settings::default() };
    Script::load(path, settings, outside(&[], stop, &Known::default())?).map_err(|e| refused(&e))
}

fn refused(error: &ScriptError) -> anyhow::Error {
    let exit = if matches!(error, ScriptError::Broken(_)) { Exit::ScriptThrew } else { Exit::WrongPlan };
    anyhow::anyhow!("{error}").context(exit)
}

/// The end of a run whose setup threw.
fn without_load(script: &Script, args: &RunArgs) -> anyhow::Result<Exit> {
    let conclusion = script.conclude(0, 0, false, console::is_terminal());
    write(&conclusion, args)?;
    console::result(&conclusion.stdout);
    Ok(Exit::ScriptThrew)
}

fn sum_up(script: &Script, view: &View) -> Conclusion {
    let dropped = view.record.total(Outcome::Dropped);
    let reason = view.record.finished.as_ref().map(|f| &f.reason);
    let is_interrupted = reason == Some(&StopReason::Interrupted);
    let elapsed_ns = view.record.finished.as_ref().map_or(0, |f| f.closed_ns);
    script.conclude(elapsed_ns, dropped, is_interrupted, console::is_terminal())
}

fn write(conclusion: &Conclusion, args: &RunArgs) -> anyhow::Result<()> {
    for (path, content) in &conclusion.files {
        std::fs::write(path, content).with_context(|| format!("failed to write {}", path.display()))?;
    }
    if let Some(path) = &args.script.summary_export {
        let text = serde_json::to_string_pretty(&conclusion.export).context("a summary can be written")?;
        std::fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))?;
    }
    Ok(())
}

/// k6's codes say how the script ended; Plimsoll's verdict says whether what was measured is worth anything.
fn exit(conclusion: &Conclusion, view: &View, k6_verdict: bool) -> Exit {
    for unproven in &conclusion.without_samples {
        console::remark(&format!("UNPROVEN  {unproven}: nothing was counted that it could be judged by"));
    }
    for unproven in &conclusion.scaled {
        console::remark(&format!("UNPROVEN  {unproven}: it is about a total, and the run was shortened"));
    }
    let by_k6 = Exit::of_k6(conclusion.exit_code);
    // What failed is all about totals, which say nothing of a run of full length.
    let is_open = by_k6 == Exit::Refuted && conclusion.failed.is_empty() && !conclusion.scaled.is_empty();
    if k6_verdict || !(by_k6 == Exit::Success || is_open) {
        return by_k6;
    }
    let unproven = conclusion.without_samples.len() + conclusion.scaled.len();
    match Exit::of(&view.judgement) {
        Exit::Success if unproven > 0 => Exit::Unproven,
        own => own,
    }
}

fn outside(sources: &[String], stop: StopHandle, known: &Known) -> anyhow::Result<Outside> {
    let stop = Arc::new(stop);
    let mut secrets = Secrets::default();
    for source in sources {
        secrets.add(source).map_err(|problem| anyhow::anyhow!(problem).context(Exit::WrongPlan))?;
    }
    Ok(Outside {
        secrets,
        services: known.reader(),
        started_ms: facts::now().0,
        say: Box::new(|level, text| {
            let word = match level {
                Level::Debug => return,
                Level::Info => "INFO",
                Level::Warning => "WARN",
                Level::Error => "ERRO",
            };
            console::remark(&format!("{word} {text}"));
        }),
        stop: Box::new(move |abort| {
            let why = match abort {
                Abort::Asked(message) => format!("the script asked for it: {message}"),
                Abort::Threshold(threshold) => format!("the threshold {threshold} failed"),
                Abort::Setup(problem) | Abort::Teardown(problem) | Abort::Broken(problem) => problem.clone(),
            };
            stop.stop(StopReason::Asked(why));
        }),
    })
}

fn settings(args: &RunArgs) -> anyhow::Result<Settings> {
    let variables = facts::variables();
    let config = match &args.script.config {
        None => Map::new(),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("failed to read {}", path.display()))
                .context(Exit::WrongPlan)?;
            serde_json::from_str(&text)
                .with_context(|| format!("{} is no JSON object", path.display()))
                .context(Exit::WrongPlan)?
        }
    };
    let own = variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let overrides = vec![plimsoll_k6::script::of_variables(own), flags(args)?];
    Ok(Settings {
        environment: variables.into_iter().chain(args.overrides.env.iter().cloned()).collect(),
        config,
        overrides,
        modules: args.script.modules.iter().map(|(url, file)| (url.clone(), file.into())).collect(),
        seed: args.common.seed.unwrap_or(1),
        outputs: args.common.outputs(),
        http: HttpSettings { proxy: facts::proxies(), ..HttpSettings::default() },
        scale: args.overrides.scale.and_then(Scale::share),
    })
}

/// Options that the command line sets.
fn flags(args: &RunArgs) -> anyhow::Result<Map<String, Value>> {
    let mut all = Map::new();
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            all.insert(key.to_owned(), value);
        }
    };
    if args.overrides.rate.is_some() {
        return Err(anyhow::anyhow!("--rate is for plans; a script names its rate in a scenario")
            .context(Exit::WrongPlan));
    }
    set("vus", args.overrides.vus.map(Value::from));
    set("iterations", args.overrides.iterations.map(Value::from));
    set("duration", args.overrides.duration.map(|ns| json!(format!("{ns}ns"))));
    set("noSetup", args.script.no_setup.then_some(json!(true)));
    set("noTeardown", args.script.no_teardown.then_some(json!(true)));
    set("throw", args.script.throw.then_some(json!(true)));
    set("insecureSkipTLSVerify", args.script.insecure_skip_tls_verify.then_some(json!(true)));
    set("noConnectionReuse", args.script.no_connection_reuse.then_some(json!(true)));
    set("discardResponseBodies", args.script.discard_response_bodies.then_some(json!(true)));
    set("thresholds", args.script.no_thresholds.then_some(json!({})));
    set("maxRedirects", args.script.max_redirects.map(Value::from));
    set("batch", args.script.batch.map(Value::from));
    set("batchPerHost", args.script.batch_per_host.map(Value::from));
    set("rps", args.script.rps.map(Value::from));
    set("userAgent", args.script.user_agent.clone().map(Value::from));
    set("minIterationDuration", args.script.min_iteration_duration.clone().map(Value::from));
    set("summaryTimeUnit", args.script.summary_time_unit.clone().map(Value::from));
    set("dns", args.script.dns.clone().map(Value::from));
    for (key, list) in [
        ("summaryTrendStats", &args.script.summary_trend_stats),
        ("blacklistIPs", &args.script.blacklist_ips),
        ("blockHostnames", &args.script.block_hostnames),
        ("localIPs", &args.script.local_ips),
        ("systemTags", &args.script.system_tags),
    ] {
        set(key, (!list.is_empty()).then(|| json!(list)));
    }
    if !args.script.stages.is_empty() {
        let stage = |text: &String| {
            let (time, users) =
                text.split_once(':').with_context(|| format!("`{text}` is no stage; write 10s:20"))?;
            Ok::<_, anyhow::Error>(json!({ "duration": time, "target": users }))
        };
        let stages: Vec<_> =
            args.script.stages.iter().map(stage).collect::<anyhow::Result<_>>().context(Exit::WrongPlan)?;
        set("stages", Some(Value::Array(stages)));
    }
    if !args.script.tags.is_empty() {
        let tags: Map<String, Value> = args.script.tags.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
        set("tags", Some(Value::Object(tags)));
    }
    Ok(all)
}
