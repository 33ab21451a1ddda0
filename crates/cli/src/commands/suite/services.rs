//! Programs that a variant needs: looked for, started, waited for until they can be used, and stopped.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use plimsoll_engine::clock::now;
use plimsoll_script::yaml::{Program, Variant};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::console;
use crate::exit_code::Exit;
use crate::signals::Interrupts;

/// Between two looks at what a program has printed.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How long a program has to end when it is asked to.
const END_WITHIN: Duration = Duration::from_secs(10);

/// The variable that tells a program which plimsoll runs it.
const OURSELVES: &str = "PLIMSOLL";

/// Lines of a program's output that an error shows.
const TAIL: usize = 20;

/// What installs programs that suites often need.
const INSTALLED_BY: [(&str, &str); 12] = [
    ("docker", "apt-get install docker.io"),
    ("java", "apt-get install default-jre-headless"),
    ("mosquitto", "apt-get install mosquitto"),
    ("mysqld", "apt-get install mariadb-server"),
    ("nats-server", "apt-get install nats-server"),
    ("node", "apt-get install nodejs"),
    ("pip", "apt-get install python3-pip"),
    ("postgres", "apt-get install postgresql"),
    ("python3", "apt-get install python3"),
    ("rabbitmq-server", "apt-get install rabbitmq-server"),
    ("redis-server", "apt-get install redis-server"),
    ("uv", "pip install uv"),
];

/// Programs that a variant needs and that are not there, each with what would install it.
pub(super) fn missing(variant: &Variant) -> Vec<(String, String)> {
    let absent = variant.needs.iter().filter(|(name, _)| !is_there(name));
    let told = |(name, said): &(String, Option<String>)| {
        let usual = || INSTALLED_BY.iter().find(|(known, _)| known == name).map(|(_, by)| (*by).to_owned());
        let by = said.clone().or_else(usual);
        let words = by.map_or_else(
            || format!("install it, or say in the suite what does: `needs: [{name}: COMMAND]`"),
            |by| format!("`{by}` installs it"),
        );
        (name.clone(), words)
    };
    absent.map(told).collect()
}

/// Whether the system finds a program of this name.
fn is_there(name: &str) -> bool {
    let is_program = |path: PathBuf| {
        path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    let path = console::variable("PATH").unwrap_or_default();
    if name.contains('/') {
        is_program(name.into())
    } else {
        std::env::split_paths(&path).any(|d| is_program(d.join(name)))
    }
}

/// Programs that are running. They are stopped when this is dropped.
#[derive(Default)]
pub(super) struct Services(Vec<Started>);

struct Started {
    name: String,
    child: Child,
    log: PathBuf,
    /// Where its own output begins in the log.
    from: usize,
}

impl Services {
    /// Starts the programs of a variant, one after another, each when the one before can be used. What they print is kept in `logs`.
    pub(super) fn start(
        variant: &Variant,
        folder: &Path,
        logs: &Path,
        interrupts: &Interrupts,
    ) -> anyhow::Result<Self> {
        let mut services = Self::default();
        for (number, program) in (1..).zip(&variant.start) {
            let started = begin(number, program, variant, folder, logs)?;
            services.0.push(started);
            let started = services.0.last_mut().context("it was put there just now")?;
            started.wait_until_ready(program, interrupts)?;
        }
        Ok(services)
    }
}

impl Drop for Services {
    /// The last one first: it may need the others.
    fn drop(&mut self) {
        while let Some(mut started) = self.0.pop() {
            started.stop();
        }
    }
}

/// Starts a program in a group of its own, so that whatever it starts is stopped with it.
fn begin(
    number: usize,
    program: &Program,
    variant: &Variant,
    folder: &Path,
    logs: &Path,
) -> anyhow::Result<Started> {
    let written = program.words[0].as_str();
    let name = Path::new(written).file_stem().map_or_else(|| written.into(), |stem| stem.to_string_lossy());
    let log = logs.join(format!("{number:02}-{name}.log"));
    std::fs::create_dir_all(logs)
        .with_context(|| format!("failed to make the directory {}", logs.display()))?;
    let open = || -> std::io::Result<File> { OpenOptions::new().create(true).append(true).open(&log) };
    let output = open().with_context(|| format!("failed to write {}", log.display()))?;
    let from = output.metadata().map_or(0, |known| known.len() as usize);
    let both = output.try_clone().context("failed to share the log of a program")?;
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let path = if written.contains('/') { folder.join(written) } else { written.into() };
    let child = Command::new(&path)
        .args(&program.words[1..])
        // A service may be one of ours: whoever runs the suite need not be in the path.
        .env(OURSELVES, std::env::current_exe().context("failed to find the command itself")?)
        .envs(variant.env.iter().chain(&program.env).map(|(key, value)| (key, value)))
        .current_dir(&folder)
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(both)
        .process_group(0)
        .spawn()
        .with_context(|| {
            format!("failed to start {written}; is it executable (`chmod +x`), and is it there?")
        })
        .context(Exit::Failed)?;
    Ok(Started { name: written.to_owned(), child, log, from })
}

impl Started {
    /// Waits until it prints that it can be used.
    fn wait_until_ready(&mut self, program: &Program, interrupts: &Interrupts) -> anyhow::Result<()> {
        let began = now();
        loop {
            let ended = self.child.try_wait().context("failed to look after a program")?;
            if self.output().lines().any(|line| line.contains(&program.ready)) {
                return Ok(());
            }
            let problem = match ended {
                Some(status) => format!("ended ({status}) before it printed `{}`", program.ready),
                None if began.elapsed() >= Duration::from_nanos(program.within_ns) => format!(
                    "did not print `{}` within {}",
                    program.ready,
                    plimsoll_report::format::duration(program.within_ns)
                ),
                None if interrupts.any() => {
                    bail!(anyhow::anyhow!("while {} was starting", self.name).context(Exit::Interrupted))
                }
                None => {
                    std::thread::sleep(LOOK_EVERY);
                    continue;
                }
            };
            let what = format!(
                "{} {problem}; the end of what it printed ({}):\n{}",
                self.name,
                self.log.display(),
                self.tail()
            );
            bail!(anyhow::anyhow!(what).context(Exit::Failed));
        }
    }

    /// What it has printed since it was started.
    fn output(&self) -> String {
        let all = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(all.get(self.from..).unwrap_or_default()).into_owned()
    }

    fn tail(&self) -> String {
        let output = self.output();
        let lines: Vec<_> = output.lines().collect();
        if lines.is_empty() {
            return "  (nothing)".to_owned();
        }
        lines[lines.len().saturating_sub(TAIL)..].iter().map(|line| format!("  {line}\n")).collect()
    }

    /// Asks it and all that it started to end, and ends what does not.
    fn stop(&mut self) {
        let Ok(group) = i32::try_from(self.child.id()) else { return };
        let Some(group) = Pid::from_raw(group) else { return };
        // A group that is gone has nobody to be asked.
        let mut is_there = kill_process_group(group, Signal::TERM).is_ok();
        let asked = now();
        while is_there && asked.elapsed() < END_WITHIN {
            // Who has ended is told apart from who has not only when it has been seen to end.
            let _seen = self.child.try_wait();
            is_there = rustix::process::test_kill_process_group(group).is_ok();
            if is_there {
                std::thread::sleep(LOOK_EVERY);
            }
        }
        if is_there {
            console::remark(&format!("{} did not end when it was asked to; it is ended", self.name));
            let _gone = kill_process_group(group, Signal::KILL);
        }
        let _status = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variant(start: Vec<Program>, needs: &[(&str, Option<&str>)]) -> Variant {
        let needs = needs.iter().map(|(name, by)| ((*name).to_owned(), by.map(str::to_owned))).collect();
        Variant { name: "v".to_owned(), env: vec![("WORD".to_owned(), "ready".to_owned())], start, needs }
    }

    fn shell(line: &str, within_ns: u64) -> Program {
        let words = ["sh", "-c", line].map(str::to_owned).to_vec();
        Program { words, ready: "ready".to_owned(), within_ns, env: Vec::new() }
    }

    const MINUTE_NS: u64 = 60_000_000_000;

    fn start(place: &Path, programs: Vec<Program>) -> anyhow::Result<Services> {
        Services::start(&variant(programs, &[]), place, &place.join("services"), &Interrupts::default())
    }

    #[test]
    fn what_is_missing_is_named_with_what_installs_it() {
        let needs = [("sh", None), ("no-such-program", None), ("nor-this", Some("make it"))];
        let missing = missing(&variant(Vec::new(), &needs));
        let names: Vec<_> = missing.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["no-such-program", "nor-this"]);
        assert!(missing[0].1.contains("needs: [no-such-program: COMMAND]"), "{missing:?}");
        assert_eq!(missing[1].1, "`make it` installs it");
    }

    #[test]
    fn a_program_is_waited_for_and_all_that_it_started_ends_with_it() {
        let place = tempfile::TempDir::new().unwrap();
        let line = "sleep 600 & echo $! > child; echo \"$WORD\"; wait";
        let services = start(place.path(), vec![shell(line, MINUTE_NS)]).unwrap();
        let child: i32 = std::fs::read_to_string(place.path().join("child")).unwrap().trim().parse().unwrap();
        let child = Pid::from_raw(child).unwrap();
        assert!(rustix::process::test_kill_process(child).is_ok());
        drop(services);
        // An orphan that has ended is there until somebody has seen it.
        let state = std::fs::read_to_string(format!("/proc/{}/stat", child.as_raw_nonzero()));
        assert!(state.is_err() || state.is_ok_and(|text| text.contains(") Z ")));
    }

    #[test]
    fn a_program_that_never_can_be_used_is_an_error_with_the_end_of_what_it_printed() {
        let place = tempfile::TempDir::new().unwrap();
        let gone = start(place.path(), vec![shell("echo no port; exit 3", MINUTE_NS)]).err().unwrap();
        let said = format!("{gone:#}");
        assert!(
            said.contains("exit status: 3) before it printed `ready`") && said.contains("no port"),
            "{said}"
        );
        // What another run has left in the log is no sign of life.
        std::fs::write(place.path().join("services/01-sh.log"), "ready\n").unwrap();
        let late = start(place.path(), vec![shell("echo starting; sleep 600", 1_000_000)]).err().unwrap();
        let said = format!("{late:#}");
        assert!(said.contains("did not print `ready` within"), "{said}");
    }
}
