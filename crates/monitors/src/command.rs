//! A program that prints a name and a number a line, for what nothing else reads.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use plimsoll_model::monitor::{Gauge, Gauges, Watch, unit_of_name};

use crate::deadline::Deadline;
use crate::told;

/// More than this is not a list of numbers.
const PRINTED_BYTES_MAX: u64 = 1024 * 1024;

/// A program that is run again and again.
pub(crate) struct Program {
    words: Vec<String>,
    directory: String,
    timeout: Duration,
}

impl Program {
    pub(crate) fn new(words: Vec<String>, directory: String, timeout: Duration) -> Self {
        Self { words, directory, timeout }
    }

    fn ask(&self) -> Result<Gauges, String> {
        let [program, arguments @ ..] = self.words.as_slice() else {
            return Err("no program is named".to_owned());
        };
        let mut command = Command::new(program);
        if !self.directory.is_empty() {
            command.current_dir(&self.directory);
        }
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let child = command.spawn().map_err(|e| format!("`{program}` does not start: {e}"))?;
        let (printed, code) = outcome(child, Deadline::after(self.timeout))?;
        match code {
            Some(0) => Ok(gauges(&printed)),
            Some(code) => Err(format!("`{program}` ended with code {code}")),
            None => Err(format!("`{program}` was killed")),
        }
    }
}

impl Watch for Program {
    fn read(&mut self) -> Gauges {
        told(self.ask())
    }
}

/// What it printed, and its exit code; it is killed when its time is over.
fn outcome(mut child: Child, deadline: Deadline) -> Result<(String, Option<i32>), String> {
    let (sender, printed) = channel();
    let output = child.stdout.take();
    // What it leaves behind may hold its output open: whoever reads that is not waited for.
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = output.map(|o| o.take(PRINTED_BYTES_MAX).read_to_string(&mut text));
        let _gone = sender.send(read.transpose().map(|_| text));
    });
    let printed = deadline.left().ok().and_then(|left| printed.recv_timeout(left).ok());
    let Some(printed) = printed else {
        // It may have ended by itself just now.
        let _gone = child.kill();
        let _ended = child.wait();
        return Err(deadline.missed());
    };
    let text = printed.map_err(|e| format!("what it prints is not text: {e}"))?;
    // Its output is closed: it ends, or has more to do than print.
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok((text, status.code())),
            Ok(None) if deadline.left().is_ok() => std::thread::sleep(Duration::from_millis(1)),
            Ok(None) => {
                let _gone = child.kill();
                let _ended = child.wait();
                return Err(deadline.missed());
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Lines such as `queue_depth 17` or `heap_bytes=1024`.
fn gauges(printed: &str) -> Gauges {
    let (mut gauges, mut missing) = (Gauges::default(), Vec::new());
    for line in printed.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        match numbered(line) {
            Some((name, value)) => {
                let (unit, scale) = unit_of_name(name);
                let is_counter = name.ends_with("_total");
                gauges.values.push(Gauge { is_counter, ..Gauge::level(name, value * scale, unit) });
            }
            None => missing.push(format!("`{line}` is no name with a number")),
        }
    }
    if gauges.values.is_empty() && missing.is_empty() {
        missing.push("it printed nothing".to_owned());
    }
    gauges.missing = (!missing.is_empty()).then(|| missing.join("; "));
    gauges
}

fn numbered(line: &str) -> Option<(&str, f64)> {
    let (name, value) = line.split_once(|c: char| c.is_whitespace() || c == '=' || c == ':')?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let value = value.trim_matches(|c: char| c.is_whitespace() || c == '=' || c == ':');
    (!name.is_empty() && name.chars().all(fits)).then_some(name).zip(value.parse().ok())
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Unit;

    use super::*;

    fn program(script: &str, timeout: Duration) -> Gauges {
        let words = ["sh", "-c", script].map(str::to_owned).to_vec();
        Program::new(words, String::new(), timeout).read()
    }

    #[test]
    fn what_a_program_prints_is_read() {
        let long = Duration::from_mins(1);
        let read = program("echo depth 17; echo heap_bytes=1024; echo done_total: 5; echo hello", long);
        let shown: Vec<_> =
            read.values.iter().map(|g| (g.name.as_str(), g.value, g.unit, g.is_counter)).collect();
        assert_eq!(
            shown,
            [
                ("depth", 17.0, Unit::Count, false),
                ("heap_bytes", 1024.0, Unit::Bytes, false),
                ("done_total", 5.0, Unit::Count, true)
            ]
        );
        assert_eq!(read.missing.as_deref(), Some("`hello` is no name with a number"));
        assert_eq!(program("exit 3", long), Gauges::absent("`sh` ended with code 3"));
        assert_eq!(program("true", long), Gauges::absent("it printed nothing"));
        let nowhere = Program::new(vec!["/no/such/program".to_owned()], String::new(), long).read();
        assert!(nowhere.missing.unwrap().contains("does not start"));
    }

    /// What would never end is ended.
    #[test]
    fn a_program_that_hangs_is_killed() {
        let read = program("exec sleep 1000", Duration::from_millis(50));
        assert_eq!(read, Gauges::absent("no answer within 50 ms"));
    }
}
