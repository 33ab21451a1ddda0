//! A run directory: everything needed to compute every number again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A run directory.
#[derive(Clone, Debug)]
pub struct RunDirectory(PathBuf);

impl RunDirectory {
    /// Creates the directory. One that already holds a run is refused: a record is not overwritten.
    pub fn create(path: &Path) -> io::Result<Self> {
        let directory = Self(path.to_owned());
        if directory.events().exists() {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                format!("{} already holds a run", path.display()),
            ));
        }
        fs::create_dir_all(path)?;
        Ok(directory)
    }

    /// An existing directory.
    pub fn open(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The recorded events.
    pub fn events(&self) -> PathBuf {
        self.0.join("events.plimsoll")
    }

    /// The plan as executed.
    pub fn plan(&self) -> PathBuf {
        self.0.join("plan.yaml")
    }

    /// Operations one by one, if they were kept.
    pub fn samples(&self) -> PathBuf {
        self.0.join(crate::samples::NAME)
    }

    /// The machine-readable result.
    pub fn json(&self) -> PathBuf {
        self.0.join("run.json")
    }

    /// The summary.
    pub fn text(&self) -> PathBuf {
        self.0.join("report.txt")
    }
}

/// Writes a whole file, with its directory if there is none. Nobody ever finds half of it.
pub(crate) fn write_whole(file: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory)?;
    }
    let part = file.with_extension("part");
    fs::write(&part, content)?;
    fs::rename(part, file)
}
