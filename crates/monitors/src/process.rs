//! Processes of this machine, as Linux tells of them in /proc; several are added up.
//!
//! CPU time is counted by process and what a process used before it was first seen does not count, so that one that comes or
//! goes moves no rate. Resident memory of several processes counts what they share in each of them.

mod find;
mod stat;

use std::collections::BTreeMap;

use plimsoll_model::Unit;
use plimsoll_model::monitor::{Gauge, Gauges, ProcessOf, Watch};

use find::{listening, named, with_children};
use stat::{Bounds, Stat};

/// Processes that are looked at again and again.
pub(crate) struct Processes {
    of: ProcessOf,
    children: bool,
    /// Found the last time: who listens on a port is not looked for again while all of them are there.
    found: Vec<u32>,
    last: BTreeMap<u32, Stat>,
    /// Used since the first reading, by all of them.
    cpu_ns: f64,
    read_bytes: f64,
    written_bytes: f64,
    bounds: Option<Bounds>,
}

impl Processes {
    pub(crate) fn new(of: ProcessOf, children: bool) -> Self {
        Self {
            of,
            children,
            found: Vec::new(),
            last: BTreeMap::new(),
            cpu_ns: 0.0,
            read_bytes: 0.0,
            written_bytes: 0.0,
            bounds: None,
        }
    }

    fn find(&mut self) -> Result<Vec<u32>, String> {
        let roots = match &self.of {
            ProcessOf::Pid(pid) => vec![*pid],
            ProcessOf::This => vec![std::process::id()],
            ProcessOf::Name(name) => {
                let found = named(name)?;
                if found.is_empty() {
                    return Err(format!("no process is called {name}"));
                }
                found
            }
            ProcessOf::Port(port) => {
                if self.found.is_empty() || self.found.iter().any(|pid| Stat::read(*pid).is_err()) {
                    self.found = listening(*port)?;
                }
                self.found.clone()
            }
        };
        Ok(if self.children { with_children(roots) } else { roots })
    }

    fn ask(&mut self) -> Result<Gauges, String> {
        if !cfg!(target_os = "linux") {
            return Err("processes can be watched on Linux only".to_owned());
        }
        let pids = self.find()?;
        let mut now = BTreeMap::new();
        let mut problem = String::new();
        for pid in &pids {
            match Stat::read(*pid) {
                Ok(stat) => {
                    now.insert(*pid, stat);
                }
                Err(why) => problem = why,
            }
        }
        if now.is_empty() {
            return Err(problem);
        }
        let bounds = *self.bounds.get_or_insert_with(|| Bounds::read(pids[0]));
        self.add_up(&now);
        let gauges = self.gauges(&now, bounds);
        self.last = now;
        Ok(gauges)
    }

    fn add_up(&mut self, now: &BTreeMap<u32, Stat>) {
        for (pid, stat) in now {
            // Another process may have come to the same number: it began anew.
            let Some(before) = self.last.get(pid).filter(|b| b.started == stat.started) else { continue };
            self.cpu_ns += stat.cpu_ns - before.cpu_ns;
            if let (Some(now), Some(before)) = (stat.moved, before.moved) {
                self.read_bytes += now.0 - before.0;
                self.written_bytes += now.1 - before.1;
            }
        }
    }

    fn gauges(&self, now: &BTreeMap<u32, Stat>, bounds: Bounds) -> Gauges {
        let sum = |of: &dyn Fn(&Stat) -> Option<f64>| now.values().map(of).sum::<Option<f64>>();
        let one = now.len() == 1;
        let mut values = vec![
            Gauge::counter("cpu", self.cpu_ns, Unit::Nanos).of(bounds.cores),
            Gauge::level("memory", sum(&|s| Some(s.memory_bytes)).unwrap_or(0.0), Unit::Bytes)
                .of(bounds.memory_bytes),
            Gauge::level("threads", sum(&|s| Some(s.threads)).unwrap_or(0.0), Unit::Count),
            Gauge::level("processes", now.len() as f64, Unit::Count),
        ];
        let mut missing = Vec::new();
        match sum(&|s| s.descriptors) {
            Some(open) => {
                let most = bounds.descriptors.filter(|_| one);
                values.push(Gauge::level("descriptors", open, Unit::Count).of(most));
            }
            None => missing.push("descriptors"),
        }
        if now.values().all(|s| s.moved.is_some()) {
            values.push(Gauge::counter("read", self.read_bytes, Unit::Bytes));
            values.push(Gauge::counter("written", self.written_bytes, Unit::Bytes));
        } else {
            missing.push("read and written bytes");
        }
        let told = |what: &str| format!("{what}: only its own user is told");
        Gauges { values, missing: (!missing.is_empty()).then(|| told(&missing.join(", "))) }
    }
}

impl Watch for Processes {
    fn read(&mut self) -> Gauges {
        crate::told(self.ask())
    }
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::process::{Child, Command, Stdio};

    use super::*;

    fn of<'a>(read: &'a Gauges, name: &str) -> &'a Gauge {
        read.values.iter().find(|g| g.name == name).unwrap()
    }

    #[test]
    fn this_process_is_seen_as_it_is() {
        let mut own = Processes::new(ProcessOf::This, false);
        let first = own.read();
        crate::tests::is_declared("process", &first);
        assert_eq!(first.missing, None);
        assert_eq!(of(&first, "cpu").value, 0.0);
        assert!(of(&first, "memory").value > 1e6 && of(&first, "memory").limit > Some(1e8));
        assert!(of(&first, "threads").value >= 1.0);
        assert!(of(&first, "descriptors").value > 0.0 && of(&first, "descriptors").limit > Some(1.0));
        // Work until it shows: a state, not a time.
        let mut turns = 0u64;
        while of(&own.read(), "cpu").value == 0.0 {
            turns =
                (0..100_000u64).fold(turns, |a, b| a.wrapping_mul(31).wrapping_add(std::hint::black_box(b)));
        }
        std::hint::black_box(turns);
    }

    #[test]
    fn who_listens_on_a_port_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let read = Processes::new(ProcessOf::Port(port), false).read();
        assert_eq!(of(&read, "processes").value, 1.0);
        drop(listener);
        let gone = Processes::new(ProcessOf::Port(port), false).read();
        assert!(gone.values.is_empty() && gone.missing.unwrap().contains(&port.to_string()));
    }

    /// A shell with a child that waits for it to end.
    fn family() -> Child {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & echo ready; read line; kill $!"]);
        let mut shell = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut ready = [0; 6];
        std::io::Read::read_exact(shell.stdout.as_mut().unwrap(), &mut ready).unwrap();
        shell
    }

    #[test]
    fn children_count_if_they_are_to() {
        let mut shell = family();
        let pid = shell.id();
        let count = |children| of(&Processes::new(ProcessOf::Pid(pid), children).read(), "processes").value;
        assert_eq!((count(false), count(true)), (1.0, 2.0));
        let mut watched = Processes::new(ProcessOf::Pid(pid), false);
        assert!(!watched.read().values.is_empty());
        drop(shell.stdin.take());
        shell.wait().unwrap();
        let gone = watched.read();
        assert!(gone.values.is_empty() && gone.missing.unwrap().contains("there is no process"));
    }

    #[test]
    fn a_name_that_nobody_has_is_a_reason() {
        let read = Processes::new(ProcessOf::Name("no-such-thing".to_owned()), false).read();
        assert_eq!(read, Gauges::absent("no process is called no-such-thing"));
    }
}
