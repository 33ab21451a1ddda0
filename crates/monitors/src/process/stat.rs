//! One process, in numbers, and what bounds it.

use std::fs::read_to_string;

/// What /proc tells of CPU comes in ticks of this.
const TICK_NS: f64 = 1e9 / 100.0;

/// One process at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stat {
    /// When it began, in ticks since the machine did: tells apart those that have the same number one after another.
    pub(super) started: u64,
    pub(super) parent: u32,
    pub(super) cpu_ns: f64,
    pub(super) memory_bytes: f64,
    pub(super) threads: f64,
    /// `None` if only its own user is told.
    pub(super) descriptors: Option<f64>,
    /// Read from disks and written to them, in bytes; `None` likewise.
    pub(super) moved: Option<(f64, f64)>,
}

impl Stat {
    pub(super) fn read(pid: u32) -> Result<Self, String> {
        let text =
            read_to_string(format!("/proc/{pid}/stat")).map_err(|_| format!("there is no process {pid}"))?;
        let status = read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let stat = parsed(&text, &status).ok_or_else(|| format!("there is no process {pid} any more"))?;
        let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).ok().map(|open| open.count() as f64);
        let moved = read_to_string(format!("/proc/{pid}/io")).ok().and_then(|text| moved(&text));
        Ok(Self { descriptors, moved, ..stat })
    }
}

/// The line of /proc/PID/stat, and the memory of /proc/PID/status. The command in the former may hold anything: fields count
/// from behind it.
fn parsed(text: &str, status: &str) -> Option<Stat> {
    let (_, behind) = text.rsplit_once(')')?;
    let fields: Vec<&str> = behind.split_whitespace().collect();
    // Fields of proc(5), whose third is the first here.
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    // One that has ended, and whose end nobody has asked for, is none any more.
    if matches!(fields.first(), Some(&"Z" | &"X")) {
        return None;
    }
    Some(Stat {
        started: field(22)?,
        parent: field(4)? as u32,
        cpu_ns: (field(14)? + field(15)?) as f64 * TICK_NS,
        memory_bytes: resident(status)?,
        threads: field(20)? as f64,
        descriptors: None,
        moved: None,
    })
}

/// Threads of the kernel have none.
fn resident(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok().map(|kib| kib * 1_024.0)
}

fn moved(text: &str) -> Option<(f64, f64)> {
    let of = |name: &str| text.lines().find_map(|l| l.strip_prefix(name))?.trim().parse::<f64>().ok();
    Some((of("read_bytes:")?, of("write_bytes:")?))
}

/// What there is for a process at most.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bounds {
    pub(super) cores: Option<f64>,
    pub(super) memory_bytes: Option<f64>,
    pub(super) descriptors: Option<f64>,
}

impl Bounds {
    pub(super) fn read(pid: u32) -> Self {
        let group = read_to_string(format!("/proc/{pid}/cgroup")).ok().and_then(|text| {
            text.lines().find_map(|l| l.strip_prefix("0::")).map(|path| format!("/sys/fs/cgroup{path}"))
        });
        let of_group = |file: &str| read_to_string(format!("{}/{file}", group.as_deref()?)).ok();
        let machine_memory = read_to_string("/proc/meminfo").ok().and_then(|text| {
            let line = text.lines().find_map(|l| l.strip_prefix("MemTotal:"))?;
            line.trim().strip_suffix(" kB")?.parse::<f64>().ok().map(|kib| kib * 1024.0)
        });
        let cores = read_to_string("/proc/cpuinfo")
            .ok()
            .map(|text| text.lines().filter(|l| l.starts_with("processor")).count() as f64);
        let least = |a: Option<f64>, b: Option<f64>| a.into_iter().chain(b).reduce(f64::min);
        Self {
            cores: least(cores, of_group("cpu.max").and_then(|text| quota(&text))),
            memory_bytes: least(
                machine_memory,
                of_group("memory.max").and_then(|text| text.trim().parse().ok()),
            ),
            descriptors: read_to_string(format!("/proc/{pid}/limits"))
                .ok()
                .and_then(|text| open_files(&text)),
        }
    }
}

/// `50000 100000` is half a core, `max 100000` no limit.
fn quota(text: &str) -> Option<f64> {
    let (quota, period) = text.trim().split_once(' ')?;
    Some(quota.parse::<f64>().ok()? / period.parse::<f64>().ok()?)
}

/// The soft limit.
fn open_files(text: &str) -> Option<f64> {
    let line = text.lines().find_map(|l| l.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_tells_is_read() {
        let text = "1234 (a (b) c) S 7 1234 1234 0 -1 4194560 1000 0 3 0 250 50 9 8 20 0 17 0 98765 123456789 2560 18446744073709551615 1 1";
        let status = "Name:\ta\nVmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\nThreads:\t17\n";
        let stat = parsed(text, status).unwrap();
        assert_eq!((stat.parent, stat.started, stat.threads), (7, 98_765, 17.0));
        assert_eq!(stat.cpu_ns, 3e9);
        assert_eq!(stat.memory_bytes, 10.0 * 1_048_576.0);
        assert_eq!(parsed(&text.replace(") S", ") Z"), status), None);
        assert_eq!(parsed("nonsense", status), None);
        let io = "rchar: 9\nwchar: 8\nsyscr: 1\nsyscw: 1\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 0\n";
        assert_eq!(moved(io), Some((4_096.0, 8_192.0)));
        assert_eq!((quota("150000 100000\n"), quota("max 100000\n")), (Some(1.5), None));
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 524288               files     \n";
        assert_eq!(open_files(limits), Some(1_024.0));
    }
}
