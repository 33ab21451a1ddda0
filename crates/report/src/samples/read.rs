//! Reading samples: the worst of each second, for the page.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use parquet::column::reader::ColumnReader;
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use plimsoll_model::{Nanos, Outcome, SECOND_NS};
use serde::Serialize;

use super::SHARE_KEY;

/// Operations shown of a second: so many of the slowest, and as many of the failures.
const SHOWN: usize = 5;

/// Seconds with samples on the page: those with the slowest operations.
const SECONDS_MAX: usize = 2_000;

/// One row of the file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SampleRow {
    /// When it was due, since the start of the run.
    pub due_ns: Nanos,
    /// Sent − due; `None` if it was never sent.
    pub wait_ns: Option<Nanos>,
    /// Done − due.
    pub response_ns: Nanos,
    /// Its step's name.
    pub step: String,
    /// What became of it.
    pub outcome: String,
    /// The protocol's status; 0 if none came.
    pub status: u16,
    /// Bytes taken from the socket.
    pub bytes_received: u64,
}

/// The worst operations of the worst seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Worst {
    /// SHA-256 of the file, `sha256:...`.
    pub digest: String,
    /// Rows in the file.
    pub rows: u64,
    /// Share of the operations that was kept, 0 to 1.
    pub share: f64,
    /// By second: failures, then the slowest.
    pub seconds: BTreeMap<u32, Vec<SampleRow>>,
}

/// Reads a file of samples and picks the worst of each second.
pub fn worst(path: &Path) -> Result<Worst> {
    let reader = SerializedFileReader::new(File::open(path)?)?;
    let file = reader.metadata().file_metadata();
    let keys = file.key_value_metadata().into_iter().flatten();
    let share = keys.filter(|k| k.key == SHARE_KEY).find_map(|k| k.value.as_ref()?.parse().ok());
    let mut kept: BTreeMap<u32, Second> = BTreeMap::new();
    for index in 0..reader.num_row_groups() {
        let columns = Columns::read(reader.get_row_group(index)?.as_ref())?;
        for (second, row) in columns.places() {
            kept.entry(second).or_default().offer(&columns, row);
        }
    }
    Ok(Worst {
        digest: crate::log::digest_of(path)?,
        rows: file.num_rows() as u64,
        share: share.ok_or_else(|| ParquetError::General(format!("{SHARE_KEY} is missing")))?,
        seconds: slowest_seconds(kept),
    })
}

fn slowest_seconds(kept: BTreeMap<u32, Second>) -> BTreeMap<u32, Vec<SampleRow>> {
    let longest = |s: &Second| s.slowest.iter().map(|r| r.response_ns).max().unwrap_or(0);
    let mut seconds: Vec<_> = kept.into_iter().collect();
    seconds.sort_by_key(|(number, second)| (std::cmp::Reverse(longest(second)), *number));
    seconds.truncate(SECONDS_MAX);
    seconds.into_iter().map(|(number, second)| (number, second.rows())).collect()
}

/// What is shown of one second.
#[derive(Default)]
struct Second {
    failed: Vec<SampleRow>,
    slowest: Vec<SampleRow>,
}

impl Second {
    fn offer(&mut self, columns: &Columns, row: usize) {
        if columns.is_failure(row) && self.failed.len() < SHOWN {
            self.failed.push(columns.row(row));
            return;
        }
        let response_ns = columns.response_ns[row] as Nanos;
        let full = self.slowest.len() == SHOWN;
        if full && self.slowest.last().is_some_and(|last| last.response_ns >= response_ns) {
            return;
        }
        self.slowest.truncate(SHOWN - 1);
        let at = self.slowest.partition_point(|r| r.response_ns >= response_ns);
        self.slowest.insert(at, columns.row(row));
    }

    fn rows(self) -> Vec<SampleRow> {
        self.failed.into_iter().chain(self.slowest).collect()
    }
}

/// One row group, column by column.
struct Columns {
    due_ns: Vec<i64>,
    /// Values of the rows that have one.
    wait_ns: Vec<Option<i64>>,
    response_ns: Vec<i64>,
    step: Vec<ByteArray>,
    outcome: Vec<ByteArray>,
    status: Vec<i32>,
    bytes_received: Vec<i64>,
}

impl Columns {
    fn read(group: &dyn RowGroupReader) -> Result<Self> {
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        let int64 = |index| match group.get_column_reader(index)? {
            ColumnReader::Int64ColumnReader(reader) => values(reader, rows),
            _ => Err(foreign(index)),
        };
        let bytes = |index| match group.get_column_reader(index)? {
            ColumnReader::ByteArrayColumnReader(reader) => values(reader, rows),
            _ => Err(foreign(index)),
        };
        let status = match group.get_column_reader(5)? {
            ColumnReader::Int32ColumnReader(reader) => values(reader, rows)?,
            _ => return Err(foreign(5)),
        };
        let columns = Self {
            due_ns: int64(0)?.0,
            wait_ns: spread(int64(1)?),
            response_ns: int64(2)?.0,
            step: bytes(3)?.0,
            outcome: bytes(4)?.0,
            status: status.0,
            bytes_received: int64(6)?.0,
        };
        let lengths = [
            columns.due_ns.len(),
            columns.wait_ns.len(),
            columns.response_ns.len(),
            columns.step.len(),
            columns.outcome.len(),
            columns.status.len(),
            columns.bytes_received.len(),
        ];
        if lengths.iter().all(|n| *n == rows) {
            Ok(columns)
        } else {
            Err(ParquetError::General("its columns differ in length".to_owned()))
        }
    }

    /// The second in which each row was due, and the row.
    fn places(&self) -> impl Iterator<Item = (u32, usize)> {
        self.due_ns.iter().zip(0..).map(|(due, row)| ((*due as u64 / SECOND_NS) as u32, row))
    }

    fn is_failure(&self, row: usize) -> bool {
        let name = std::str::from_utf8(self.outcome[row].data()).ok();
        name.and_then(|n| n.parse::<Outcome>().ok()).is_some_and(Outcome::is_failure)
    }

    fn row(&self, row: usize) -> SampleRow {
        let text = |bytes: &ByteArray| String::from_utf8_lossy(bytes.data()).into_owned();
        SampleRow {
            due_ns: self.due_ns[row] as u64,
            wait_ns: self.wait_ns[row].map(|ns| ns as u64),
            response_ns: self.response_ns[row] as u64,
            step: text(&self.step[row]),
            outcome: text(&self.outcome[row]),
            status: self.status[row] as u16,
            bytes_received: self.bytes_received[row] as u64,
        }
    }
}

/// Values, and for each row whether it has one.
type Values<T> = (Vec<T>, Vec<i16>);

fn values<T: DataType>(
    mut reader: parquet::column::reader::ColumnReaderImpl<T>,
    rows: usize,
) -> Result<Values<T::T>> {
    let (mut values, mut present) = (Vec::new(), Vec::new());
    while present.len().max(values.len()) < rows {
        let (read, _, _) = reader.read_records(rows, Some(&mut present), None, &mut values)?;
        if read == 0 {
            break;
        }
    }
    Ok((values, present))
}

fn spread((values, present): Values<i64>) -> Vec<Option<i64>> {
    let mut values = values.into_iter();
    present.iter().map(|level| if *level > 0 { values.next() } else { None }).collect()
}

fn foreign(index: usize) -> ParquetError {
    ParquetError::General(format!("its column {index} is of another type"))
}
