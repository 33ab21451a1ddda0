//! Writing samples, off the load path.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, Encoding};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use plimsoll_model::{Outcome, RunEvent, Sample, Sink};

use super::{SCHEMA, SHARE_KEY};

/// Rows of a row group: what is kept in memory before it is written, about 6 MiB.
const GROUP_ROWS: usize = 1 << 17;

/// Writes samples. When the disk refuses, it stops and says so at the end; the run goes on.
pub struct SampleWriter {
    file: SerializedFileWriter<File>,
    rows: Vec<Sample>,
    steps: Vec<ByteArray>,
    written: u64,
    problem: Option<ParquetError>,
}

impl SampleWriter {
    /// Creates the file for a `share` (0 to 1) of the operations.
    pub fn create(path: &Path, share: f64) -> Result<Self> {
        // Times of neighbours differ little: differences take two or three bytes where values take eight.
        let delta = ["due_ns", "wait_ns", "response_ns"];
        let properties = delta.iter().fold(
            WriterProperties::builder()
                .set_writer_version(WriterVersion::PARQUET_2_0)
                .set_compression(Compression::SNAPPY)
                .set_key_value_metadata(Some(vec![KeyValue::new(SHARE_KEY.to_owned(), share.to_string())])),
            |properties, column| {
                properties
                    .set_column_dictionary_enabled((*column).into(), false)
                    .set_column_encoding((*column).into(), Encoding::DELTA_BINARY_PACKED)
            },
        );
        let schema = Arc::new(parse_message_type(SCHEMA)?);
        let file = SerializedFileWriter::new(File::create(path)?, schema, Arc::new(properties.build()))?;
        Ok(Self { file, rows: Vec::new(), steps: Vec::new(), written: 0, problem: None })
    }

    /// Ends the file; how many operations stand in it.
    pub fn finish(mut self) -> Result<u64> {
        self.flush();
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        self.file.close()?;
        Ok(self.written)
    }

    fn flush(&mut self) {
        if self.rows.is_empty() || self.problem.is_some() {
            self.rows.clear();
            return;
        }
        self.rows.sort_unstable_by_key(|s| s.due_ns);
        let written =
            self.file.next_row_group().and_then(|group| write_group(group, &self.rows, &self.steps));
        match written {
            Ok(()) => self.written += self.rows.len() as u64,
            Err(problem) => self.problem = Some(problem),
        }
        self.rows.clear();
    }
}

impl Sink for SampleWriter {
    fn take(&mut self, event: &RunEvent) {
        let found = match event {
            RunEvent::Started(started) => &started.plan.steps,
            RunEvent::Steps(found) => found,
            _ => return,
        };
        self.steps.extend(found.iter().map(|s| ByteArray::from(s.name.as_str())));
    }

    fn samples(&mut self, samples: &[Sample]) {
        self.rows.extend_from_slice(samples);
        if self.rows.len() >= GROUP_ROWS {
            self.flush();
        }
    }
}

fn write_group(
    mut group: SerializedRowGroupWriter<'_, File>,
    rows: &[Sample],
    steps: &[ByteArray],
) -> Result<()> {
    let outcomes = Outcome::ALL.map(|o| ByteArray::from(o.name()));
    for column in 0.. {
        let Some(mut writer) = group.next_column()? else { break };
        match (column, writer.untyped()) {
            (0, ColumnWriter::Int64ColumnWriter(w)) => {
                w.write_batch(&collect(rows, |s| s.due_ns as i64), None, None)?;
            }
            (1, ColumnWriter::Int64ColumnWriter(w)) => {
                let sent: Vec<_> = rows.iter().filter_map(wait_ns).collect();
                w.write_batch(&sent, Some(&collect(rows, |s| i16::from(s.sent_ns.is_some()))), None)?;
            }
            (2, ColumnWriter::Int64ColumnWriter(w)) => {
                w.write_batch(&collect(rows, |s| s.done_ns.saturating_sub(s.due_ns) as i64), None, None)?;
            }
            (3, ColumnWriter::ByteArrayColumnWriter(w)) => {
                let name = |s: &Sample| steps.get(usize::from(s.step)).cloned().unwrap_or_else(|| "".into());
                w.write_batch(&collect(rows, name), None, None)?;
            }
            (4, ColumnWriter::ByteArrayColumnWriter(w)) => {
                w.write_batch(&collect(rows, |s| outcomes[s.outcome.index()].clone()), None, None)?;
            }
            (5, ColumnWriter::Int32ColumnWriter(w)) => {
                w.write_batch(&collect(rows, |s| i32::from(s.status)), None, None)?;
            }
            (6, ColumnWriter::Int64ColumnWriter(w)) => {
                w.write_batch(&collect(rows, |s| s.bytes_received as i64), None, None)?;
            }
            _ => unreachable!("the columns of SCHEMA"),
        }
        writer.close()?;
    }
    group.close().map(drop)
}

fn wait_ns(sample: &Sample) -> Option<i64> {
    sample.sent_ns.map(|sent| sent.saturating_sub(sample.due_ns) as i64)
}

fn collect<T>(rows: &[Sample], value: impl Fn(&Sample) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}
