//! The files of a run directory that are computed from its record, each by one renderer.

use std::io;

use crate::{RunDirectory, View, html, json, junit, markdown, text};

/// A file computed from the record.
pub struct Rendered {
    /// Its name in the directory.
    pub name: &'static str,
    /// What stands in it.
    pub render: fn(&View) -> String,
}

/// All of them.
pub const RENDERED: [Rendered; 5] = [
    Rendered { name: "run.json", render: json },
    Rendered { name: "report.txt", render: text },
    Rendered { name: "report.md", render: markdown },
    Rendered { name: "report.html", render: html },
    Rendered { name: "junit.xml", render: junit },
];

/// Writes all of them.
pub fn write(directory: &RunDirectory, view: &View) -> io::Result<()> {
    RENDERED.iter().try_for_each(|file| std::fs::write(directory.path().join(file.name), (file.render)(view)))
}
