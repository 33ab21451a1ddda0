//! What every protocol must do when the other side behaves, and when it does not; real sockets, real servers.

mod client;
mod http_behaves;
mod http_breaks;
mod http_tls;
