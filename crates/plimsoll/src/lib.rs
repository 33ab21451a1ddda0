//! Load tests from code: a plan is run, its claims are judged with evidence, and a test fails where one is not shown.
//!
//! ```
//! use std::time::Duration;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let report = plimsoll::Plan::new("health")
//!     .target("demo:echo") // a built-in service; a URL such as http://127.0.0.1:8080 for yours
//!     .open(100.0, Duration::from_secs(1))
//!     .get("/health")
//!     .run()?;
//! report.verify("ok_rate >= 90%")?;
//! let wrong = report.verify("count >= 1M").unwrap_err();
//! assert!(wrong.to_string().starts_with("REFUTED count >= 1M: "));
//! # Ok(())
//! # }
//! ```
//!
//! Plans are those of the command, with everything they can say: [`Plan::from_yaml`] takes a file or a text, and [`Plan::target`] points
//! it at a server that the test has started.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let report = plimsoll::Plan::from_yaml("plans/checkout.yaml")?.target("http://127.0.0.1:8080").run()?;
//! report.verify_all()?; // every claim that the plan states
//! report.verify("p95(checkout) < 400ms")?;
//! report.write_junit("target/junit/checkout.xml")?;
//! report.save("target/runs/checkout")?; // the record, report.html, run.json
//! # Ok(())
//! # }
//! ```
//!
//! A claim is VERIFIED or REFUTED on evidence only; otherwise it is UNPROVEN, and [`Report::verify`] says what it would take. What the
//! target does wrong is no [`Error`]: it is counted ([`Report::failures`]).
//!
//! [`Plan::run`] blocks, and makes its own threads with their own runtimes, so that it may be called within
//! `#[tokio::test(flavor = "multi_thread")]`. A runtime of one thread that also serves what is tested needs [`Plan::run_async`]:
//!
//! ```no_run
//! # async fn test() -> Result<(), Box<dyn std::error::Error>> {
//! let report = plimsoll::Plan::from_text("target: http://127.0.0.1:8080 ...").run_async().await?;
//! # Ok(())
//! # }
//! ```
//!
//! Runs of one build are held against those of another by a baseline, a file that is committed (six runs at least allow a word):
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let plan = plimsoll::Plan::from_yaml("plan.yaml")?;
//! let runs: Vec<_> = (0..6).map(|_| plan.clone().run()).collect::<Result<_, _>>()?;
//! if std::env::var_os("KEEP_BASELINE").is_some() {
//!     plimsoll::save_baseline("baselines", "checkout", &runs)?;
//! }
//! let checked = plimsoll::check_baseline("baselines", "checkout", &runs)?;
//! assert_ne!(checked.verdict, plimsoll::Verdict::Refuted, "{checked}");
//! # Ok(())
//! # }
//! ```
//!
//! A test shares its machine with others: claim shares, counts and ratios there, and absolute times where the machine is quiet. Audits
//! say what of the measurement cannot be relied on ([`Report::limits`]).

pub use plimsoll_cli::library::{
    Builder, Checked, Error, Judged, NotVerified, Outcome, Plan, Report, RunVerdict, Verdict, check_baseline,
    save_baseline,
};
