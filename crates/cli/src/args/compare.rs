//! What the commands take that hold runs against runs: `compare`, `baseline`, `history`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::key_value;

/// plimsoll compare
#[derive(Debug, Args)]
#[command(long_about = "Compare two sets of recorded runs: is B slower than A?

The unit is the run: at least six a side, best interleaved (A B B A). Every measure that runs of both sides have is compared by an \
exact Mann-Whitney test, adjusted for all measures, and by the ratio of the sides with its interval (Hodges-Lehmann). Exit \
codes: 0 everything is equivalent or better, 99 something got worse, 98 something cannot be told.

  plimsoll run plan.yaml --repeat 10 --out before
  plimsoll compare --factor tool before -- after
  plimsoll compare --factor target --run old.yaml new.yaml --pairs 10")]
pub(crate) struct CompareArgs {
    /// Runs of the first side, or directories of them
    #[arg(required_unless_present = "plans", value_name = "A")]
    pub(crate) a: Vec<PathBuf>,
    /// Runs of the second side
    #[arg(required_unless_present = "plans", last = true, value_name = "B")]
    pub(crate) b: Vec<PathBuf>,
    /// Make the runs: of these two plans, interleaved (A B B A), each in a process of its own
    #[arg(long = "run", num_args = 2, value_names = ["PLAN_A", "PLAN_B"], conflicts_with_all = ["a", "b"])]
    pub(crate) plans: Vec<PathBuf>,
    /// Runs of each plan
    #[arg(long, value_name = "N", default_value_t = 10, requires = "plans",
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) pairs: u32,
    /// Where runs that are made are kept
    #[arg(short, long, value_name = "DIR", requires = "plans")]
    pub(crate) out: Option<PathBuf>,
    /// An environment variable that the plans may use
    #[arg(short = 'e', long = "env", value_name = "KEY=VALUE", value_parser = key_value, requires = "plans")]
    pub(crate) env: Vec<(String, String)>,
    /// What is meant to differ: plan, claims, target, tool, cpu, kernel
    #[arg(long = "factor", value_name = "NAME", value_delimiter = ',')]
    pub(crate) factors: Vec<String>,
    /// Count invalid runs, too
    #[arg(long)]
    pub(crate) with_invalid: bool,
    /// Text, or Markdown for a pull request
    #[arg(short, long, value_enum, default_value_t = CompareFormat::Text)]
    pub(crate) format: CompareFormat,
}

/// plimsoll baseline
#[derive(Debug, Args)]
pub(crate) struct BaselineArgs {
    #[command(subcommand)]
    pub(crate) command: BaselineCommand,
}

/// What to do with a baseline.
#[derive(Debug, Subcommand)]
pub(crate) enum BaselineCommand {
    /// Keep what a comparison reads of these runs, as a file that can be committed
    Save {
        /// What the baseline is called
        name: String,
        /// Runs, or directories of them
        #[arg(required = true)]
        runs: Vec<PathBuf>,
        /// Where baselines are kept
        #[arg(long, value_name = "DIR", default_value = "baselines")]
        directory: PathBuf,
    },
    /// Compare runs with a baseline: 99 if something got worse, 98 if something cannot be told
    Check {
        /// What the baseline is called
        name: String,
        /// Runs, or directories of them
        #[arg(required = true)]
        runs: Vec<PathBuf>,
        /// Where baselines are kept
        #[arg(long, value_name = "DIR", default_value = "baselines")]
        directory: PathBuf,
        /// What is meant to differ: plan, claims, target, tool, cpu, kernel
        #[arg(long = "factor", value_name = "NAME", value_delimiter = ',')]
        factors: Vec<String>,
        /// Text, or Markdown for a pull request
        #[arg(short, long, value_enum, default_value_t = CompareFormat::Text)]
        format: CompareFormat,
    },
}

/// plimsoll history
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// Runs, or directories of them; they are taken in the order in which they began
    #[arg(required = true)]
    pub(crate) runs: Vec<PathBuf>,
    /// The seed of the permutations
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// How a comparison is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CompareFormat {
    /// For the terminal
    Text,
    /// Markdown
    Md,
}
