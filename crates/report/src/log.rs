//! Run events on disk: the recorded run, from which every printed number can be computed again.
//!
//! A file begins with the magic bytes and the version of the stream; every event follows as its length, the
//! CRC-32 of its bytes, and the bytes (postcard). A file that was cut off is good up to the cut. It grows with
//! windows, not with operations.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use plimsoll_metrics::{Compact, Window};
use plimsoll_model::event::VERSION;
use plimsoll_model::monitor::Readings;
use plimsoll_model::{RunEvent, Sink};
use sha2::{Digest, Sha256};

const MAGIC: &[u8; 8] = b"PLIMSOLL";

/// An event larger than this is not one.
const EVENT_BYTES_MAX: u32 = 256 * 1024 * 1024;

/// The recorded run cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file cannot be opened or read.
    #[error("failed to read {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is something else.
    #[error("{0} is not a recorded run")]
    Foreign(PathBuf),
    /// Another version of Plimsoll wrote it.
    #[error("{path} was written in version {found} of the format, this Plimsoll reads version {VERSION}")]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
}

/// What was read of a recorded run.
#[derive(Debug, Default)]
pub struct ReadLog {
    /// The events up to the first that is damaged.
    pub events: Vec<RunEvent>,
    /// What is wrong with the rest, if anything.
    pub damage: Option<String>,
    /// SHA-256 of the whole file, `sha256:...`.
    pub digest: String,
}

/// Reads a recorded run.
pub fn read_log(path: &Path) -> Result<ReadLog, LogError> {
    let failed = |source| LogError::Io { path: path.to_owned(), source };
    let digest = digest_of(path).map_err(failed)?;
    let mut reader = BufReader::new(File::open(path).map_err(failed)?);
    let mut head = [0u8; 12];
    if reader.read_exact(&mut head).is_err() || &head[..8] != MAGIC {
        return Err(LogError::Foreign(path.to_owned()));
    }
    let found = u32::from_le_bytes([head[8], head[9], head[10], head[11]]);
    if found != VERSION {
        return Err(LogError::Version { path: path.to_owned(), found });
    }
    let mut log = ReadLog { digest, ..ReadLog::default() };
    let mut steps = 0;
    loop {
        match read_event(&mut reader) {
            Ok(Some(event)) => match check_numbers(log.events.first(), steps, &event) {
                Ok(()) => {
                    steps += steps_of(&event);
                    log.events.push(event);
                }
                Err(damage) => {
                    log.damage = Some(format!("event {}: {damage}", log.events.len() + 1));
                    return Ok(log);
                }
            },
            Ok(None) => return Ok(log),
            Err(damage) => {
                log.damage = Some(format!("event {}: {damage}", log.events.len() + 1));
                return Ok(log);
            }
        }
    }
}

pub(crate) fn digest_of(path: &Path) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    std::io::copy(&mut File::open(path)?, &mut hash)?;
    Ok(crate::verify::written(hash))
}

fn read_event(reader: &mut impl Read) -> Result<Option<RunEvent>, String> {
    let mut head = [0u8; 8];
    match reader.read(&mut head[..1]) {
        Ok(0) => return Ok(None),
        Ok(_) => reader.read_exact(&mut head[1..]).map_err(|_| "the file ends inside it".to_owned())?,
        Err(error) => return Err(error.to_string()),
    }
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let (length, checksum) = (word(0), word(4));
    if length > EVENT_BYTES_MAX {
        return Err(format!("its length of {length} bytes makes no sense"));
    }
    let mut bytes = Vec::new();
    let read = reader.take(u64::from(length)).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if read < length as usize {
        return Err("the file ends inside it".to_owned());
    }
    if crc32fast::hash(&bytes) != checksum {
        return Err("its checksum is wrong".to_owned());
    }
    let event: RunEvent = postcard::from_bytes(&bytes).map_err(|e| e.to_string())?;
    check_histograms(&event)?;
    Ok(Some(event))
}

/// Histograms from outside are checked before anything walks them.
fn check_histograms(event: &RunEvent) -> Result<(), String> {
    let check = |h: &Compact| h.check().map_err(|e| e.to_string());
    let windows = match event {
        RunEvent::Windows(windows) => windows,
        RunEvent::Health(health) => return check(&health.hiccups),
        _ => return Ok(()),
    };
    let cells = windows.iter().flat_map(|w| &w.cells).flat_map(|(_, _, c)| [&c.response, &c.service]);
    let loads =
        windows.iter().flat_map(|w| &w.loads).flat_map(|(_, l)| [&l.wake_lateness, &l.queue_lateness]);
    cells.chain(loads).chain(windows.iter().map(|w| &w.loop_lag)).try_for_each(check)
}

/// Steps that an event makes known.
fn steps_of(event: &RunEvent) -> usize {
    match event {
        RunEvent::Started(started) => started.plan.steps.len(),
        RunEvent::Steps(found) => found.len(),
        _ => 0,
    }
}

/// Numbers of steps, loads and scenarios must be those of the plan that began the stream, and of the `steps` found.
fn check_numbers(first: Option<&RunEvent>, steps: usize, event: &RunEvent) -> Result<(), String> {
    match (first, event) {
        (None, RunEvent::Started(started)) => {
            let plan = &started.plan;
            let known = |scenario: u16| usize::from(scenario) < plan.scenarios.len();
            let steps = plan.steps.iter().all(|s| known(s.scenario));
            let mixes = plan.loads.iter().all(|l| l.mix.iter().all(|(s, _)| known(*s)));
            let firsts = plan.scenarios.iter().filter_map(|s| s.first_step);
            let firsts = firsts.into_iter().all(|s| usize::from(s) < plan.steps.len());
            if steps && mixes && firsts {
                Ok(())
            } else {
                Err("its plan names what it does not hold".to_owned())
            }
        }
        (Some(RunEvent::Started(started)), RunEvent::Windows(windows)) => {
            let loads = started.plan.loads.len();
            let of_steps = |w: &Window| {
                let cells = w.cells.iter().map(|(s, ..)| *s);
                cells
                    .chain(w.steps.iter().map(|(s, _)| *s))
                    .chain(w.errors.iter().map(|e| e.step))
                    .all(|s| usize::from(s) < steps)
            };
            let of_loads = |w: &Window| w.loads.iter().all(|(l, _)| usize::from(*l) < loads);
            if windows.iter().all(|w| of_steps(w) && of_loads(w)) {
                Ok(())
            } else {
                Err("it names steps or loads that the plan does not hold".to_owned())
            }
        }
        (Some(RunEvent::Started(started)), RunEvent::Steps(found)) => {
            let known = |s: &plimsoll_model::Step| usize::from(s.scenario) < started.plan.scenarios.len();
            if found.iter().all(known) {
                Ok(())
            } else {
                Err("it names scenarios that the plan does not hold".to_owned())
            }
        }
        (Some(RunEvent::Started(started)), RunEvent::Series(found)) => {
            let known = |monitor: u16| usize::from(monitor) < started.plan.monitors.len();
            if found.iter().all(|s| known(s.monitor)) {
                Ok(())
            } else {
                Err("it names monitors that the plan does not hold".to_owned())
            }
        }
        (Some(RunEvent::Started(started)), RunEvent::Readings(readings)) => {
            let known = |monitor: u16| usize::from(monitor) < started.plan.monitors.len();
            let fits = |r: &Readings| known(r.monitor) && r.values.iter().all(|(_, v)| v.is_finite());
            if readings.iter().all(fits) { Ok(()) } else { Err("its readings make no sense".to_owned()) }
        }
        (Some(RunEvent::Started(_)), RunEvent::Started(_)) => Err("the run begins a second time".to_owned()),
        (Some(RunEvent::Started(_)), _) => Ok(()),
        _ => Err("the record does not begin with the start of a run".to_owned()),
    }
}

/// Writes run events. When the disk refuses, events are kept in memory and the run goes on.
pub struct LogWriter {
    path: PathBuf,
    file: Option<BufWriter<File>>,
    /// Events that could not be written.
    kept: Vec<RunEvent>,
    problem: Option<std::io::Error>,
}

impl LogWriter {
    /// Creates the file.
    pub fn create(path: &Path) -> std::io::Result<Self> {
        let mut file = BufWriter::new(File::create(path)?);
        file.write_all(MAGIC)?;
        file.write_all(&VERSION.to_le_bytes())?;
        Ok(Self { path: path.to_owned(), file: Some(file), kept: Vec::new(), problem: None })
    }

    /// A writer that keeps everything in memory: for a run that is to leave nothing behind.
    pub fn in_memory() -> Self {
        Self { path: PathBuf::new(), file: None, kept: Vec::new(), problem: None }
    }

    fn write(file: &mut BufWriter<File>, event: &RunEvent) -> std::io::Result<()> {
        let bytes = postcard::to_stdvec(event).map_err(std::io::Error::other)?;
        file.write_all(&(bytes.len() as u32).to_le_bytes())?;
        file.write_all(&crc32fast::hash(&bytes).to_le_bytes())?;
        file.write_all(&bytes)?;
        // Flushed event by event: what a kill leaves behind is whole up to the last second.
        file.flush()
    }

    /// Why events are kept in memory, if the disk refused.
    pub const fn problem(&self) -> Option<&std::io::Error> {
        self.problem.as_ref()
    }

    /// All events, from the file and from memory. Only a file that holds them all has a digest.
    pub fn read(self) -> Result<ReadLog, LogError> {
        let mut log = match self.file {
            Some(_) => read_log(&self.path)?,
            None if self.problem.is_some() => read_log(&self.path).unwrap_or_default(),
            None => ReadLog::default(),
        };
        if !self.kept.is_empty() {
            log.digest.clear();
        }
        log.events.extend(self.kept);
        Ok(log)
    }
}

impl Sink for LogWriter {
    fn take(&mut self, event: &RunEvent) {
        if let Some(file) = &mut self.file {
            match Self::write(file, event) {
                Ok(()) => return,
                Err(problem) => {
                    self.problem = Some(problem);
                    self.file = None;
                }
            }
        }
        self.kept.push(event.clone());
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_audit::testing::Synthetic;

    use super::*;

    fn written(name: &str, events: &[RunEvent]) -> PathBuf {
        let path = std::env::temp_dir().join(format!("plimsoll-log-{}-{name}", std::process::id()));
        let mut writer = LogWriter::create(&path).unwrap();
        events.iter().for_each(|e| writer.take(e));
        path
    }

    #[test]
    fn what_is_written_is_read() {
        let events = Synthetic::default().events();
        let path = written("whole", &events);
        let log = read_log(&path).unwrap();
        assert_eq!((log.events, log.damage), (events, None));
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_cut_or_damaged_file_is_good_up_to_the_damage() {
        let events = Synthetic::default().events();
        let path = written("cut", &events);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 3]).unwrap();
        let cut = read_log(&path).unwrap();
        assert_eq!(cut.events.len(), events.len() - 1);
        assert!(cut.damage.unwrap().contains("the file ends inside it"));

        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        std::fs::write(&path, &flipped).unwrap();
        assert!(read_log(&path).unwrap().damage.unwrap().contains("checksum"));

        std::fs::write(&path, b"something else").unwrap();
        assert!(matches!(read_log(&path), Err(LogError::Foreign(_))));
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn numbers_that_the_plan_does_not_hold_are_damage() {
        let mut events = Synthetic::default().events();
        let RunEvent::Windows(windows) = &mut events[1] else { unreachable!() };
        windows[3].steps[0].0 = 9;
        let path = written("numbers", &events);
        let log = read_log(&path).unwrap();
        assert_eq!(log.events.len(), 1);
        assert!(log.damage.unwrap().contains("steps or loads"));
        // What begins in the middle is no run.
        let headless = written("headless", &events[1..]);
        assert!(read_log(&headless).unwrap().damage.unwrap().contains("does not begin"));
        std::fs::remove_file(path).unwrap();
        std::fs::remove_file(headless).unwrap();
    }

    #[test]
    fn a_full_disk_loses_nothing() {
        // Linux's own full disk. Elsewhere there is none to test with.
        if !Path::new("/dev/full").exists() {
            return;
        }
        let mut writer = LogWriter {
            path: PathBuf::from("/dev/full"),
            file: Some(BufWriter::new(File::create("/dev/full").unwrap())),
            kept: Vec::new(),
            problem: None,
        };
        let events = Synthetic::default().events();
        events.iter().for_each(|e| writer.take(e));
        assert!(writer.problem().is_some());
        assert_eq!(writer.kept, events);
    }
}
