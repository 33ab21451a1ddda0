//! What Linux tells in /proc and /sys; elsewhere nothing is told, and the audit says so.

use std::fs::read_to_string;

use plimsoll_model::Nanos;
use plimsoll_model::health::Used;
use rustix::process::{Resource, getrlimit};

/// A thread's time with and without a core.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scheduled {
    pub(super) ran_ns: Nanos,
    pub(super) waited_ns: Nanos,
}

impl Scheduled {
    pub(super) fn read(thread: u32) -> Option<Self> {
        let text = read_to_string(format!("/proc/self/task/{thread}/schedstat")).ok()?;
        let mut numbers = text.split_whitespace().map(str::parse);
        Some(Self { ran_ns: numbers.next()?.ok()?, waited_ns: numbers.next()?.ok()? })
    }
}

/// The machine, and this process as a whole.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Machine {
    pub(super) stolen_ns: Option<Nanos>,
    pub(super) cores: u32,
    pub(super) throttled: Option<u64>,
    pub(super) descriptors: Option<Used>,
    pub(super) ports: Option<Used>,
}

impl Machine {
    pub(super) fn read() -> Self {
        Self {
            stolen_ns: stolen_ns(),
            cores: std::thread::available_parallelism().map_or(0, |n| n.get() as u32),
            throttled: throttled(),
            descriptors: descriptors(),
            ports: ports(),
        }
    }
}

/// The eighth figure of the first line of /proc/stat, in ticks of a hundredth of a second.
fn stolen_ns() -> Option<Nanos> {
    const TICK_NS: Nanos = 10_000_000;
    let text = read_to_string("/proc/stat").ok()?;
    let ticks: Nanos = text.lines().next()?.split_whitespace().nth(8)?.parse().ok()?;
    Some(ticks * TICK_NS)
}

/// How often the control group of this process was throttled: version 2 of control groups, or version 1.
fn throttled() -> Option<u64> {
    let groups = read_to_string("/proc/self/cgroup").ok()?;
    let path_of = |line: &str| {
        let mut parts = line.splitn(3, ':');
        let (controllers, path) = (parts.nth(1)?, parts.next()?);
        match controllers {
            "" => Some(format!("/sys/fs/cgroup{path}/cpu.stat")),
            names if names.split(',').any(|n| n == "cpu") => {
                Some(format!("/sys/fs/cgroup/{names}{path}/cpu.stat"))
            }
            _ => None,
        }
    };
    let statistics = groups.lines().filter_map(path_of).find_map(|path| read_to_string(path).ok())?;
    let line = statistics.lines().find_map(|l| l.strip_prefix("nr_throttled "))?;
    line.trim().parse().ok()
}

fn descriptors() -> Option<Used> {
    let used = std::fs::read_dir("/proc/self/fd").ok()?.count() as u64;
    Some(Used { used, limit: getrlimit(Resource::Nofile).current? })
}

/// TCP sockets in use on the machine against the range of local ports. More may be used than there are ports:
/// a port serves several targets.
fn ports() -> Option<Used> {
    let text = read_to_string("/proc/net/sockstat").ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("TCP: inuse "))?;
    let used = line.split_whitespace().next()?.parse().ok()?;
    let range = read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    let mut ends = range.split_whitespace().map(str::parse::<u64>);
    let (first, last) = (ends.next()?.ok()?, ends.next()?.ok()?);
    Some(Used { used, limit: last.saturating_sub(first) + 1 })
}
