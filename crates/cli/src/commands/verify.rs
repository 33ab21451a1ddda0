//! `plimsoll verify`: does a run directory say what its record says?

use anyhow::Context;
use plimsoll_report::{RunDirectory, verify as compare};

use crate::args::VerifyArgs;
use crate::console;
use crate::exit_code::Exit;

/// See the module.
pub(crate) fn verify(args: &VerifyArgs) -> anyhow::Result<Exit> {
    let directory = RunDirectory::open(&args.run);
    let verified = compare(&directory)
        .with_context(|| format!("{} is not a run directory that can be verified", args.run.display()))?;
    let headline = match (verified.differs.len(), verified.missing.len()) {
        (0, 0) => "⦵ Plimsoll: everything in this directory is what its record says.".to_owned(),
        (0, n) => format!("⦵ Plimsoll: what is there is what the record says; {n} files are missing."),
        (n, _) => format!("⦵ Plimsoll: {n} places differ from the record."),
    };
    let mut lines = vec![headline];
    let listed =
        [("DIFFERS", &verified.differs), ("MISSING", &verified.missing), ("AGREES", &verified.agrees)];
    for (word, sentences) in listed {
        lines.extend(sentences.iter().map(|sentence| format!("  {word:<8} {sentence}")));
    }
    console::result(&format!("{}\n", lines.join("\n")));
    Ok(if verified.differs.is_empty() && verified.missing.is_empty() {
        Exit::Success
    } else {
        Exit::Unproven
    })
}
