//! One user's JavaScript world: a runtime of its own, on a stack of its own.

use std::rc::Rc;
use std::sync::Arc;

use plimsoll_model::Nanos;
use rquickjs::function::{Func, IntoArgs};
use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{Atom, CatchResultExt, CaughtError, Ctx, Function, Module, Object, Runtime, Value};

use crate::allocator::Memory;
use crate::coroutine::Coroutine;
use crate::metrics::{BuiltIn, Kind};
use crate::run::Run;
use crate::vu::{Answer, Ask, Ended, Pass, Stage, Thrown, Vu};
use crate::{intrinsics, natives};

/// Stack of a world, and how much of it the script may use. Pages are taken when they are touched.
const STACK_BYTES: usize = 1024 * 1024;
const SCRIPT_STACK_BYTES: usize = STACK_BYTES - 128 * 1024;

/// Memory that one user's world may take.
const MEMORY_BYTES_MAX: usize = 512 * 1024 * 1024;

/// Garbage is looked for after so many bytes; QuickJS counts references, so that only cycles wait for it.
const GARBAGE_BYTES: usize = 1024 * 1024;

/// What a world is for.
#[derive(Clone, Debug)]
pub(crate) enum Role {
    /// Iterations until there are none.
    Load,
    /// `setup()`, for its result.
    Setup,
    /// `teardown(data)`.
    Teardown,
    /// Read the script, for its options and the names of what it exports.
    Inspect,
    /// `handleSummary(data)` with this data, for its result; `null` without such a function.
    Summary(String),
}

/// A world, and what drives it.
pub(crate) type World = Coroutine<Ask, Answer>;

/// A world that has not begun, for a user that asks with its asker.
pub(crate) fn world(role: Role, vu: Rc<Vu>) -> std::io::Result<World> {
    Coroutine::new(STACK_BYTES, vu.asker.clone(), move |first| {
        if matches!(first, Answer::Cancel) {
            return;
        }
        let finished = live(&vu, &role);
        // After a cancellation nobody listens any more.
        let _unheard = vu.ask(Ask::Finished(finished));
    })
}

fn live(vu: &Rc<Vu>, role: &Role) -> Result<Option<String>, Thrown> {
    let failed = |e: rquickjs::Error| Thrown { text: e.to_string(), is_interrupt: false };
    let runtime = Runtime::new_with_alloc(Memory).map_err(failed)?;
    runtime.set_max_stack_size(SCRIPT_STACK_BYTES);
    runtime.set_memory_limit(MEMORY_BYTES_MAX);
    runtime.set_gc_threshold(GARBAGE_BYTES);
    runtime.set_loader(Paths(vu.run.clone()), Texts(vu.clone()));
    let watched = Rc::downgrade(vu);
    runtime.set_interrupt_handler(Some(Box::new(move || {
        watched.upgrade().is_some_and(|vu| vu.cancelled.get() || vu.now() > vu.deadline_ns.get())
    })));
    let context = intrinsics::context(&runtime).map_err(failed)?;
    context.with(|ctx| {
        let script = Script::read(&ctx, vu)?;
        match role {
            Role::Load => script.iterate(vu),
            Role::Setup => script.once(vu, Stage::Setup, "setup", None),
            Role::Teardown => {
                let data = vu.run.setup_data.get().cloned();
                script.once(vu, Stage::Teardown, "teardown", data)
            }
            Role::Inspect => script.inspect(vu).map(Some),
            Role::Summary(data) => script.once(vu, Stage::Summary, "handleSummary", Some(data.clone())),
        }
    })
}

/// A script that was read.
struct Script<'js> {
    ctx: Ctx<'js>,
    exports: Object<'js>,
    own: Object<'js>,
    globals: Object<'js>,
    /// The name of the global that holds the iteration's number.
    iter: Atom<'js>,
}

impl<'js> Script<'js> {
    fn read(ctx: &Ctx<'js>, vu: &Rc<Vu>) -> Result<Self, Thrown> {
        let caught = |e: CaughtError<'_>| thrown(vu, &e);
        let own = natives::install(ctx, vu).catch(ctx).map_err(caught)?;
        let entry = vu.run.sources.entry.clone();
        let text = vu.run.sources.module(&entry).map_err(|text| Thrown { text, is_interrupt: false })?;
        let module = declared(ctx, vu, &entry, &text).catch(ctx).map_err(caught)?;
        let iter = Atom::from_str(ctx.clone(), "__ITER").catch(ctx).map_err(caught)?;
        let (module, promise) = module.eval().catch(ctx).map_err(caught)?;
        // One of the older kind exports what it has put into `module.exports`.
        let older: Option<Object<'js>> = if crate::sources::is_older(&text) {
            let exports = own.get::<_, Function<'js>>("exportsOf");
            exports.and_then(|exports| exports.call((entry.as_str(),))).catch(ctx).map_err(caught)?
        } else {
            None
        };
        let script = Self {
            ctx: ctx.clone(),
            exports: older.map_or_else(|| module.namespace(), Ok).catch(ctx).map_err(caught)?,
            own,
            globals: ctx.globals(),
            iter,
        };
        script.settle(vu, &promise.into_value())?;
        Ok(script)
    }

    /// Options and names of exports, as JSON.
    fn inspect(&self, vu: &Rc<Vu>) -> Result<String, Thrown> {
        let read = || -> rquickjs::Result<String> {
            let all = Object::new(self.ctx.clone())?;
            all.set("options", self.exports.get::<_, Value<'js>>("options")?)?;
            let functions = self.exports.keys::<String>().collect::<rquickjs::Result<Vec<_>>>()?;
            let is_function = |name: &String| {
                self.exports.get::<_, Value<'js>>(name.as_str()).is_ok_and(|v| v.is_function())
            };
            all.set("functions", functions.into_iter().filter(is_function).collect::<Vec<_>>())?;
            let text = self.ctx.json_stringify(all)?;
            text.map_or_else(|| Ok("{}".to_owned()), |t| t.to_string())
        };
        read().catch(&self.ctx).map_err(|e| thrown(vu, &e))
    }

    /// Calls an exported function once, if there is one: its result as JSON. `data` is its argument, as JSON.
    fn once(
        &self,
        vu: &Rc<Vu>,
        stage: Stage,
        name: &str,
        data: Option<String>,
    ) -> Result<Option<String>, Thrown> {
        vu.stage.set(stage);
        let caught = |e: CaughtError<'_>| thrown(vu, &e);
        let function: Value<'js> = self.exports.get(name).catch(&self.ctx).map_err(caught)?;
        let Some(function) = function.into_function() else { return Ok(None) };
        let argument = self.parsed(data).catch(&self.ctx).map_err(caught)?;
        let result: Value<'js> = match data_of(argument) {
            Some(argument) => function.call((argument,)),
            None => function.call(()),
        }
        .catch(&self.ctx)
        .map_err(caught)?;
        let result = self.settle(vu, &result)?;
        if let Some(text) = result.as_string() {
            // Told apart from JSON by being a JSON text itself.
            return Ok(Some(serde_json::Value::String(text.to_string().unwrap_or_default()).to_string()));
        }
        let text = self.ctx.json_stringify(result).catch(&self.ctx).map_err(caught)?;
        Ok(text.and_then(|t| t.to_string().ok()))
    }

    fn parsed(&self, json: Option<String>) -> rquickjs::Result<Value<'js>> {
        match json {
            Some(json) => self.ctx.json_parse(json),
            None => Ok(Value::new_undefined(self.ctx.clone())),
        }
    }

    /// Performs iterations until the user's time is over.
    fn iterate(&self, vu: &Rc<Vu>) -> Result<Option<String>, Thrown> {
        vu.stage.set(Stage::Load);
        let caught = |e: CaughtError<'_>| thrown(vu, &e);
        let data = self.parsed(vu.run.setup_data.get().cloned()).catch(&self.ctx).map_err(caught)?;
        let mut functions: Vec<Option<Function<'js>>> = vec![None; vu.run.options.scenarios.len()];
        let mut ended = Ended::default();
        loop {
            let Ok(Answer::Iterate(pass)) = vu.ask(Ask::Idle(std::mem::take(&mut ended))) else {
                return Ok(None);
            };
            vu.scenario.set(pass.scenario);
            vu.in_scenario.set(pass.number);
            if functions[pass.scenario].is_none() {
                functions[pass.scenario] = Some(self.function(vu, pass)?);
            }
            let function = functions[pass.scenario].as_ref().expect("it was just put there");
            ended = self.iteration(vu, function, &data);
            vu.iteration.set(vu.iteration.get() + 1);
            if vu.cancelled.get() {
                return Ok(None);
            }
        }
    }

    /// The function of a scenario, with the environment that it asks for.
    fn function(&self, vu: &Rc<Vu>, pass: Pass) -> Result<Function<'js>, Thrown> {
        let scenario = &vu.run.options.scenarios[pass.scenario];
        let prepare = || -> rquickjs::Result<Value<'js>> {
            let environment: Object<'js> = self.ctx.globals().get("__ENV")?;
            for (name, value) in &scenario.env {
                environment.set(name.as_str(), value.as_str())?;
            }
            self.exports.get(scenario.exec.as_str())
        };
        let function = prepare().catch(&self.ctx).map_err(|e| thrown(vu, &e))?;
        function.into_function().ok_or_else(|| Thrown {
            text: format!("the script exports no function `{}`", scenario.exec),
            is_interrupt: false,
        })
    }

    fn iteration(&self, vu: &Rc<Vu>, function: &Function<'js>, data: &Value<'js>) -> Ended {
        let begun_ns = vu.now();
        vu.outstanding.set(0);
        let result = self.called(vu, function, data);
        if result.is_err() && vu.timers.get() > 0 {
            let _left = self.call_own(vu, "clearTimers", ());
        }
        vu.group.borrow_mut().clear();
        let at_ns = vu.now();
        if !vu.cancelled.get() {
            let duration_ms = (at_ns - begun_ns) as f64 / 1e6;
            let values = [
                (BuiltIn::IterationDuration, Kind::Trend, duration_ms),
                (BuiltIn::Iterations, Kind::Counter, 1.0),
            ];
            vu.store.add_all(&values, &**vu);
        }
        Ended { thrown: result.err(), at_ns }
    }

    fn called(&self, vu: &Rc<Vu>, function: &Function<'js>, data: &Value<'js>) -> Result<(), Thrown> {
        let number = self.globals.set(self.iter.clone(), vu.iteration.get() as f64);
        let result = number.and_then(|()| function.call::<_, Value<'js>>((data.clone(),)));
        let result = result.catch(&self.ctx).map_err(|e| thrown(vu, &e))?;
        self.settle(vu, &result).map(drop)
    }

    /// Runs what is waiting (promises, timers, requests that go on) until there is nothing left, and returns what
    /// `value` has come to.
    fn settle(&self, vu: &Rc<Vu>, value: &Value<'js>) -> Result<Value<'js>, Thrown> {
        loop {
            while self.ctx.execute_pending_job() {}
            let timer_ns = self.next_timer(vu);
            if timer_ns.is_some_and(|at| at <= vu.now()) {
                self.call_own(vu, "runTimer", ())?;
                continue;
            }
            let question = match (timer_ns, vu.outstanding.get()) {
                (None, 0) => break,
                (Some(at), 0) => Ask::Sleep(at - vu.now()),
                (moment, _) => Ask::Await(moment),
            };
            match vu.ask(question) {
                Ok(Answer::Event(event)) => {
                    let told = natives::happened(&self.ctx, vu, event);
                    told.catch(&self.ctx).map_err(|e| thrown(vu, &e))?;
                }
                Ok(_) => {}
                Err(_) => return Err(Thrown { text: "interrupted".to_owned(), is_interrupt: true }),
            }
        }
        let Some(promise) = value.as_promise() else { return Ok(value.clone()) };
        match promise.result::<Value<'js>>() {
            Some(result) => result.catch(&self.ctx).map_err(|e| thrown(vu, &e)),
            None => Ok(Value::new_undefined(self.ctx.clone())),
        }
    }

    /// When the next timer is due; `None` without one.
    fn next_timer(&self, vu: &Vu) -> Option<Nanos> {
        if vu.timers.get() == 0 {
            return None;
        }
        let next = self.own.get::<_, Function<'js>>("nextTimer").and_then(|next| next.call::<_, f64>(()));
        next.ok().filter(|ms| ms.is_finite()).map(|ms| (ms * 1e6) as Nanos)
    }

    fn call_own(&self, vu: &Vu, name: &str, arguments: impl IntoArgs<'js>) -> Result<(), Thrown> {
        let called = self.own.get::<_, Function<'js>>(name).and_then(|f| f.call::<_, ()>(arguments));
        called.catch(&self.ctx).map_err(|e| thrown(vu, &e))
    }
}

fn data_of(argument: Value<'_>) -> Option<Value<'_>> {
    (!argument.is_undefined()).then_some(argument)
}

/// What was thrown, in words.
fn thrown(vu: &Vu, error: &CaughtError<'_>) -> Thrown {
    let text = match error {
        CaughtError::Exception(exception) => {
            let message = exception.message().unwrap_or_default();
            let name: String = exception.as_object().get("name").unwrap_or_default();
            let head = if name.is_empty() { message } else { format!("{name}: {message}") };
            let stack = exception.stack().unwrap_or_default();
            let stack: Vec<_> = stack.lines().map(str::trim_end).filter(|l| !l.is_empty()).collect();
            vu.run.sources.explained(&[vec![head.as_str()], stack].concat().join("\n"))
        }
        CaughtError::Value(value) => natives::text_of(value),
        CaughtError::Error(error) => error.to_string(),
    };
    Thrown { text, is_interrupt: vu.cancelled.get() || vu.now() > vu.deadline_ns.get() }
}

struct Paths(Arc<Run>);

impl Resolver for Paths {
    fn resolve<'js>(
        &mut self,
        _ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<String> {
        let found = self.0.sources.imported(base, name);
        found.map_err(|message| rquickjs::Error::new_resolving_message(base, name, message))
    }
}

struct Texts(Rc<Vu>);

impl Loader for Texts {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<Module<'js, Declared>> {
        let text = self.0.run.sources.module(name);
        let text = text.map_err(|message| rquickjs::Error::new_loading_message(name, message))?;
        declared(ctx, &self.0, name, &text)
    }
}

/// A module that was read, and not run.
fn declared<'js>(
    ctx: &Ctx<'js>,
    vu: &Rc<Vu>,
    name: &str,
    text: &str,
) -> rquickjs::Result<Module<'js, Declared>> {
    let module = vu.run.compiled.declared(ctx, vu, (name, text))?;
    if text.contains("import.meta") {
        let base = name.to_owned();
        let resolve = Func::from(move |ctx: Ctx<'js>, name: rquickjs::Coerced<String>| {
            crate::sources::address(&base, &name.0).map_err(|problem| natives::go_error(&ctx, &problem))
        });
        module.meta()?.set("resolve", resolve)?;
    }
    Ok(module)
}
