//! What the commands take that hold runs against runs: `compare`, `baseline`, `history`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::key_value;

/// plimsoll compare
#[derive(Debug, Args)]
#[command(long_about = "Compare arms of recorded runs: is B slower than A? By how much is C faster?

The unit is the run: at least six an arm, best made in turn (A B B A). Every arm is held against the first, in every measure that \
runs of both have: by an exact Mann-Whitney test, adjusted for all measures of all arms, and by the ratio with its interval \
(Hodges-Lehmann), which is that of pairs where runs were made in turn. Arms that do not succeed equally often are not compared in \
speed. Exit codes: 0 everything is equivalent or better, 99 something got worse, 98 something cannot be told; with --claim, 0 all \
are verified, 99 one is refuted, 98 one is unproven.

  plimsoll run plan.yaml --repeat 10 --out before
  plimsoll compare --factor tool before -- after
  plimsoll compare --factor target --run old.yaml new.yaml --pairs 10
  plimsoll compare --factor plan,target --claim 'ratio(throughput, nats, http) >= 2' --run nats.yaml http.yaml grpc.yaml")]
pub(crate) struct CompareArgs {
    /// Runs of the first arm, or directories of them
    #[arg(required_unless_present_any = ["plans", "arms"], value_name = "A")]
    pub(crate) a: Vec<PathBuf>,
    /// Runs of the second arm; of further arms behind a further --
    #[arg(required_unless_present_any = ["plans", "arms"], last = true, value_name = "B")]
    pub(crate) b: Vec<PathBuf>,
    /// An arm with a name of its own, and its runs or directories of them, with commas between
    #[arg(long = "arm", value_name = "NAME=RUNS", value_parser = key_value, conflicts_with_all = ["a", "b", "plans"])]
    pub(crate) arms: Vec<(String, String)>,
    /// Make the runs: of these plans in turn (A B B A), each in a process of its own. An arm is called as its file, or NAME=PLAN
    #[arg(long = "run", num_args = 2.., value_name = "PLAN", conflicts_with_all = ["a", "b"])]
    pub(crate) plans: Vec<PathBuf>,
    /// Runs of each plan
    #[arg(long, value_name = "N", default_value_t = 10, requires = "plans",
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) pairs: u32,
    /// Where runs that are made are kept, with the page
    #[arg(short, long, value_name = "DIR", requires = "plans")]
    pub(crate) out: Option<PathBuf>,
    /// An environment variable that the plans may use; ARM:KEY=VALUE is for one of them
    #[arg(short = 'e', long = "env", value_name = "KEY=VALUE", value_parser = key_value, requires = "plans")]
    pub(crate) env: Vec<(String, String)>,
    /// What is meant to differ: plan, claims, target, env, tool, cpu, kernel
    #[arg(long = "factor", value_name = "NAME", value_delimiter = ',')]
    pub(crate) factors: Vec<String>,
    /// Hold all arms against this one, or these, instead of the first
    #[arg(long, value_name = "ARM", value_delimiter = ',')]
    pub(crate) against: Vec<String>,
    /// What must hold of two arms, such as 'ratio(throughput, nats, http) >= 2' or 'ratio(p99(checkout), new, old) <= 1.1'
    #[arg(long = "claim", value_name = "CLAIM")]
    pub(crate) claims: Vec<String>,
    /// Count runs that are INVALID or were interrupted, too; they are marked
    #[arg(long)]
    pub(crate) with_invalid: bool,
    /// Text, or Markdown for a pull request
    #[arg(short, long, value_enum, default_value_t = CompareFormat::Text)]
    pub(crate) format: CompareFormat,
    /// Write the page to this file; with --run it is DIR/report.html anyway
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
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
        /// What is meant to differ: plan, claims, target, env, tool, cpu, kernel
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
