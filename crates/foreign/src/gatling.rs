//! Gatling: `simulation.log` as text, which it wrote up to 3.11.

use std::io::BufRead;
use std::path::Path;

use crate::Read;
use crate::gathered::{Gathered, for_each_line};

/// Reads a log: `REQUEST`, groups, name, start, end, OK or KO, message, by tabs.
pub(crate) fn read(path: &Path, reader: impl BufRead) -> Read {
    let mut gathered = Gathered::default();
    for_each_line(path, reader, |line| {
        let Some(rest) = line.strip_prefix(b"REQUEST\t") else { return };
        let rest = String::from_utf8_lossy(rest);
        let fields: Vec<_> = rest.trim_end().split('\t').collect();
        let ended = fields.iter().position(|f| *f == "OK" || *f == "KO");
        let request = ended.filter(|at| *at >= 3).and_then(|at| {
            Some((
                fields[at - 3],
                fields[at - 2].parse::<f64>().ok()?,
                fields[at - 1].parse::<f64>().ok()?,
                fields[at] == "OK",
            ))
        });
        match request {
            Some((name, start, end, is_ok)) => gathered.add(name, start / 1e3, end - start, is_ok),
            None => gathered.damaged += 1,
        }
    })?;
    Ok(gathered.into_foreign("Gatling, simulation.log"))
}
