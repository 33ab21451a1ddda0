//! Is what a run directory says what its record says? Everything is computed again and compared.

use plimsoll_model::Record;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::files::RENDERED;
use crate::log::LogError;
use crate::{RunDirectory, View, read_log};

/// Differences named in one file; the rest are counted.
const NAMED_MAX: usize = 20;

/// What was compared, and what differs.
#[derive(Debug, Default)]
pub struct Verified {
    /// What was compared and found to agree, in words.
    pub agrees: Vec<String>,
    /// What differs, in words: the file, the place, what stands there, what it should be.
    pub differs: Vec<String>,
    /// What could not be compared, in words.
    pub missing: Vec<String>,
}

/// Computes everything in the directory again from the recorded windows, and checks digests.
pub fn verify(directory: &RunDirectory) -> Result<Verified, LogError> {
    let log = read_log(&directory.events())?;
    let mut verified = Verified::default();
    match &log.damage {
        None => {
            verified.agrees.push(format!("events.plimsoll: {} events, all checksums hold", log.events.len()));
        }
        Some(damage) => verified.differs.push(format!("events.plimsoll: {damage}")),
    }
    let record = Record::from_events(&log.events);
    plan(directory, &record, &mut verified);
    claims(&record, &mut verified);
    let view = View::new(record).recorded_as(log.digest).sampled(directory);
    if let Some(Err(problem)) = &view.samples {
        verified.differs.push(problem.clone());
    }
    for file in &RENDERED {
        let computed = (file.render)(&view);
        match std::fs::read_to_string(directory.path().join(file.name)) {
            Err(error) => verified.missing.push(format!("{}: {error}", file.name)),
            Ok(found) if found == computed => {
                verified.agrees.push(format!("{}: computed again, equal to the byte", file.name));
            }
            Ok(found) => differences(file.name, &found, &computed, &mut verified.differs),
        }
    }
    Ok(verified)
}

fn plan(directory: &RunDirectory, record: &Record, verified: &mut Verified) {
    let recorded = &record.started.plan_digest;
    match std::fs::read(directory.plan()) {
        Err(error) => verified.missing.push(format!("plan.yaml: {error}")),
        Ok(bytes) if digest(&bytes) == *recorded => {
            verified.agrees.push("plan.yaml: its digest is the recorded one".to_owned());
        }
        Ok(bytes) => verified
            .differs
            .push(format!("plan.yaml: its digest is {}, the run was made with {recorded}", digest(&bytes))),
    }
}

fn claims(record: &Record, verified: &mut Verified) {
    let found = claims_digest(record.started.plan.claims.iter().map(|c| c.text.as_str()));
    if found == record.started.claims_digest {
        verified.agrees.push("claims: their digest is the one fixed before the run".to_owned());
    } else {
        verified.differs.push(format!(
            "claims: their digest is {found}, before the run it was {}",
            record.started.claims_digest
        ));
    }
}

/// `sha256:` and the digest in hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    written(Sha256::new_with_prefix(bytes))
}

/// A digest as it is written.
pub(crate) fn written(hash: Sha256) -> String {
    let hex: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
    format!("sha256:{hex}")
}

/// The digest that fixes claims before a run: over their texts, a line each.
pub fn claims_digest<'a>(claims: impl Iterator<Item = &'a str>) -> String {
    let lines: String = claims.map(|text| format!("{text}\n")).collect();
    digest(lines.as_bytes())
}

fn differences(name: &str, found: &str, computed: &str, differs: &mut Vec<String>) {
    let mut places = Vec::new();
    match (serde_json::from_str::<Value>(found), serde_json::from_str::<Value>(computed)) {
        (Ok(found), Ok(computed)) => values("", &found, &computed, &mut places),
        (Err(error), Ok(_)) => places.push(format!("is not JSON any more: {error}")),
        _ => lines(found, computed, &mut places),
    }
    if places.is_empty() {
        places.push("is written differently, though its values are the same".to_owned());
    }
    let more = places.len().saturating_sub(NAMED_MAX);
    differs.extend(places.into_iter().take(NAMED_MAX).map(|place| format!("{name}: {place}")));
    if more > 0 {
        differs.push(format!("{name}: and {more} more"));
    }
}

fn values(at: &str, found: &Value, computed: &Value, places: &mut Vec<String>) {
    match (found, computed) {
        (Value::Object(mine), Value::Object(theirs)) => {
            let keys: std::collections::BTreeSet<_> = mine.keys().chain(theirs.keys()).collect();
            for key in keys {
                values(
                    &format!("{at}/{key}"),
                    mine.get(key).unwrap_or(&Value::Null),
                    theirs.get(key).unwrap_or(&Value::Null),
                    places,
                );
            }
        }
        (Value::Array(mine), Value::Array(theirs)) if mine.len() == theirs.len() => {
            for (index, (a, b)) in mine.iter().zip(theirs).enumerate() {
                values(&format!("{at}/{index}"), a, b, places);
            }
        }
        (found, computed) if found != computed => {
            places.push(format!("{at} is {found}, the record says {computed}"));
        }
        _ => {}
    }
}

fn lines(found: &str, computed: &str, places: &mut Vec<String>) {
    let (mut mine, mut theirs) = (found.lines(), computed.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (mine.next(), theirs.next()) {
            (None, None) => return,
            (a, b) if a != b => {
                places.push(format!("line {number} is {:?}, the record says {:?}", shown(a), shown(b)));
            }
            _ => {}
        }
    }
}

/// A line, cut to what fits into a sentence.
fn shown(line: Option<&str>) -> String {
    line.unwrap_or("missing").trim().chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use plimsoll_audit::testing::Synthetic;
    use plimsoll_model::{RunEvent, Sink};

    use super::*;
    use crate::files;
    use crate::log::LogWriter;

    struct Scratch(PathBuf);

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _gone = std::fs::remove_dir_all(&self.0);
        }
    }

    /// A whole run directory of a synthetic run.
    fn written(name: &str) -> (Scratch, RunDirectory) {
        let path = std::env::temp_dir().join(format!("plimsoll-verify-{}-{name}", std::process::id()));
        let directory = RunDirectory::create(&path).unwrap();
        std::fs::write(directory.plan(), "plan").unwrap();
        let mut events = Synthetic::default().events();
        let RunEvent::Started(started) = &mut events[0] else { unreachable!() };
        started.plan_digest = digest(b"plan");
        started.claims_digest = claims_digest(std::iter::empty());
        let mut log = LogWriter::create(&directory.events()).unwrap();
        events.iter().for_each(|e| log.take(e));
        let log = read_log(&directory.events()).unwrap();
        files::write(&directory, &View::new(Record::from_events(&log.events)).recorded_as(log.digest))
            .unwrap();
        (Scratch(path), directory)
    }

    #[test]
    fn an_untouched_directory_agrees() {
        let (_scratch, directory) = written("whole");
        let verified = verify(&directory).unwrap();
        assert_eq!((verified.differs, verified.missing), (vec![], vec![]));
        assert_eq!(verified.agrees.len(), 3 + RENDERED.len());
    }

    /// One digit in the middle of any file, and in a known place of `run.json`.
    #[test]
    fn one_flipped_digit_is_found_and_named() {
        let names = RENDERED.iter().map(|f| f.name).chain(["events.plimsoll", "plan.yaml"]);
        for name in names {
            let (_scratch, directory) = written(name);
            let path = directory.path().join(name);
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            let digit = (middle..bytes.len()).find(|at| bytes[*at].is_ascii_digit()).unwrap_or(middle);
            bytes[digit] ^= 1;
            std::fs::write(&path, &bytes).unwrap();
            let differs = verify(&directory).unwrap().differs;
            assert!(differs.iter().any(|d| d.starts_with(name)), "{name}: {differs:?}");
        }
        let (_scratch, directory) = written("pointer");
        let text = std::fs::read_to_string(directory.json()).unwrap();
        let mut run: Value = serde_json::from_str(&text).unwrap();
        run["steps"][0]["outcomes"]["ok"]["count"] = 11_999.into();
        std::fs::write(directory.json(), run.to_string()).unwrap();
        let differs = verify(&directory).unwrap().differs;
        assert_eq!(differs, ["run.json: /steps/0/outcomes/ok/count is 11999, the record says 12000"]);
    }
}
