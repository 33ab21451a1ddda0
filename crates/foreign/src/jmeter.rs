//! JMeter: result logs (JTL) as CSV.

use std::io::BufRead;
use std::path::Path;

use crate::gathered::Gathered;
use crate::{Read, malformed};

/// Whether the first line is the header of a result log.
pub(crate) fn is_header(line: &str) -> bool {
    let columns: Vec<_> = line.split(',').collect();
    ["timeStamp", "elapsed", "label"].iter().all(|c| columns.contains(c))
}

/// Reads a result log.
pub(crate) fn read(path: &Path, reader: impl BufRead) -> Read {
    let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(reader);
    let headers = table.headers().map_err(|e| malformed(path, "JMeter's JTL", e.to_string()))?.clone();
    let column = |name: &str| headers.iter().position(|h| h == name);
    let wanted = ["timeStamp", "elapsed", "label", "success"].map(column);
    let [Some(time), Some(elapsed), Some(label), Some(success)] = wanted else {
        return Err(malformed(path, "JMeter's JTL", "its header lacks timeStamp, elapsed, label or success"));
    };
    let mut gathered = Gathered::default();
    let mut record = csv::StringRecord::new();
    loop {
        match table.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {
                let number = |at: usize| record.get(at).and_then(|text| text.parse::<f64>().ok());
                match (number(time), number(elapsed), record.get(label)) {
                    (Some(at_ms), Some(took_ms), Some(name)) => {
                        gathered.add(name, at_ms / 1e3, took_ms, record.get(success) == Some("true"));
                    }
                    _ => gathered.damaged += 1,
                }
            }
            Err(_) => gathered.damaged += 1,
        }
    }
    Ok(gathered.into_foreign("JMeter, JTL"))
}
