//! Where the phases of an operation stand in [`plimsoll_metrics::window::PHASE_NAMES`].

pub(crate) const BLOCKED: usize = 0;
pub(crate) const DNS: usize = 1;
pub(crate) const CONNECT: usize = 2;
pub(crate) const TLS: usize = 3;
pub(crate) const SEND: usize = 4;
pub(crate) const WAIT: usize = 5;
pub(crate) const RECEIVE: usize = 6;

#[cfg(test)]
mod tests {
    use plimsoll_metrics::window::PHASE_NAMES;

    use super::*;

    #[test]
    fn every_phase_stands_where_its_name_does() {
        let named = [BLOCKED, DNS, CONNECT, TLS, SEND, WAIT, RECEIVE].map(|at| PHASE_NAMES[at]);
        assert_eq!(named, ["blocked", "dns", "connect", "tls", "send", "wait", "receive"]);
        assert_eq!(named, PHASE_NAMES);
    }
}
