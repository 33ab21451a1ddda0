//! Raw times gathered by name, from streams of any length: memory grows with names and seconds, not with requests.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::Path;

use plimsoll_audit::foreign::{Foreign, Raw, Row};
use plimsoll_metrics::{Compact, Histogram};
use plimsoll_model::event::Origin;

use crate::ForeignError;

/// A longer line is damage.
const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Names beyond so many are gathered under one: a name with an identity in it is no name.
const NAMES_MAX: usize = 1_000;

/// Raw times by name.
#[derive(Default)]
pub(crate) struct Gathered {
    rows: BTreeMap<String, Times>,
    first_s: Option<f64>,
    last_s: f64,
    /// Lines that could not be read.
    pub(crate) damaged: u64,
}

#[derive(Default)]
struct Times {
    ok: Histogram,
    failed: Histogram,
    /// The second now being gathered, and those before it.
    second: i64,
    open: Histogram,
    open_failed: u64,
    seconds: Vec<(Compact, u64)>,
}

impl Gathered {
    /// Adds a request that began at `at_s` and took `took_ms`.
    pub(crate) fn add(&mut self, name: &str, at_s: f64, took_ms: f64, is_ok: bool) {
        self.first_s = Some(self.first_s.map_or(at_s, |first| first.min(at_s)));
        self.last_s = self.last_s.max(at_s + took_ms / 1e3);
        let name =
            if self.rows.contains_key(name) || self.rows.len() < NAMES_MAX { name } else { "further names" };
        let nanos = (took_ms.max(0.0) * 1e6).round() as u64;
        // Names are few and lines are many: look before a name is copied.
        match self.rows.get_mut(name) {
            Some(times) => times.add(at_s.floor() as i64, nanos, is_ok),
            None => self.rows.entry(name.to_owned()).or_default().add(at_s.floor() as i64, nanos, is_ok),
        }
    }

    /// The result of a tool that times from sending.
    pub(crate) fn into_foreign(self, source: &str) -> Foreign {
        let duration_s = self.first_s.map(|first| self.last_s - first).filter(|d| *d > 0.0);
        let row = |name: String, times: Times| {
            let mut row = Row { name, duration_s, raw: Some(times.finish()), ..Row::default() };
            row.complete();
            row.rate_per_s = row.requests.zip(duration_s).map(|(n, d)| n / d);
            row
        };
        let unread =
            (self.damaged > 0).then(|| format!("{} lines could not be read and are left out", self.damaged));
        Foreign {
            source: source.to_owned(),
            origin: Some(Origin::Sent),
            rows: self.rows.into_iter().map(|(name, times)| row(name, times)).collect(),
            unread: unread.into_iter().collect(),
            ..Foreign::default()
        }
    }
}

/// Hands every line to `each`, in bounded memory whatever the file.
pub(crate) fn for_each_line(
    path: &Path,
    mut reader: impl BufRead,
    mut each: impl FnMut(&[u8]),
) -> Result<(), ForeignError> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = std::io::Read::take(&mut reader, LINE_BYTES_MAX as u64).read_until(b'\n', &mut line);
        if read.map_err(|source| ForeignError::Io { path: path.to_owned(), source })? == 0 {
            return Ok(());
        }
        each(&line);
    }
}

impl Times {
    fn add(&mut self, second: i64, nanos: u64, is_ok: bool) {
        // Requests are listed as they end, so seconds come nearly in order; a straggler counts with the present one.
        if second > self.second {
            self.close();
            self.second = second;
        }
        if is_ok {
            self.ok.record(nanos);
            self.open.record(nanos);
        } else {
            self.failed.record(nanos);
            self.open_failed += 1;
        }
    }

    fn close(&mut self) {
        if !self.open.is_empty() || self.open_failed > 0 {
            self.seconds.push((Compact::from(&self.open), std::mem::take(&mut self.open_failed)));
            self.open.clear();
        }
    }

    fn finish(mut self) -> Raw {
        self.close();
        Raw { ok: self.ok, failed: self.failed, seconds: self.seconds }
    }
}
