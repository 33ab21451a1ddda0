//! One connection with its place in a response.

use super::response::ResponseReader;
use crate::net::{Origin, Stream};

/// One connection.
pub(crate) struct Connection {
    pub(crate) origin: Origin,
    pub(crate) stream: Stream,
    pub(crate) reader: ResponseReader,
    /// Responses it has carried: a failure on the first is the target's, on a later one it may be old age.
    pub(crate) served: u64,
}

impl Connection {
    pub(crate) fn new(origin: Origin, stream: Stream) -> Box<Self> {
        Box::new(Self { origin, stream, reader: ResponseReader::new(), served: 0 })
    }
}
