//! Gatling: `simulation.log` as text, which it wrote up to 3.11.

use std::io::BufRead;
use std::path::Path;

use plimsoll_audit::foreign::Foreign;
use plimsoll_model::event::Origin;

use crate::gathered::Gathered;
use crate::{ForeignError, Read};

/// Reads a log: `REQUEST`, groups, name, start, end, OK or KO, message, by tabs.
pub(crate) fn read(path: &Path, mut reader: impl BufRead) -> Read {
    let mut gathered = Gathered::default();
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line).map_err(|source| ForeignError::Io { path: path.to_owned(), source })?
            == 0
        {
            let (rows, total, unread) = gathered.finish();
            return Ok(Foreign {
                source: "Gatling, simulation.log".to_owned(),
                origin: Some(Origin::Sent),
                rows,
                total,
                unread,
                ..Foreign::default()
            });
        }
        let Some(rest) = line.strip_prefix("REQUEST\t") else { continue };
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
    }
}
