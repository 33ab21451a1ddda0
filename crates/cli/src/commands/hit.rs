//! `plimsoll hit`: the quick look, without a plan.

use anyhow::Context;
use plimsoll_metrics::expression::parse_statement;
use plimsoll_model::http::{Body, HttpRequest, HttpSettings};
use plimsoll_model::{Claim, Process};
use plimsoll_script::quick;
use plimsoll_script::yaml::Quick;

use crate::args::HitArgs;
use crate::execute::{Keep, execute};
use crate::exit_code::Exit;
use crate::facts;

/// See the module.
pub(crate) fn hit(args: &HitArgs) -> anyhow::Result<Exit> {
    for claim in &args.claims {
        parse_statement(claim).map_err(|e| {
            anyhow::anyhow!("{} in the claim `{claim}`\nhint: {}", e.message, e.hint).context(Exit::WrongPlan)
        })?;
    }
    let url = if args.url.contains("://") { args.url.clone() } else { format!("http://{}", args.url) };
    let mut request = HttpRequest::new(&args.method.to_ascii_uppercase(), &url);
    request.headers.clone_from(&args.headers);
    request.timeout_ns = args.timeout;
    request.connect_timeout_ns = request.connect_timeout_ns.min(args.timeout);
    request.body = body(args)?;
    let plan = Quick {
        request,
        expect: args.expect.clone(),
        connections: args.connections,
        duration_ns: args.duration,
        requests: args.requests,
        rate: args.rate,
        process: if args.uniform { Process::Uniform } else { Process::Poisson },
        seed: args.common.seed.unwrap_or(1),
        workers: args.common.worker_count(),
        claims: args.claims.iter().map(|text| Claim { text: text.clone(), abort: false }).collect(),
        http: HttpSettings {
            proxy: facts::proxies(),
            skip_verify: args.insecure,
            reuse: !args.no_reuse,
            ..HttpSettings::default()
        },
    };
    let lowered = quick(&plan).context(Exit::WrongPlan)?;
    let keep = args.common.directory().map_or(Keep::Nothing, Keep::Directory);
    execute(&lowered, &args.common, &keep)
}

fn body(args: &HitArgs) -> anyhow::Result<Body> {
    Ok(match args.body.as_deref() {
        None => Body::Empty,
        Some(text) => match text.strip_prefix('@') {
            Some(path) => {
                std::fs::metadata(path)
                    .with_context(|| format!("failed to read the body's file {path}"))
                    .context(Exit::WrongPlan)?;
                Body::File(path.into())
            }
            None => Body::Bytes(text.as_bytes().into()),
        },
    })
}
