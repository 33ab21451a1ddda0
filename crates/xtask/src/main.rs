//! Project tasks: `cargo xtask ci`, `contracts`, `systems`, `tidy`, `gen`, `bench`, `browser`, `k6`, `setup`.
#![expect(clippy::print_stdout, reason = "a task talks to whoever runs it")]

mod audits;
mod bench;
mod browser;
mod ci;
mod contracts;
mod generate;
mod k6;
mod setup;
mod shell;
mod systems;
mod tidy;

use std::process::ExitCode;

const HELP: &str = "cargo xtask TASK

  ci             everything that must be green: fmt, clippy, tidy, generated files, tests, doctests
  contracts      what every protocol does when the other side misbehaves, as a table
  audits         every audit with its mutant, its control, and its false alarms
  browser [--pictures]
                 open a report in headless Chromium; keep pictures of it in docs/pictures
  k6 [--record]  the same scripts by the real k6 and by Plimsoll: do they agree? Write down what k6 came to
  systems [--keep DIR..]
                 the suites of the four systems, as short as can be: does every scenario run? Keep what came of suites in DIR.. and
                 write docs/SYSTEMS.md
  setup          install what the tests and benchmarks need, and say what that is
  tidy           import table, file sizes, names, documentation paths
  gen [--check]  write the committed schemas, or check that they are fresh
  bench [--quick|--long|--judging|--comparing|--scripts|--protocols|--capacity|--batches]
                 compare with peers on this machine and write docs/BENCH.md";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|a| a == flag);
    if has("--help") || has("-h") {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let done = match arguments.first().map(String::as_str) {
        Some("browser") => browser::browser(has("--pictures")),
        Some("audits") => audits::audits(),
        Some("bench") if has("--judging") => {
            bench::judging_only();
            Ok(())
        }
        Some("bench") if has("--comparing") => bench::comparing_only(),
        Some("bench") if has("--capacity") => bench::capacity_only(),
        Some("bench") if has("--scripts") => bench::scripts_only(),
        Some("bench") if has("--batches") => bench::batches_only(),
        Some("bench") if has("--protocols") => bench::protocols_only(),
        Some("bench") => bench::bench(has("--quick"), has("--long")),
        Some("ci") => ci::ci(),
        Some("contracts") => contracts::contracts(),
        Some("gen") => generate::generate(has("--check")),
        Some("k6") => k6::k6(has("--record")),
        Some("systems") if has("--keep") => {
            let directories: Vec<_> = arguments[1..].iter().filter(|a| *a != "--keep").cloned().collect();
            systems::keep(&directories)
        }
        Some("systems") => systems::run_all(),
        Some("setup") => setup::setup(),
        Some("tidy") => tidy::tidy(),
        _ => {
            println!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
