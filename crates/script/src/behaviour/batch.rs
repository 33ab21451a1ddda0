//! Batches: many rows in one text that is made and checked before the run. When it is sent, only what tells one batch from
//! another is written into it, where it stands: identities, and the time.
//!
//! Identities are UUIDs of version 8 (RFC 9562): 60 bits name the run and the data set, 48 count. Those of a batch follow one
//! another, and so do those of all batches, so that a batch is accounted for as a range.

use std::ops::Range;

use plimsoll_model::delivery::{Identity, Span};
use rand::{RngCore, SeedableRng};
use rand_xoshiro::SplitMix64;
use serde_json::Value;

use super::template::rfc3339_ms;

/// Bytes of a UUID as text, and of the digits in it that count.
const UUID_BYTES: usize = 36;
const DIGITS: usize = 12;

/// The most rows of a batch.
pub const BATCH_MAX: u64 = 1_000_000;

/// Steps before and after the load count from here on, so that they never meet those of the load.
pub const APART: u64 = 1 << 27;

/// What is written into the text of a batch.
#[derive(Debug)]
pub struct Batch {
    /// The identity of the first row of batch 0.
    base: Identity,
    /// Where the digits of each identity begin.
    ids: Vec<usize>,
    /// Where times stand.
    times: Vec<Range<usize>>,
}

/// What names a batch's rows.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    /// The key of the identity.
    pub id: &'a str,
    /// The key of the time of sending, if there is one.
    pub time: Option<&'a str>,
}

/// A row cannot be part of a batch.
#[derive(Debug, PartialEq, Eq)]
pub enum BatchError {
    /// It is no mapping.
    NoMapping,
    /// The key is not there, or what stands there cannot be written over.
    NoPlace(String),
}

/// The identity of row 0 of batch 0 of a data set in a run.
pub fn base(seed: u64, now_ms: u64, name: &str) -> Identity {
    let named = name.bytes().fold(seed ^ now_ms.rotate_left(20), |sum, byte| {
        SplitMix64::seed_from_u64(sum ^ u64::from(byte)).next_u64()
    });
    let high = SplitMix64::seed_from_u64(named).next_u64();
    let high = (high & !0xf000) | 0x8000;
    Identity::from(high) << 64 | 0x8000_0000_0000_0000
}

impl Batch {
    /// Puts rows together as the text of a list, with places for what is written into it later.
    pub fn of(rows: &[&Value], keys: Keys<'_>, base: Identity) -> Result<(String, Self), BatchError> {
        let mut text = String::from("[");
        let mut batch = Self { base, ids: Vec::new(), times: Vec::new() };
        for row in rows {
            if text.len() > 1 {
                text.push(',');
            }
            batch.push(row, keys, &mut text)?;
        }
        text.push(']');
        Ok((text, batch))
    }

    fn push(&mut self, row: &Value, keys: Keys<'_>, text: &mut String) -> Result<(), BatchError> {
        let entries = row.as_object().ok_or(BatchError::NoMapping)?;
        for key in [Some(keys.id), keys.time].into_iter().flatten() {
            if !entries.contains_key(key) {
                return Err(BatchError::NoPlace(key.to_owned()));
            }
        }
        text.push('{');
        for (at, (key, value)) in entries.iter().enumerate() {
            text.push_str(if at == 0 { "" } else { "," });
            text.push_str(&Value::String(key.clone()).to_string());
            text.push(':');
            if key == keys.id {
                self.ids.push(text.len() + 1 + UUID_BYTES - DIGITS);
                text.push_str(&Value::String(uuid(self.base)).to_string());
            } else if keys.time == Some(key) {
                let written = value.to_string();
                let quotes = usize::from(value.is_string());
                let range = text.len() + quotes..text.len() + written.len() - quotes;
                let (number, words) = (unix_ms(0).len(), rfc3339_ms(0).len());
                if range.len() != if value.is_string() { words } else { number } {
                    return Err(BatchError::NoPlace(key.clone()));
                }
                self.times.push(range);
                text.push_str(&written);
            } else {
                text.push_str(&value.to_string());
            }
        }
        text.push('}');
        Ok(())
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.ids.len()
    }

    /// The identities of batch `number`.
    pub fn span(&self, number: u64) -> Span {
        let rows = self.ids.len();
        Span::new(self.base + Identity::from(number * rows as u64), rows as u32)
    }

    /// Writes what makes this batch the one of that number, sent at that time, into its text.
    pub fn write(&self, number: u64, wall_ns: u64, text: &mut [u8]) {
        let mut digits = digits_of(number * self.ids.len() as u64);
        for at in &self.ids {
            text[*at..*at + DIGITS].copy_from_slice(&digits);
            count_up(&mut digits);
        }
        let Some(first) = self.times.first() else { return };
        let is_number = first.len() == unix_ms(0).len();
        let now = wall_ns / 1_000_000;
        let now = if is_number { unix_ms(now) } else { rfc3339_ms(now) };
        for range in &self.times {
            text[range.clone()].copy_from_slice(now.as_bytes());
        }
    }
}

/// Milliseconds in as many digits as they have from 2001 to 2286.
fn unix_ms(now: u64) -> String {
    format!("{now:013}")
}

fn uuid(number: Identity) -> String {
    let hex = format!("{number:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn digits_of(number: u64) -> [u8; DIGITS] {
    let mut digits = [b'0'; DIGITS];
    let hex = format!("{number:012x}");
    digits.copy_from_slice(&hex.as_bytes()[hex.len() - DIGITS..]);
    digits
}

/// The next number, in place: quicker than writing it anew.
fn count_up(digits: &mut [u8; DIGITS]) {
    for digit in digits.iter_mut().rev() {
        *digit = match *digit {
            b'f' => b'0',
            b'9' => b'a',
            other => other + 1,
        };
        if *digit != b'0' {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::ledger;
    use super::*;

    const KEYS: Keys<'static> = Keys { id: "event_id", time: Some("timestamp") };

    fn batch(rows: usize) -> (String, Batch) {
        let rows: Vec<_> = (0..rows)
            .map(|n| json!({ "n": n, "event_id": "x", "said": "\"[{", "timestamp": 1_600_000_000_000_u64 }))
            .collect();
        Batch::of(&rows.iter().collect::<Vec<_>>(), KEYS, base(7, 1_700_000_000_000, "events")).unwrap()
    }

    fn sent(batch: &Batch, text: &str, number: u64) -> Value {
        let mut text = text.as_bytes().to_vec();
        batch.write(number, 1_700_000_000_123_000_000, &mut text);
        serde_json::from_slice(&text).unwrap()
    }

    #[test]
    fn every_row_of_every_batch_has_an_identity_of_its_own() {
        let (text, batch) = batch(1_000);
        let mut expected = batch.span(0).first();
        for number in [0, 1, 2] {
            assert_eq!(batch.span(number).first(), expected);
            for (n, row) in sent(&batch, &text, number).as_array().unwrap().iter().enumerate() {
                assert_eq!(ledger::uuid(row["event_id"].as_str().unwrap()), Some(expected));
                assert_eq!((&row["n"], &row["said"]), (&json!(n), &json!("\"[{")));
                assert_eq!(row["timestamp"], 1_700_000_000_123_u64);
                expected += 1;
            }
            assert_eq!(batch.span(number).end(), expected);
        }
    }

    #[test]
    fn numbers_are_counted_as_they_are_written() {
        for number in [0, 9, 15, 255, 0xfff, 0x9f9f_ffff_ffff, 0xffff_ffff_ffff] {
            let mut digits = digits_of(number);
            count_up(&mut digits);
            assert_eq!(digits, digits_of((number + 1) & 0xffff_ffff_ffff), "{number:x}");
        }
    }

    #[test]
    fn identities_are_uuids_of_version_8_and_differ_by_run() {
        let one = uuid(base(7, 1, "events"));
        assert_eq!((&one[14..15], &one[19..20]), ("8", "8"));
        let others = [base(8, 1, "events"), base(7, 2, "events"), base(7, 1, "more")];
        assert!(others.iter().all(|other| uuid(*other) != one), "{others:?}");
    }

    #[test]
    fn rows_without_the_places_are_refused() {
        let of = |row: Value| Batch::of(&[&row], KEYS, 0).unwrap_err();
        assert_eq!(of(json!(7)), BatchError::NoMapping);
        assert_eq!(of(json!({ "timestamp": 1 })), BatchError::NoPlace("event_id".to_owned()));
        assert_eq!(of(json!({ "event_id": 1, "timestamp": 1 })), BatchError::NoPlace("timestamp".to_owned()));
    }
}
