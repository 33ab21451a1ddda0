//! What goes wrong on a connection of HTTP/2, whatever travels over it.

use super::NetError;

/// What an error of the library means.
pub(crate) enum TwoFailure {
    /// The socket was lost.
    Net(NetError),
    /// The other side broke something off, or broke the rules: a class, and the whole story.
    Protocol(&'static str, String),
}

impl TwoFailure {
    pub(crate) fn of(error: &h2::Error) -> Self {
        if let Some(io) = error.get_io() {
            return Self::Net(NetError::Lost(std::io::Error::new(io.kind(), io.to_string())));
        }
        let reason = error.reason().map_or_else(String::new, |reason| format!(" ({reason:?})"));
        let class = match () {
            () if error.is_go_away() && error.is_remote() => "went away",
            () if error.is_reset() && error.is_remote() => "stream reset",
            // What we would not take, or could not read.
            () => "not http/2",
        };
        Self::Protocol(class, format!("{error}{reason}"))
    }
}
