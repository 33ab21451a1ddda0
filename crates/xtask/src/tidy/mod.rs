//! The style as a test: what a person would otherwise have to say in review.

mod documents;
mod imports;
mod sources;

use anyhow::{Result, bail};

/// See the module.
pub(crate) fn tidy() -> Result<()> {
    let mut problems = imports::check()?;
    problems.extend(sources::check()?);
    problems.extend(documents::check()?);
    if problems.is_empty() {
        println!("tidy");
        return Ok(());
    }
    problems.iter().for_each(|p| println!("{p}"));
    bail!("{} untidy places", problems.len())
}
