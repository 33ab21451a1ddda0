//! What a client shows of itself.

use std::path::PathBuf;

use super::super::diagnostics::Place;
use super::Lowering;

impl Lowering<'_> {
    /// A certificate chain and its key; one alone is a mistake.
    pub(super) fn client_pair(
        &mut self,
        cert: Option<&String>,
        key: Option<&String>,
        place: &Place,
    ) -> Option<(PathBuf, PathBuf)> {
        match (cert, key) {
            (Some(chain), Some(key)) => Some((self.base.join(chain), self.base.join(key))),
            (None, None) => None,
            _ => {
                self.diagnostics.error(
                    place,
                    "a client certificate needs its key, and a key its certificate",
                    "give both `cert` and `key`",
                );
                None
            }
        }
    }
}
