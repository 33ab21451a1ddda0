//! Streams of server-sent events: taking them apart as they come, and what answers of language models say in them.
//! Not a protocol of its own: it stands beside `net`, for all that speak HTTP.

mod dialect;
mod sse;
mod watch;

pub(crate) use watch::{StreamError, Watch, make_ready};
