//! Locust: `_stats.csv`, `_stats_history.csv` and `_failures.csv`. Times are rounded to two digits, failures among them.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::Path;

use plimsoll_audit::audits::scaling::Level;
use plimsoll_audit::foreign::{Foreign, Row};
use plimsoll_model::event::Origin;

use crate::{Read, malformed};

/// A level of users that lasted fewer seconds is a ramp.
const LEVEL_SECONDS_MIN: usize = 5;

struct Table {
    headers: csv::StringRecord,
    records: Vec<csv::StringRecord>,
    damaged: usize,
}

impl Table {
    fn read(path: &Path, reader: impl BufRead, kind: &'static str) -> Result<Self, crate::ForeignError> {
        let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(reader);
        let headers = table.headers().map_err(|e| malformed(path, kind, e.to_string()))?.clone();
        let (mut records, mut damaged) = (Vec::new(), 0);
        for record in table.records() {
            match record {
                Ok(record) => records.push(record),
                Err(_) => damaged += 1,
            }
        }
        Ok(Self { headers, records, damaged })
    }

    fn number(&self, record: &csv::StringRecord, name: &str) -> Option<f64> {
        record.get(self.headers.iter().position(|h| h == name)?)?.parse().ok()
    }

    fn text<'r>(&self, record: &'r csv::StringRecord, name: &str) -> &'r str {
        self.headers.iter().position(|h| h == name).and_then(|at| record.get(at)).unwrap_or_default()
    }

    fn unread(&self) -> Vec<String> {
        if self.damaged > 0 {
            vec![format!("{} lines could not be read and are left out", self.damaged)]
        } else {
            Vec::new()
        }
    }
}

/// Reads `_stats.csv`.
pub(crate) fn stats(path: &Path, reader: impl BufRead) -> Read {
    let table = Table::read(path, reader, "Locust's _stats.csv")?;
    let quantiles = [("50%", 0.5), ("90%", 0.9), ("95%", 0.95), ("99%", 0.99), ("99.9%", 0.999)];
    let row = |record: &csv::StringRecord| Row {
        name: format!("{} {}", table.text(record, "Type"), table.text(record, "Name")).trim().to_owned(),
        requests: table.number(record, "Request Count"),
        failed: table.number(record, "Failure Count"),
        min_ms: table.number(record, "Min Response Time"),
        mean_ms: table.number(record, "Average Response Time"),
        max_ms: table.number(record, "Max Response Time"),
        rate_per_s: table.number(record, "Requests/s"),
        quantiles: quantiles
            .into_iter()
            .filter_map(|(name, q)| Some((q, table.number(record, name)?)))
            .collect(),
        ..Row::default()
    };
    let all: Vec<_> = table.records.iter().map(row).collect();
    let (total, rows): (Vec<_>, Vec<_>) = all.into_iter().partition(|r| r.name == "Aggregated");
    Ok(Foreign {
        source: "Locust, _stats.csv".to_owned(),
        origin: Some(Origin::Sent),
        mixes_failures: true,
        rows,
        total: total.into_iter().next(),
        unread: table.unread(),
        ..Foreign::default()
    })
}

/// Reads `_failures.csv`: how often each request failed, and nothing about those that did not.
pub(crate) fn failures(path: &Path, reader: impl BufRead) -> Read {
    let table = Table::read(path, reader, "Locust's _failures.csv")?;
    let mut failed: BTreeMap<String, f64> = BTreeMap::new();
    for record in &table.records {
        let name = format!("{} {}", table.text(record, "Method"), table.text(record, "Name"));
        *failed.entry(name.trim().to_owned()).or_default() +=
            table.number(record, "Occurrences").unwrap_or(0.0);
    }
    let row = |(name, count)| Row { name, failed: Some(count), ..Row::default() };
    Ok(Foreign {
        source: "Locust, _failures.csv".to_owned(),
        origin: Some(Origin::Sent),
        rows: failed.into_iter().map(row).collect(),
        unread: table.unread(),
        ..Foreign::default()
    })
}

/// Reads `_stats_history.csv`: levels of users, one after another.
pub(crate) fn history(path: &Path, reader: impl BufRead) -> Read {
    let table = Table::read(path, reader, "Locust's _stats_history.csv")?;
    let aggregated: Vec<_> = table.records.iter().filter(|r| table.text(r, "Name") == "Aggregated").collect();
    if aggregated.is_empty() {
        return Err(malformed(path, "Locust's _stats_history.csv", "it holds no line called Aggregated"));
    }
    let seconds = aggregated.iter().filter_map(|r| {
        let time = table.number(r, "Total Average Response Time")?;
        Some((table.number(r, "User Count")?, table.number(r, "Requests/s")?, time))
    });
    let seconds: Vec<_> = seconds.collect();
    let mut levels: Vec<Level> = seconds
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|level| level.len() >= LEVEL_SECONDS_MIN)
        .map(|level| {
            let mean =
                |of: fn(&(f64, f64, f64)) -> f64| level.iter().map(of).sum::<f64>() / level.len() as f64;
            Level {
                users: level[0].0,
                throughput: mean(|s| s.1),
                response_ns: mean(|s| s.2) * 1e6,
                pause_ns: 0.0,
            }
        })
        .collect();
    // What users waited between requests is what is left of their time.
    for level in &mut levels {
        level.pause_ns = (level.users / level.throughput * 1e9 - level.response_ns).max(0.0);
    }
    levels.sort_by(|a, b| a.users.total_cmp(&b.users));
    let last = aggregated.last();
    let row = Row {
        name: "Aggregated".to_owned(),
        requests: last.and_then(|r| table.number(r, "Total Request Count")),
        failed: last.and_then(|r| table.number(r, "Total Failure Count")),
        mean_ms: last.and_then(|r| table.number(r, "Total Average Response Time")),
        ..Row::default()
    };
    Ok(Foreign {
        source: "Locust, _stats_history.csv".to_owned(),
        origin: Some(Origin::Sent),
        mixes_failures: true,
        rows: vec![row],
        levels,
        unread: table.unread(),
        ..Foreign::default()
    })
}
