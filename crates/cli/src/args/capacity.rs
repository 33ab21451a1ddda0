//! What `plimsoll capacity` takes.

use std::path::PathBuf;

use clap::Args;
use plimsoll_model::schedule::scaled;
use plimsoll_report::render::capacity::Margin;

use super::{CommonArgs, Scale, duration, key_value, rate, scale, share};

/// plimsoll capacity
#[derive(Clone, Debug, Args)]
#[command(
    after_long_help = "The plan's loads are run at one level after another, each with a warm-up, a time that counts and a rest. \
Levels grow until a claim fails; then the gap is halved until it is narrow. Levels are arrivals per second of all open loads together, or users if \
the plan has closed loads only. If the generator gives out first, the answer is `at least`. A search that was interrupted goes \
on from where it was with the same command and the same --out.

With --walk, levels from below the line to above it are run once more, upwards and then down again without a rest: does the \
target hold less after an overload? With --instances (or `instances` in the plan) the line of each is searched, and the numbers \
of instances for --for come from what was measured.

  plimsoll capacity examples/capacity.yaml
  plimsoll capacity plan.yaml --from 100 --to 5000 --resolution 1% --walk
  plimsoll capacity plan.yaml --instances 1=http://one:8080,2=http://two:8080,4=http://four:8080 --for 10000/s"
)]
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
    /// What counts of each level; a quarter of it while levels only grow, half of it while they are far apart
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
    /// Shorten hold, warm-up and rest to this share, such as 0.05 or 5%, though not below a second; the report says so
    #[arg(long, value_name = "SHARE", value_parser = scale)]
    pub(crate) scale: Option<Scale>,
    /// When the line is found, go up and down over it: does the target remember overload?
    #[arg(long)]
    pub(crate) walk: bool,
    /// Targets by the number of instances behind them, instead of the plan's target: the line of each is searched
    #[arg(long, value_name = "N=URL", value_delimiter = ',', value_parser = instances)]
    pub(crate) instances: Vec<(u32, String)>,
    /// Shares of the line to plan with [default: recommended=50%,standard=70%,aggressive=85%,maximum=100%]
    #[arg(long, value_name = "NAME=SHARE", value_delimiter = ',', value_parser = margin)]
    pub(crate) margins: Vec<Margin>,
    /// Loads for which instances are to be counted, such as 10000/s
    #[arg(long = "for", value_name = "LEVEL", value_delimiter = ',', value_parser = rate)]
    pub(crate) loads: Vec<f64>,
}

impl CapacityArgs {
    /// The same with times as short as was asked for.
    pub(crate) fn shortened(&self) -> Self {
        let Some(scale) = self.scale.and_then(Scale::share) else { return self.clone() };
        Self {
            hold: scaled(self.hold, scale),
            hold_max: scaled(self.hold_max, scale),
            warm_up: scaled(self.warm_up, scale),
            cool_down: scaled(self.cool_down, scale),
            ..self.clone()
        }
    }
}

/// A name with its share of the line.
fn margin(text: &str) -> Result<Margin, String> {
    let (name, written) = text.split_once('=').ok_or("write a name and a share, such as standard=70%")?;
    Ok(Margin { name: name.to_owned(), share: share(written)? })
}

/// A number of instances with their target.
fn instances(text: &str) -> Result<(u32, String), String> {
    let wrong =
        || format!("`{text}`: write a whole number from 1 and a target, such as 2=http://127.0.0.1:8082");
    let (number, url) = text.split_once('=').ok_or_else(wrong)?;
    let number = number.parse().ok().filter(|n| *n > 0).ok_or_else(wrong)?;
    if url.is_empty() { Err(wrong()) } else { Ok((number, url.to_owned())) }
}
