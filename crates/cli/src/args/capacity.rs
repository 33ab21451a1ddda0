//! What `plimsoll capacity` takes.

use std::path::PathBuf;

use clap::Args;
use plimsoll_report::render::capacity::Margin;

use super::{CommonArgs, duration, key_value, rate, share};

/// plimsoll capacity
#[derive(Debug, Args)]
#[command(long_about = "Find the load line: the highest load at which every claim of a plan holds.

The plan's loads are run at one level after another, each with a warm-up, a time that counts and a rest. Levels grow until a \
claim fails; then the gap is halved until it is narrow. Levels are arrivals per second of all open loads together, or users if \
the plan has closed loads only. If the generator gives out first, the answer is `at least`. A search that was interrupted goes \
on from where it was with the same command and the same --out.

  plimsoll capacity examples/capacity.yaml
  plimsoll capacity plan.yaml --from 100 --to 5000 --resolution 1% --for 10000/s")]
pub(crate) struct CapacityArgs {
    /// The plan, with claims
    pub(crate) plan: PathBuf,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    /// An environment variable that the plan may use
    #[arg(short = 'e', long = "env", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) env: Vec<(String, String)>,
    /// The first level [default: a tenth of the plan's own]
    #[arg(long, value_name = "LEVEL", value_parser = rate)]
    pub(crate) from: Option<f64>,
    /// The highest level to try
    #[arg(long, value_name = "LEVEL", value_parser = rate)]
    pub(crate) to: Option<f64>,
    /// By what levels grow until one fails
    #[arg(long, value_name = "FACTOR", default_value_t = 2.0)]
    pub(crate) factor: f64,
    /// How narrow the gap between what held and what failed must be
    #[arg(long, value_name = "SHARE", default_value = "2%", value_parser = share)]
    pub(crate) resolution: f64,
    /// How often both ends must say the same again
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) confirm: u32,
    /// What counts of each level; half of it while levels only grow
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = duration)]
    pub(crate) hold: u64,
    /// The same at most, where quantiles need more samples
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub(crate) hold_max: u64,
    /// What of each level does not count yet
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = duration)]
    pub(crate) warm_up: u64,
    /// A rest between levels
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    pub(crate) cool_down: u64,
    /// Shares of the line to plan with [default: recommended=50%,standard=70%,aggressive=85%,maximum=100%]
    #[arg(long, value_name = "NAME=SHARE", value_delimiter = ',', value_parser = margin)]
    pub(crate) margins: Vec<Margin>,
    /// Loads for which instances are to be counted, such as 10000/s
    #[arg(long = "for", value_name = "LEVEL", value_delimiter = ',', value_parser = rate)]
    pub(crate) loads: Vec<f64>,
}

/// A name with its share of the line.
fn margin(text: &str) -> Result<Margin, String> {
    let (name, written) = text.split_once('=').ok_or("write a name and a share, such as standard=70%")?;
    Ok(Margin { name: name.to_owned(), share: share(written)? })
}
