//! The plan's file and those it includes.

use std::path::{Path, PathBuf};

use super::super::diagnostics::{Diagnostics, SourceFile};
use super::super::read::{Read, Table};
use super::super::source;
use super::super::types::PlanFile;

/// Includes may not nest deeper.
const INCLUDE_DEPTH_MAX: usize = 8;

/// A plan with everything it includes.
pub(in crate::yaml) struct Merged {
    pub(super) file: PlanFile,
    pub(super) base: PathBuf,
    pub(super) stem: String,
}

/// Reads the plan and what it includes.
pub(in crate::yaml) fn read_all(path: &Path, text: String, diagnostics: &mut Diagnostics) -> Option<Merged> {
    let base = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut file = read_one(path, text, diagnostics)?;
    include(&mut file, &base, diagnostics, 0)?;
    Some(Merged { file, base, stem })
}

fn read_one(path: &Path, text: String, diagnostics: &mut Diagnostics) -> Option<PlanFile> {
    let number = diagnostics.files.len();
    diagnostics.files.push(SourceFile { path: path.to_owned(), text });
    let node = source::parse(number, diagnostics)?;
    PlanFile::read(&node, diagnostics)
}

fn include(file: &mut PlanFile, base: &Path, diagnostics: &mut Diagnostics, depth: usize) -> Option<()> {
    for written in std::mem::take(&mut file.include) {
        if depth == INCLUDE_DEPTH_MAX {
            diagnostics.error(
                &written.place,
                "files include each other too deeply",
                "a file may not include itself, directly or through others",
            );
            return None;
        }
        let path = base.join(&written.value);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                diagnostics.error(
                    &written.place,
                    format!("failed to read {}: {error}", path.display()),
                    "paths start from the directory of the plan that names them",
                );
                return None;
            }
        };
        let mut part = read_one(&path, text, diagnostics)?;
        include(&mut part, path.parent().unwrap_or(base), diagnostics, depth + 1)?;
        if !part.load.0.is_empty() || !part.claims.is_empty() {
            diagnostics.error(
                &part.place,
                "an included file may not bring load or claims",
                "keep `load` and `claims` in the plan itself, where they are seen",
            );
        }
        merge(&mut file.targets, part.targets, diagnostics);
        merge(&mut file.instances, part.instances, diagnostics);
        merge(&mut file.env, part.env, diagnostics);
        merge(&mut file.vars, part.vars, diagnostics);
        merge(&mut file.data, part.data, diagnostics);
        merge(&mut file.scenarios, part.scenarios, diagnostics);
        merge(&mut file.tags, part.tags, diagnostics);
        merge(&mut file.monitor, part.monitor, diagnostics);
        file.price = file.price.take().or(part.price);
        file.target = file.target.take().or(part.target);
        file.http = file.http.take().or(part.http);
        file.mcp = file.mcp.take().or(part.mcp);
        file.delivery = file.delivery.take().or(part.delivery);
        file.sql = file.sql.take().or(part.sql);
        file.nats = file.nats.take().or(part.nats);
        file.setup.extend(part.setup);
        file.teardown.extend(part.teardown);
    }
    Some(())
}

fn merge<T>(into: &mut Table<T>, from: Table<T>, diagnostics: &mut Diagnostics) {
    for (key, value) in from.0 {
        if let Some((first, _)) = into.iter().find(|(k, _)| k.value == key.value) {
            let at = diagnostics.position(&first.place);
            diagnostics.error(
                &key.place,
                format!("`{}` is already defined in {at}", key.value),
                "give one of the two another name",
            );
        } else {
            into.0.push((key, value));
        }
    }
}
