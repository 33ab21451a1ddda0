//! Reading a plan, with the built-in services it asks for.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::Context;
use plimsoll_script::{Constant, Diagnostics, Environment, Lowered, load};
use plimsoll_targets::{Running, start};

use crate::args::{OverrideArgs, Scale};
use crate::exit_code::Exit;
use crate::{console, facts};

/// A plan with the services that were started for it, which stop when it is dropped.
pub(crate) struct ReadyPlan {
    pub(crate) lowered: Lowered,
    _services: Services,
}

/// Built-in services that are running, by name.
pub(crate) type Services = BTreeMap<String, Running>;

/// Reads the plan at `path`. What is wrong with it is printed, all of it.
pub(crate) fn read(path: &Path, overrides: &OverrideArgs, seed: Option<u64>) -> anyhow::Result<ReadyPlan> {
    let text = text(path)?;
    read_text(path, text, overrides, seed)
}

/// Reads the plan at `path`, for a run at one level if one is given, with services that outlast it.
pub(crate) fn read_at(
    path: &Path,
    overrides: &OverrideArgs,
    seed: Option<u64>,
    constant: Option<Constant>,
    services: &mut Services,
) -> anyhow::Result<Lowered> {
    let text = text(path)?;
    lowered(path, text, overrides, (seed, constant), services)
}

fn text(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path)
        .with_context(|| format!("failed to read the plan {}", path.display()))
        .context(Exit::WrongPlan)
}

/// Reads a plan whose text is at hand.
pub(crate) fn read_text(
    path: &Path,
    text: String,
    overrides: &OverrideArgs,
    seed: Option<u64>,
) -> anyhow::Result<ReadyPlan> {
    let mut services = Services::new();
    let lowered = lowered(path, text, overrides, (seed, None), &mut services)?;
    Ok(ReadyPlan { lowered, _services: services })
}

fn lowered(
    path: &Path,
    text: String,
    overrides: &OverrideArgs,
    (seed, constant): (Option<u64>, Option<Constant>),
    services: &mut Services,
) -> anyhow::Result<Lowered> {
    let given = Environment { seed, constant, ..Environment::default() };
    lowered_with(path, text, overrides, given, services).map_err(|wrong| said(&wrong, "the plan"))
}

/// The same for another target, if one is given, and without a word.
pub(crate) fn read_quietly(
    path: &Path,
    text: String,
    overrides: &OverrideArgs,
    (seed, target): (Option<u64>, Option<String>),
    services: &mut Services,
) -> Result<Lowered, Diagnostics> {
    let given = Environment { seed, target, ..Environment::default() };
    lowered_with(path, text, overrides, given, services)
}

fn lowered_with(
    path: &Path,
    text: String,
    overrides: &OverrideArgs,
    given: Environment<'_>,
    services: &mut Services,
) -> Result<Lowered, Diagnostics> {
    let mut start_service = |name: &str| -> Result<String, String> {
        if !services.contains_key(name) {
            let running =
                start(name, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).map_err(|e| e.to_string())?;
            services.insert(name.to_owned(), running);
        }
        Ok(services[name].url())
    };
    let mut environment = Environment {
        variables: facts::variables().into_iter().chain(overrides.env.iter().cloned()).collect(),
        users: overrides.vus,
        rate: overrides.rate,
        duration_ns: overrides.duration,
        iterations: overrides.iterations,
        scale: overrides.scale.and_then(Scale::share),
        proxy: facts::proxies(),
        now_ms: facts::now().0,
        own: crate::protocols::own().iter().map(|protocol| protocol.name()).collect(),
        start_service: Some(&mut start_service),
        seed: given.seed,
        target: given.target.or_else(|| overrides.target.clone()),
        constant: given.constant,
    };
    load(path, text, &mut environment)
}

/// Prints what is wrong with a file of the user's, all of it.
pub(super) fn said(diagnostics: &Diagnostics, file: &str) -> anyhow::Error {
    console::remark(&diagnostics.render(console::has_colour()));
    let count = diagnostics.found.len();
    anyhow::anyhow!("{count} {} in {file}", if count == 1 { "mistake" } else { "mistakes" })
        .context(Exit::WrongPlan)
}

/// Overrides for a plan that takes none.
pub(crate) fn no_overrides(duration: Option<u64>) -> OverrideArgs {
    OverrideArgs {
        env: Vec::new(),
        vus: None,
        rate: None,
        duration,
        iterations: None,
        scale: None,
        target: None,
    }
}
