//! `k6/execution`: what a script may know of the run.

use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;

use rquickjs::function::Func;
use rquickjs::{Ctx, IntoJs, Object, Result, Value};

use super::time_is_up;
use crate::metrics::Tagged;
use crate::run::Abort;
use crate::vu::{Stage, Vu};

pub(super) fn install<'js>(own: &Object<'js>, vu: &Rc<Vu>) -> Result<()> {
    let v = vu.clone();
    own.set("info", Func::from(move |ctx: Ctx<'js>, key: String| info(&ctx, &v, &key)))?;
    let v = vu.clone();
    own.set(
        "stage",
        Func::from(move || match v.stage.get() {
            Stage::Init => "init",
            Stage::Setup => "setup",
            Stage::Load => "load",
            Stage::Teardown => "teardown",
            Stage::Summary => "summary",
        }),
    )?;
    let v = vu.clone();
    own.set("clockMs", Func::from(move || v.run.wall_ms(v.now())))?;
    let v = vu.clone();
    own.set("getTag", Func::from(move |name: String| v.tag(&name).map(std::borrow::Cow::into_owned)))?;
    let v = vu.clone();
    own.set("setTag", Func::from(move |name: String, value: String| v.tags.borrow_mut().set(&name, &value)))?;
    let v = vu.clone();
    own.set("deleteTag", Func::from(move |name: String| v.tags.borrow_mut().remove(&name)))?;
    let v = vu.clone();
    own.set(
        "tagNames",
        Func::from(move || {
            let mut names = vec!["group".to_owned()];
            if let Some(scenario) = v.scenario() {
                names.push("scenario".to_owned());
                names.extend(scenario.tags.keys().cloned());
            }
            names.extend(v.tags.borrow().iter().map(|(name, _)| name.to_owned()));
            names.sort();
            names.dedup();
            names
        }),
    )?;
    let v = vu.clone();
    own.set(
        "abort",
        Func::from(move |ctx: Ctx<'js>, message: String| -> Result<()> {
            v.run.abort(Abort::Asked(message));
            v.cancelled.set(true);
            Err(time_is_up(&ctx))
        }),
    )?;
    let v = vu.clone();
    own.set(
        "failTest",
        Func::from(move |message: String| {
            v.run.say(crate::run::Level::Error, &format!("the test was marked as failed: {message}"));
            v.run.marked_failed.store(true, Relaxed);
        }),
    )?;
    Ok(())
}

/// Secrets, and texts as summaries have them.
pub(super) fn summaries(own: &Object<'_>, vu: &Rc<Vu>) -> Result<()> {
    let v = vu.clone();
    own.set(
        "secret",
        Func::from(move |name: Option<String>, key: String| -> Vec<Option<String>> {
            match v.run.outside.secrets.get(name.as_deref(), &key) {
                Ok(secret) => vec![Some(secret.to_owned()), None],
                Err(problem) => vec![None, Some(problem)],
            }
        }),
    )?;
    own.set(
        "textSummary",
        Func::from(|json: String, indent: String, _colours: bool| {
            crate::summary::text_of_json(&json, &indent)
        }),
    )?;
    own.set(
        "humanize",
        Func::from(|value: f64, kind: String, contains: String, unit: String| {
            crate::summary::humanized(value, &kind, &contains, &unit)
        }),
    )
}

fn info<'js>(ctx: &Ctx<'js>, vu: &Vu, key: &str) -> Result<Value<'js>> {
    let run = &vu.run;
    let scenario = vu.scenario();
    let elapsed_ms = vu.now() as f64 / 1e6;
    let number = match key {
        "elapsedMs" => elapsed_ms,
        "iterationsDone" => run.iterations_done.load(Relaxed) as f64,
        "iterationsCut" => run.iterations_cut.load(Relaxed) as f64,
        "vusActive" => run.users_running.load(Relaxed) as f64,
        "vusInitialized" => run.options.users_max() as f64,
        "vu" => vu.id as f64,
        "iteration" | "vuInScenario" => vu.iteration.get() as f64,
        "inScenario" => vu.in_scenario.get() as f64,
        "scenarioStartMs" => run.wall_ms(scenario.map_or(0, |s| s.start_ns)),
        "progress" => scenario
            .map_or(0.0, |s| match s.executor.iterations() {
                Some(all) => vu.in_scenario.get() as f64 / all.max(1) as f64,
                None => {
                    let length_ns = s.executor.schedule().duration_ns().max(1);
                    vu.now().saturating_sub(s.start_ns) as f64 / length_ns as f64
                }
            })
            .min(1.0),
        "scenarioName" => return scenario.map_or("", |s| s.name.as_str()).into_js(ctx),
        "executor" => return scenario.map_or("", |s| s.executor_name.as_str()).into_js(ctx),
        "options" => return run.options.shown().to_string().into_js(ctx),
        _ => return Ok(Value::new_undefined(ctx.clone())),
    };
    number.into_js(ctx)
}
