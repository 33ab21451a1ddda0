//! `k6/experimental/fs` and `csv`: files that are read once and shared by all users.

use std::rc::Rc;

use rquickjs::function::Func;
use rquickjs::{Array, ArrayBuffer, Ctx, IntoJs, Object, Result};

use super::bytes::buffer;
use super::go_error;
use crate::vu::Vu;

pub(super) fn install<'js>(own: &Object<'js>, vu: &Rc<Vu>) -> Result<()> {
    let v = vu.clone();
    own.set("openFile", Func::from(move |ctx: Ctx<'js>, path: String| opened(&ctx, &v, &path)))?;
    let v = vu.clone();
    own.set(
        "fileSlice",
        Func::from(
            move |ctx: Ctx<'js>, path: String, from: usize, count: usize| -> Result<ArrayBuffer<'js>> {
                let bytes = v.run.sources.file(&path).map_err(|problem| go_error(&ctx, &problem))?;
                buffer(&ctx, bytes.get(from..from + count).unwrap_or_default().to_vec())
            },
        ),
    )?;
    let v = vu.clone();
    own.set(
        "csvRows",
        Func::from(
            move |ctx: Ctx<'js>,
                  path: String,
                  at: usize,
                  delimiter: String,
                  from: usize,
                  to: usize,
                  as_objects: bool| {
                let wanted =
                    Wanted { delimiter: delimiter.bytes().next().unwrap_or(b','), from, to, as_objects };
                rows(&ctx, &v, &path, at, &wanted)
            },
        ),
    )
}

/// The whole path, the size in bytes, and what keeps it from being opened.
fn opened<'js>(ctx: &Ctx<'js>, vu: &Vu, path: &str) -> Result<Array<'js>> {
    let whole = vu.run.sources.path(path);
    let (size, problem) = if whole.is_dir() {
        (0, Some("directory"))
    } else {
        vu.run.sources.file(path).map_or((0, Some("missing")), |bytes| (bytes.len(), None))
    };
    let all = Array::new(ctx.clone())?;
    all.set(0, whole.display().to_string())?;
    all.set(1, size as f64)?;
    all.set(2, problem.into_js(ctx)?)?;
    Ok(all)
}

/// Which rows of a table are wanted: from a line, counted from 0, to another that is included; 0 is no limit.
struct Wanted {
    delimiter: u8,
    from: usize,
    to: usize,
    as_objects: bool,
}

/// The name of the shared list, its length, and how many lines the file has.
fn rows<'js>(ctx: &Ctx<'js>, vu: &Vu, path: &str, at: usize, wanted: &Wanted) -> Result<Array<'js>> {
    let Wanted { delimiter, from, to, as_objects } = wanted;
    let name = format!("csv:{path}:{at}:{delimiter}:{from}:{to}:{as_objects}");
    let bytes = vu.run.sources.file(path).map_err(|problem| go_error(ctx, &problem))?;
    // Behind the rows stands how many lines the file has.
    let list = vu.run.shared_array(&name).unwrap_or_else(|| {
        let (mut list, read) = table(bytes.get(at..).unwrap_or_default(), wanted);
        list.push(read.to_string().into());
        vu.run.share_array(name.clone(), list)
    });
    let (read, rows) = list.split_last().expect("the number of lines stands in it");
    let all = Array::new(ctx.clone())?;
    all.set(0, name)?;
    all.set(1, rows.len() as f64)?;
    all.set(2, read.parse::<f64>().unwrap_or(0.0))?;
    Ok(all)
}

/// The rows as JSON, and how many lines there were. A row that is broken is an object that says so.
fn table(bytes: &[u8], wanted: &Wanted) -> (Vec<Box<str>>, usize) {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(wanted.delimiter)
        .from_reader(bytes);
    let (mut rows, mut header, mut width) = (Vec::new(), Vec::<String>::new(), None);
    let mut read = 0;
    for (number, record) in reader.byte_records().enumerate() {
        read += 1;
        if wanted.to > 0 && number > wanted.to {
            break;
        }
        let Ok(record) = record else { continue };
        let fields: Vec<_> = record.iter().map(|f| String::from_utf8_lossy(f).into_owned()).collect();
        let expected = *width.get_or_insert(fields.len());
        if wanted.as_objects && number == 0 {
            header = fields;
            continue;
        }
        if number < wanted.from {
            continue;
        }
        let row = if fields.len() != expected {
            let line = record.position().map_or(number as u64 + 1, csv::Position::line);
            serde_json::json!({ "broken": format!("record on line {line}: wrong number of fields") })
        } else if wanted.as_objects {
            header.iter().cloned().zip(fields.into_iter().map(serde_json::Value::from)).collect()
        } else {
            fields.into()
        };
        rows.push(row.to_string().into());
    }
    (rows, read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_taken_as_wanted_and_broken_ones_say_so() {
        let text = b"a,b\n1,\"x, y\"\n2,3,4\n5,6\n";
        let of =
            |from, to, as_objects| table(text, &Wanted { delimiter: b',', from, to, as_objects }).0.join(" ");
        assert_eq!(of(1, 1, false), "[\"1\",\"x, y\"]");
        assert_eq!(of(0, 1, true), "{\"a\":\"1\",\"b\":\"x, y\"}");
        assert_eq!(
            of(2, 0, false),
            "{\"broken\":\"record on line 3: wrong number of fields\"} [\"5\",\"6\"]"
        );
    }
}
