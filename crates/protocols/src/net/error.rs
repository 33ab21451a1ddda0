//! What goes wrong below the protocol, in classes that reports count by.

use std::io;

use plimsoll_model::{Failure, Outcome};

/// A connection that could not be made, or was lost.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NetError {
    #[error("no address for {host}")]
    Dns {
        host: String,
        #[source]
        source: Option<io::Error>,
    },
    #[error("no connection to {address}")]
    Connect {
        address: String,
        #[source]
        source: io::Error,
    },
    #[error("no TLS with {host}")]
    Tls {
        host: String,
        #[source]
        source: io::Error,
    },
    #[error("the proxy {proxy} refused: {reason}")]
    Proxy { proxy: String, reason: String },
    #[error("{what} is blocked by {pattern}")]
    Blocked { what: String, pattern: String, is_name: bool },
    #[error("the connection was lost")]
    Lost(#[source] io::Error),
    #[error("no answer within {0}")]
    TimedOut(&'static str),
}

impl NetError {
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::TimedOut(_) => Outcome::Timeout,
            _ => Outcome::ConnectError,
        }
    }

    /// The class, and the whole chain of causes as the message.
    pub(crate) fn failure(&self) -> Failure {
        let mut message = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        let class = match self {
            Self::Dns { .. } => "dns",
            Self::Connect { source, .. } | Self::Lost(source) => io_class(source),
            Self::Tls { .. } => "tls",
            Self::Proxy { .. } => "proxy",
            Self::Blocked { is_name: true, .. } => "blocked name",
            Self::Blocked { .. } => "blocked address",
            Self::TimedOut(what) => what,
        };
        Failure::new(class, message)
    }
}

/// A short name for what the system said.
fn io_class(error: &io::Error) -> &'static str {
    // EMFILE and ENFILE have no kind of their own.
    if matches!(error.raw_os_error(), Some(23 | 24)) {
        return "no descriptors";
    }
    match error.kind() {
        io::ErrorKind::AddrNotAvailable => "no ports",
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset => {
            "reset"
        }
        io::ErrorKind::ConnectionRefused => "refused",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => "unreachable",
        io::ErrorKind::TimedOut => "connect timeout",
        io::ErrorKind::UnexpectedEof => "closed",
        _ => "io",
    }
}
