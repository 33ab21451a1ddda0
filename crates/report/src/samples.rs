//! Operations one by one (`--samples`), as a Parquet file that any tool for tables opens: a row an operation, in
//! order of due time within each row group.
//!
//! | column | type | meaning |
//! |---|---|---|
//! | `due_ns` | INT64 | when it was due, since the start of the run |
//! | `wait_ns` | INT64, optional | sent − due; null if it was never sent |
//! | `response_ns` | INT64 | done − due, or given up − due |
//! | `step` | string | its step's name |
//! | `outcome` | string | what became of it |
//! | `status` | INT32 | the protocol's status; 0 if none came |
//! | `bytes_received` | INT64 | bytes taken from the socket |
//!
//! The key `plimsoll.share` of the file's metadata says which share of the operations was kept. No number of a
//! report comes from here: samples show what happened, windows measure it.

mod read;
mod write;

pub use read::{SampleRow, Worst, worst};
pub use write::SampleWriter;

/// Of the file in a run directory.
pub const NAME: &str = "samples.parquet";

const SHARE_KEY: &str = "plimsoll.share";

const SCHEMA: &str = "message plimsoll {
  required int64 due_ns;
  optional int64 wait_ns;
  required int64 response_ns;
  required binary step (utf8);
  required binary outcome (utf8);
  required int32 status;
  required int64 bytes_received;
}";

#[cfg(test)]
mod tests {
    use plimsoll_audit::testing::Synthetic;
    use plimsoll_model::{Outcome, Sample, Sink};

    use super::*;

    fn sample(due_ns: u64, took_ns: u64, outcome: Outcome) -> Sample {
        let sent_ns = (outcome != Outcome::ConnectError).then_some(due_ns + 70);
        Sample {
            due_ns,
            sent_ns,
            done_ns: due_ns + took_ns,
            bytes_received: 10,
            step: 0,
            status: 200,
            outcome,
        }
    }

    /// Written in no order and in more than one row group; the worst of each second comes back whole.
    #[test]
    fn what_was_written_is_read_and_the_worst_is_picked() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(NAME);
        let mut writer = SampleWriter::create(&path, 0.5).unwrap();
        writer.take(&Synthetic::default().events()[0]);
        for part in (0..200u64).rev() {
            let rows: Vec<_> = (0..1_000)
                .map(|n| {
                    let due_ns = (part * 1_000 + n) * 20_000;
                    let lost = part == 120 && n == 7;
                    let outcome = if lost { Outcome::ConnectError } else { Outcome::Ok };
                    sample(due_ns, 1_000 + part * 1_000 + n, outcome)
                })
                .collect();
            writer.samples(&rows);
        }
        assert_eq!(writer.finish().unwrap(), 200_000);
        let found = worst(&path).unwrap();
        assert_eq!((found.rows, found.share), (200_000, 0.5));
        // 50,000 operations a second, later ones slower: 4 seconds, five of the slowest each, one failure.
        assert_eq!(found.seconds.keys().copied().collect::<Vec<_>>(), [0, 1, 2, 3]);
        let times: Vec<_> = found.seconds[&3].iter().map(|r| r.response_ns).collect();
        assert_eq!(times, [200_999, 200_998, 200_997, 200_996, 200_995]);
        let failed = &found.seconds[&2][0];
        assert_eq!((failed.outcome.as_str(), failed.wait_ns, failed.status), ("connect_error", None, 200));
        assert_eq!(failed.due_ns, 120_007 * 20_000);
        assert_eq!(found.seconds[&2][1].wait_ns, Some(70));
        let bytes = std::fs::metadata(&path).unwrap().len();
        assert!(bytes <= 24 * 200_000, "{bytes} bytes for 200,000 operations");
    }

    #[test]
    fn what_is_no_file_of_samples_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(NAME);
        std::fs::write(&path, "no parquet").unwrap();
        assert!(worst(&path).is_err());
        let mut writer = SampleWriter::create(&path, 1.0).unwrap();
        writer.samples(&[sample(0, 1, Outcome::Ok)]);
        writer.finish().unwrap();
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(worst(&path).is_err());
    }
}
