//! Operations of a protocol that somebody else brings (docs/PROTOCOLS.md). Pure data.

use std::sync::Arc;

use crate::Nanos;

/// One operation, in words that only its protocol knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnRequest {
    /// Whom it is sent to: an address whose scheme is the protocol's name.
    pub server: Arc<str>,
    /// What the plan says under `call`, as JSON with its templates filled in.
    pub call: String,
    /// For the whole operation, in nanoseconds.
    pub timeout_ns: Nanos,
}
