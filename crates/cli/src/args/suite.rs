//! What `plimsoll suite` takes.

use std::path::PathBuf;

use clap::Args;

use super::{Scale, key_value, scale};

/// plimsoll suite
#[derive(Debug, Args)]
#[command(long_about = "Run a folder of plans: what is declared, what was run of it, every claim.

The folder's suite.yaml names scenarios (plans, scripts, searches for a load line, comparisons), each with where it was declared, and \
says of those that are not run why. They run one after another, each in a process of its own; index.html, report.txt and \
suite.json say what came of all of them. A suite that was interrupted goes on with the same command and the same --out. \
Exit code: the worst of all (docs/EXIT_CODES.md).

  plimsoll suite examples/shop --list
  plimsoll suite examples/shop --scale 0.05
  plimsoll suite examples/shop --variant real --only smoke --out results")]
pub(crate) struct SuiteArgs {
    /// The folder with a suite.yaml
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// What to run against, by its name in the suite [default: the first]
    #[arg(long, value_name = "NAME")]
    pub(crate) variant: Option<String>,
    /// Shorten all schedules, holds and rests to this share, such as 0.05 or 5%; reports say so, and claims about durations are
    /// UNPROVEN
    #[arg(long, value_name = "SHARE", value_parser = scale)]
    pub(crate) scale: Option<Scale>,
    /// Only these scenarios, by name
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,
    /// An environment variable for all plans; it wins over those of the suite
    #[arg(short = 'e', long = "env", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) env: Vec<(String, String)>,
    /// Where it is kept [default: runs/<time>-<name>]
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Say what would run, and for how long; run nothing
    #[arg(long)]
    pub(crate) list: bool,
    /// Load threads of every run [default: half of the cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) workers: Option<u32>,
    /// The seed of everything random, for every run
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Print the result only
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Print suite.json instead of the report
    #[arg(long)]
    pub(crate) json: bool,
}
