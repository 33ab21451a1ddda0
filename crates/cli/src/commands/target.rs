//! `plimsoll target`: a built-in service, until it is interrupted.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, bail};
use plimsoll_targets::truth::faults::nanos;
use plimsoll_targets::truth::{self, ServiceTime, TruthOptions};
use plimsoll_targets::{Running, cache, shop, start};

use crate::args::TargetArgs;
use crate::exit_code::Exit;
use crate::{console, signals};

/// See the module.
pub(crate) fn target(args: &TargetArgs) -> anyhow::Result<Exit> {
    let running = start_service(args)?;
    console::result(&format!("{} listens on {}; interrupt to stop\n", args.name, running.url()));
    signals::wait_for_interrupt().context("failed to listen for interrupts")?;
    Ok(Exit::Success)
}

fn start_service(args: &TargetArgs) -> anyhow::Result<Running> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    let running = match args.name.as_str() {
        "truth" => {
            let options = TruthOptions {
                servers: args.servers,
                service: service_time(&args.service)?,
                seed: args.seed,
                faults: args.faults.clone(),
                ..TruthOptions::default()
            };
            truth::start(address, options)
        }
        "cache" => {
            let bytes_max = args.memory.unwrap_or(cache::BYTES_MAX);
            cache::start(address, cache::CacheOptions { bytes_max })
        }
        "shop" if args.strict => shop::start(address, &shop::ShopOptions::strict()),
        name => start(name, address),
    };
    Ok(running?)
}

fn service_time(text: &str) -> anyhow::Result<ServiceTime> {
    let (kind, values) = text.split_once(':').unwrap_or((text, ""));
    let values: Vec<&str> = values.split(',').collect();
    let time = |index: usize| {
        values
            .get(index)
            .and_then(|v| nanos(v))
            .with_context(|| format!("`{text}`: a duration such as 5ms is missing"))
    };
    let number = |index: usize| {
        values
            .get(index)
            .and_then(|v| v.trim_end_matches('%').parse::<f64>().ok())
            .with_context(|| format!("`{text}`: a number is missing"))
    };
    Ok(match kind {
        "bimodal" => {
            let share = number(2)?;
            let slow_share = if text.ends_with('%') { share / 100.0 } else { share };
            ServiceTime::Bimodal {
                fast_ns: time(0)?,
                slow_ns: time(1)?,
                slow_share: slow_share.clamp(0.0, 1.0),
            }
        }
        "det" => ServiceTime::Deterministic(time(0)?),
        "exp" => ServiceTime::Exponential(time(0)? as f64),
        "lognormal" => ServiceTime::Lognormal { mean_ns: time(0)? as f64, cv: number(1)? },
        "trace" => {
            let path = values.join(",");
            let lines =
                std::fs::read_to_string(&path).with_context(|| format!("failed to read the trace {path}"))?;
            let times = lines.lines().map(|l| l.trim().parse::<u64>()).collect::<Result<Vec<_>, _>>();
            ServiceTime::Trace(
                times.with_context(|| format!("{path} holds something else than nanoseconds"))?,
            )
        }
        _ => bail!(
            "`{text}` is not a service time; write det:5ms, exp:5ms, lognormal:5ms,1.0, bimodal:1ms,50ms,5% or trace:FILE"
        ),
    })
}
