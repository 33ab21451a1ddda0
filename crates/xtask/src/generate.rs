//! Files that are made from types and committed.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::shell::root;
use crate::systems;

/// Writes schemas and pages, or checks that the committed ones are what would be written.
pub(crate) fn generate(check: bool) -> Result<()> {
    let mut plan = serde_json::to_string_pretty(&plimsoll_script::schema())?;
    plan.push('\n');
    let mut suite = serde_json::to_string_pretty(&plimsoll_script::suite_schema())?;
    suite.push('\n');
    let files = [
        ("schemas/plan.schema.json", plan),
        ("schemas/suite.schema.json", suite),
        ("schemas/suite-run.schema.json", plimsoll_report::suite::schema()),
        ("schemas/run.schema.json", plimsoll_report::render::json::schema()),
        systems::page_file()?,
    ];
    let mut stale = Vec::new();
    for (name, text) in files {
        let path = root().join(name);
        if fs::read_to_string(&path).is_ok_and(|old| old == text) {
            continue;
        }
        if check {
            stale.push(name);
        } else {
            fs::write(&path, text).with_context(|| format!("failed to write {name}"))?;
            println!("wrote {name}");
        }
    }
    if stale.is_empty() {
        Ok(())
    } else {
        bail!("{} not fresh; run `cargo xtask gen` and commit", stale.join(", "))
    }
}
