//! The command line, as close to it as possible; nothing is looked up here.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use plimsoll_k6::PointFormat;
use plimsoll_model::IdleStrategy;

pub(crate) use self::capacity::CapacityArgs;
pub(crate) use self::compare::{BaselineArgs, BaselineCommand, CompareArgs, CompareFormat, HistoryArgs};
pub(crate) use self::suite::SuiteArgs;

mod capacity;
mod compare;
mod suite;

/// Load tests that only print numbers they can defend.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    long_about = "Load tests that only print numbers they can defend.

Latency counts from when a request was due. Failures never pass as fast successes. Every quantile knows its sample \
size and its uncertainty. If the generator was the bottleneck, the run says so and is not valid.

Start with `plimsoll demo`, then `plimsoll hit URL`, then a plan of your own with `plimsoll run PLAN.yaml`.
Exit codes: 0 all claims verified, 98 unproven or invalid, 99 refuted, 104 wrong plan, 105 interrupted."
)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a load test against a built-in service: works with nothing installed
    Demo(DemoArgs),
    /// Take a quick look at a URL, without a plan
    Hit(HitArgs),
    /// Run a load test; the exit code tells the verdict
    Run(Box<RunArgs>),
    /// Find the load line: the highest load at which every claim of a plan holds
    Capacity(Box<CapacityArgs>),
    /// Check a plan: everything wrong with it, then one call of each kind; no load
    Check(CheckArgs),
    /// Compare arms of recorded runs: is B slower than A?
    Compare(Box<CompareArgs>),
    /// Keep runs under a name, and hold later ones against them
    Baseline(BaselineArgs),
    /// Tell where in a series of recorded runs something changed
    History(HistoryArgs),
    /// Run a folder of plans: what is declared, what was run of it, every claim
    Suite(Box<SuiteArgs>),
    /// Write a script for k6 as a plan, or say what in it no plan can say
    Convert(ConvertArgs),
    /// Start a built-in service and leave it running
    Target(TargetArgs),
    /// Render a recorded run again
    Report(ReportArgs),
    /// Compute every number of a recorded run again, and check digests
    Verify(VerifyArgs),
    /// Judge a recorded run, or what another tool left: k6, Locust, wrk, oha, hey, vegeta, JMeter, Gatling, ...
    Audit(AuditArgs),
}

/// How the run is carried out and shown.
#[derive(Clone, Debug, Args)]
pub(crate) struct CommonArgs {
    /// Load threads [default: half of the cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) workers: Option<u32>,
    /// How load threads wait for arrivals
    #[arg(long, value_enum, default_value_t = Idle::Hybrid)]
    pub(crate) idle: Idle,
    /// Spin while waiting: exact, for a core of its own (same as --idle spin)
    #[arg(long)]
    pub(crate) spin: bool,
    /// The seed of everything random
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Keep operations one by one in samples.parquet as well: all of them, or a share such as --samples=1%
    #[arg(long, value_name = "SHARE", num_args = 0..=1, require_equals = true, default_missing_value = "100%",
          value_parser = share)]
    pub(crate) samples: Option<f64>,
    /// The directory of the run, or of the search, itself; for scripts also json=FILE and csv=FILE, for every value one by one
    #[arg(short = 'o', long, value_name = "DIR")]
    pub(crate) out: Vec<PathBuf>,
    /// Print the result only
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Print the result as JSON instead of the summary: run.json, of a search capacity.json
    #[arg(long)]
    pub(crate) json: bool,
}

/// How load threads wait for arrivals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Idle {
    /// Sleep until shortly before, then spin: for shared machines
    Hybrid,
    /// Sleep only: least CPU, coarsest
    Sleep,
    /// Spin throughout: for a core of its own
    Spin,
}

impl CommonArgs {
    /// For runs that nobody watches.
    pub(crate) const fn silent() -> Self {
        Self {
            workers: None,
            idle: Idle::Hybrid,
            spin: false,
            seed: None,
            samples: None,
            out: Vec::new(),
            quiet: true,
            json: false,
        }
    }

    /// Where the run directory goes, if that was said.
    pub(crate) fn directory(&self) -> Option<PathBuf> {
        self.out.iter().rfind(|path| output(path).is_none()).cloned()
    }

    /// Files that every value of a script is written to, as k6's flag names them.
    pub(crate) fn outputs(&self) -> Vec<(PointFormat, PathBuf)> {
        self.out.iter().filter_map(|path| output(path)).collect()
    }

    pub(crate) fn idle_strategy(&self) -> IdleStrategy {
        match self.idle {
            _ if self.spin => IdleStrategy::Spin,
            Idle::Hybrid => IdleStrategy::Hybrid,
            Idle::Sleep => IdleStrategy::Sleep,
            Idle::Spin => IdleStrategy::Spin,
        }
    }

    /// Load threads: half of the cores leave room for the target and for the system.
    pub(crate) fn worker_count(&self) -> u32 {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as u32;
        self.workers.unwrap_or((cores / 2).max(1))
    }
}

/// `json=FILE` or `csv=FILE`.
fn output(path: &Path) -> Option<(PointFormat, PathBuf)> {
    let (format, file) = path.to_str()?.split_once('=')?;
    match format {
        "json" => Some((PointFormat::Json, file.into())),
        "csv" => Some((PointFormat::Csv, file.into())),
        _ => None,
    }
}

/// plimsoll demo
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    /// How long the load lasts
    #[arg(short, long, value_name = "TIME", value_parser = duration)]
    pub(crate) duration: Option<u64>,
    /// Print the demo's plan and do nothing: a start for your own
    #[arg(long)]
    pub(crate) print_plan: bool,
}

/// plimsoll run
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The plan (YAML), or a script written for k6 (.js, .ts)
    pub(crate) plan: PathBuf,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    #[command(flatten)]
    pub(crate) overrides: OverrideArgs,
    /// So many runs one after another, each in a process of its own: what `compare` takes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) repeat: Option<u32>,
    #[command(flatten)]
    pub(crate) script: ScriptArgs,
}

/// plimsoll convert
#[derive(Debug, Args)]
pub(crate) struct ConvertArgs {
    /// The script (.js, .ts)
    pub(crate) script: PathBuf,
    /// A value for the script's __ENV; the address of the target must be known
    #[arg(short = 'e', long = "env", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) env: Vec<(String, String)>,
    /// Write the plan to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// What only scripts written for k6 take.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
#[command(next_help_heading = "Scripts written for k6")]
pub(crate) struct ScriptArgs {
    /// Stages of users, such as 10s:20,1m:50
    #[arg(short = 's', long = "stage", value_name = "TIME:USERS", value_delimiter = ',')]
    pub(crate) stages: Vec<String>,
    /// A tag for all samples
    #[arg(long = "tag", value_name = "NAME=VALUE", value_parser = key_value)]
    pub(crate) tags: Vec<(String, String)>,
    /// Options in JSON, weaker than the script's own
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A file that stands in for a remote module
    #[arg(long = "module-map", value_name = "URL=FILE", value_parser = key_value)]
    pub(crate) modules: Vec<(String, String)>,
    /// A source of secrets: mock=KEY=VALUE,.. or file=PATH
    #[arg(long = "secret-source", value_name = "SOURCE")]
    pub(crate) secrets: Vec<String>,
    /// Write k6's summary as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) summary_export: Option<PathBuf>,
    /// Let k6's rules decide the exit code instead of Plimsoll's verdict
    #[arg(long)]
    pub(crate) k6_verdict: bool,
    /// Let thresholds be
    #[arg(long)]
    pub(crate) no_thresholds: bool,
    /// Throw an exception where a request fails
    #[arg(short = 'w', long)]
    pub(crate) throw: bool,
    /// Accept any certificate
    #[arg(long)]
    pub(crate) insecure_skip_tls_verify: bool,
    /// A new connection for every request
    #[arg(long)]
    pub(crate) no_connection_reuse: bool,
    /// Read bodies and forget them, unless a request asks for its own
    #[arg(long)]
    pub(crate) discard_response_bodies: bool,
    /// Redirects that are followed
    #[arg(long, value_name = "N")]
    pub(crate) max_redirects: Option<u64>,
    /// Requests of a batch at once
    #[arg(long, value_name = "N")]
    pub(crate) batch: Option<u64>,
    /// Requests of a batch at once to one host
    #[arg(long, value_name = "N")]
    pub(crate) batch_per_host: Option<u64>,
    /// Requests per second of all users together, at most
    #[arg(long, value_name = "N")]
    pub(crate) rps: Option<u64>,
    /// Ranges of addresses that are never dialled, such as 10.0.0.0/8
    #[arg(long = "blacklist-ip", value_name = "RANGE", value_delimiter = ',')]
    pub(crate) blacklist_ips: Vec<String>,
    /// Names that are never dialled; a `*` may stand for their beginning
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    pub(crate) block_hostnames: Vec<String>,
    /// Addresses of this machine to dial from, in turn
    #[arg(long, value_name = "IPS", value_delimiter = ',')]
    pub(crate) local_ips: Vec<String>,
    /// How names are asked for, such as ttl=5m,select=random,policy=preferIPv4
    #[arg(long, value_name = "SETTINGS")]
    pub(crate) dns: Option<String>,
    /// Tags that samples are given without asking
    #[arg(long, value_name = "TAGS", value_delimiter = ',')]
    pub(crate) system_tags: Vec<String>,
    /// What requests say they come from
    #[arg(long, value_name = "TEXT")]
    pub(crate) user_agent: Option<String>,
    /// Iterations that are over sooner wait
    #[arg(long, value_name = "TIME")]
    pub(crate) min_iteration_duration: Option<String>,
    /// What the summary tells of trends, such as avg,p(99)
    #[arg(long, value_name = "STATS", value_delimiter = ',')]
    pub(crate) summary_trend_stats: Vec<String>,
    /// The unit of times in the summary: s, ms or us
    #[arg(long, value_name = "UNIT")]
    pub(crate) summary_time_unit: Option<String>,
    /// Make no use of setup()
    #[arg(long)]
    pub(crate) no_setup: bool,
    /// Make no use of teardown()
    #[arg(long)]
    pub(crate) no_teardown: bool,
}

/// What may be changed about a plan from outside; the report says so.
#[derive(Clone, Debug, Args)]
pub(crate) struct OverrideArgs {
    /// An environment variable that the plan may use
    #[arg(short = 'e', long = "env", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) env: Vec<(String, String)>,
    /// The highest level of the plan's only closed load
    #[arg(short = 'u', long, value_name = "N")]
    pub(crate) vus: Option<u64>,
    /// The highest level of the plan's only open load, such as 500/s
    #[arg(short = 'r', long, value_name = "RATE", value_parser = rate)]
    pub(crate) rate: Option<f64>,
    /// Stretch or shrink all schedules so that the run lasts this long
    #[arg(short, long, value_name = "TIME", value_parser = duration)]
    pub(crate) duration: Option<u64>,
    /// Iterations for all users of closed loads together
    #[arg(short, long, value_name = "N")]
    pub(crate) iterations: Option<u64>,
    /// Shorten all schedules to this share, such as 0.05 or 5%; rates, users and what users do stay, and claims about durations
    /// are UNPROVEN
    #[arg(long, value_name = "SHARE", value_parser = scale, conflicts_with = "duration")]
    pub(crate) scale: Option<Scale>,
    /// The target; only a search for the load line of several changes it.
    #[arg(skip)]
    pub(crate) target: Option<String>,
}

/// plimsoll hit
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub(crate) struct HitArgs {
    /// What to request
    pub(crate) url: String,
    /// Connections at once
    #[arg(short, long, default_value_t = 50, value_name = "N")]
    pub(crate) connections: u32,
    /// How long
    #[arg(short, long, default_value = "10s", value_name = "TIME", value_parser = duration)]
    pub(crate) duration: u64,
    /// So many requests instead
    #[arg(short = 'n', long, value_name = "N")]
    pub(crate) requests: Option<u64>,
    /// Arrivals per second, whatever the target does; without it as fast as the connections allow
    #[arg(short, long, value_name = "RATE", value_parser = rate)]
    pub(crate) rate: Option<f64>,
    /// Space arrivals evenly instead of at random (Poisson)
    #[arg(long)]
    pub(crate) uniform: bool,
    /// The method
    #[arg(short, long, default_value = "GET")]
    pub(crate) method: String,
    /// A header, `Name: value`
    #[arg(short = 'H', long = "header", value_name = "HEADER", value_parser = header)]
    pub(crate) headers: Vec<(String, String)>,
    /// A body; `@FILE` sends a file
    #[arg(short, long)]
    pub(crate) body: Option<String>,
    /// A request succeeds only if the body of its answer holds this text
    #[arg(long, value_name = "TEXT")]
    pub(crate) expect: Vec<String>,
    /// For one request
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = duration)]
    pub(crate) timeout: u64,
    /// Speak HTTP/1.1 (the only one so far)
    #[arg(long = "http1.1")]
    pub(crate) http1_1: bool,
    /// Accept any certificate
    #[arg(short = 'k', long)]
    pub(crate) insecure: bool,
    /// Close the connection after every request
    #[arg(long)]
    pub(crate) no_reuse: bool,
    /// What must hold, such as `p99 < 50ms`
    #[arg(long = "claim", value_name = "CLAIM")]
    pub(crate) claims: Vec<String>,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// plimsoll check
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The plan, YAML
    pub(crate) plan: PathBuf,
    #[command(flatten)]
    pub(crate) overrides: OverrideArgs,
    /// Only read the plan; send nothing
    #[arg(long)]
    pub(crate) offline: bool,
}

/// plimsoll target
#[derive(Debug, Args)]
#[command(after_help = "Services:
  cache   speaks as Redis does: strings with a time to live, INFO, a limited memory
          (beyond it what was not used for longest goes)
  chat    streams answers by a script: /v1/chat/completions as OpenAI, /v1/messages as
          Anthropic, /events plain; below /api/v1 an assistant that looks things up: chat,
          chat/stream, chat/ws, galaxy/search, galaxy/nodes, tasks, tools/count, tools/sum,
          counters; ?leak=BYTES leaves so much behind with every answer
  echo    answers with what it was sent; /ws and /room over WebSocket
  events  event ingestion with counters to reconcile with
  mcp     tools by the Model Context Protocol, at /mcp
  rpc     calls over NATS: a small server of its own, a calculator and an order service
  shop    an order service with complete validation
  truth   a virtual queue with known response times, a request log (/_truth/log) and faults on command

Examples:
  plimsoll target shop --port 8080
  plimsoll target cache --port 6379 --memory 16MiB
  plimsoll target truth --service exp:5ms --fault stall@20s+1s --fault black_hole=1%")]
pub(crate) struct TargetArgs {
    /// Which service
    pub(crate) name: String,
    /// Port on the loopback interface; 0 for a free one
    #[arg(short, long, default_value_t = 0)]
    pub(crate) port: u16,
    /// cache: what it holds at most, such as 16MiB [default: 64MiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) memory: Option<u64>,
    /// truth: servers of the queue; 0 means that nobody ever waits
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) servers: u32,
    /// truth: det:5ms, exp:5ms, lognormal:5ms,CV, bimodal:FAST,SLOW,SHARE or trace:FILE (nanoseconds, one a line)
    #[arg(long, default_value = "det:1ms", value_name = "TIME")]
    pub(crate) service: String,
    /// truth: KIND[=VALUE][@FROM[+FOR]]; kinds: black_hole, cached, connection_cap, crowd, duplicate, endless_body,
    /// endless_head, error_page, fast_fail, garbage, grudge, lose, ramp, reset, stall, stub, trickle, truncate
    #[arg(long = "fault", value_name = "FAULT")]
    pub(crate) faults: Vec<plimsoll_targets::truth::Fault>,
    /// truth: the seed of service times and faults
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// shop: the rules of the original order service, by which nearly every generated order is refused
    #[arg(long)]
    pub(crate) strict: bool,
}

/// plimsoll report
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The run directory
    pub(crate) run: PathBuf,
    /// What to render
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Write it here instead of printing it
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// plimsoll audit
#[derive(Debug, Args)]
#[command(
    after_help = "Reads k6 (--out json or csv, --summary-export), Locust (_stats.csv, _stats_history.csv,\n_failures.csv), wrk and wrk2\ntext, oha JSON, vegeta JSON, hey text, JMeter JTL (CSV), Gatling simulation.log (text), Artillery JSON,\nh2load text, and tables of published reports as YAML (examples/audit)."
)]
pub(crate) struct AuditArgs {
    /// A run directory, or a file that another tool left
    pub(crate) result: PathBuf,
    /// Print JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// plimsoll verify
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The run directory
    pub(crate) run: PathBuf,
}

/// What to render.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Windows by second, step and outcome
    Csv,
    /// HdrHistogram percentile distribution
    Hgrm,
    /// HdrHistogram interval log, version 2
    Hlog,
    /// The report as one self-contained page
    Html,
    /// run.json
    Json,
    /// JUnit XML: a case for every claim and audit
    Junit,
    /// The report in Markdown
    Md,
    /// What monitors read, by second, as comma-separated values
    Monitors,
    /// OpenMetrics text
    Openmetrics,
    /// The summary
    Text,
}

fn duration(text: &str) -> Result<u64, String> {
    let parsed = plimsoll_script::yaml::units::parse_duration(text);
    parsed.filter(|d| *d > 0).ok_or_else(|| "write a duration such as 250ms, 10s, 2m or 1h30m".to_owned())
}

fn rate(text: &str) -> Result<f64, String> {
    let plain = text.parse().ok().or_else(|| plimsoll_script::yaml::units::parse_rate(text));
    plain.filter(|r| *r > 0.0).ok_or_else(|| "write a rate such as 500 or 500/s or 30/m".to_owned())
}

fn size(text: &str) -> Result<u64, String> {
    let bytes =
        plimsoll_script::yaml::units::parse_bytes(text).map(|bytes| bytes.0).filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| "write a size such as 16MiB or 64MB".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    let percent = text.strip_suffix('%').and_then(|n| n.parse::<f64>().ok()).map(|n| n / 100.0);
    let share = percent.or_else(|| text.parse().ok());
    share
        .filter(|s| *s > 0.0 && *s <= 1.0)
        .ok_or_else(|| "write a share above 0 and up to 100%, such as 1% or 0.01".to_owned())
}

/// A share of their durations to which schedules are shortened. All of it is no shortening.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale(f64);

impl Scale {
    /// A share; nothing, if it is none.
    pub(crate) fn of(share: f64) -> Option<Self> {
        (share > 0.0 && share <= 1.0).then_some(Self(share))
    }

    /// The share, if it shortens anything.
    pub(crate) fn share(self) -> Option<f64> {
        (self.0 < 1.0).then_some(self.0)
    }
}

fn scale(text: &str) -> Result<Scale, String> {
    share(text).map(Scale).map_err(|_| "write a share above 0 and up to 1, such as 0.05 or 5%".to_owned())
}

fn key_value(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .ok_or_else(|| "write KEY=VALUE".to_owned())
}

fn header(text: &str) -> Result<(String, String), String> {
    text.split_once(':')
        .map(|(k, v)| (k.trim().to_owned(), v.trim().to_owned()))
        .ok_or_else(|| "write `Name: value`".to_owned())
}
