//! Descriptions of services that are called by gRPC: whoever runs a script knows how to read them.

use std::path::PathBuf;

/// Reads descriptions of services.
pub trait Services: Send + Sync {
    /// Reads files (`.proto`, or one compiled set of descriptors), which look for each other in `includes`, and describes the
    /// methods that they hold. Calls know them from then on.
    ///
    /// # Errors
    ///
    /// In words, what is wrong with the files.
    fn load(&self, includes: &[PathBuf], files: &[PathBuf]) -> Result<Vec<ServiceMethod>, String>;
}

/// A method of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceMethod {
    /// What its service belongs to; may be empty.
    pub package: String,
    /// Its service, without the package.
    pub service: String,
    /// Its name.
    pub name: String,
    /// It takes any number of messages.
    pub takes_stream: bool,
    /// It answers with any number of messages.
    pub gives_stream: bool,
}

impl ServiceMethod {
    /// `/package.Service/Method`.
    pub fn path(&self) -> String {
        let dot = if self.package.is_empty() { "" } else { "." };
        format!("/{}{dot}{}/{}", self.package, self.service, self.name)
    }
}
