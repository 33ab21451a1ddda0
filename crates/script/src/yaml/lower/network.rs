//! Networks between users and target, scenario by scenario.

use plimsoll_model::dial::NetworkConditions;

use super::Lowering;
use super::steps::{Purpose, Scope};

/// Protocols whose connections can be held up.
const HELD_UP: [&str; 2] = ["http", "mcp"];

impl Lowering<'_> {
    /// What lies in between, in the order of the plan.
    pub(super) fn networks(&mut self) -> Vec<NetworkConditions> {
        let file = self.file;
        let known: Vec<_> = file.scenarios.iter().map(|(name, _)| name.value.as_str()).collect();
        let mut networks = Vec::new();
        for (name, item) in file.network.iter() {
            if !known.contains(&name.value.as_str()) {
                self.unknown(name, "scenario", &known);
            }
            let says_nothing = item.latency.is_none()
                && item.jitter.is_none()
                && item.bandwidth.is_none()
                && item.loss.is_none();
            let (latency, jitter) = (item.latency.map_or(0, |d| d.0), item.jitter.map_or(0, |d| d.0));
            let problem = match () {
                () if says_nothing => {
                    Some(("this network is as the one there is", "add latency, bandwidth or loss"))
                }
                () if jitter > latency => Some((
                    "nothing arrives before it was sent: jitter is larger than latency",
                    "lower `jitter`",
                )),
                () => None,
            };
            if let Some((message, hint)) = problem {
                self.diagnostics.error(&name.place, message, hint);
            }
            networks.push(NetworkConditions {
                latency_ns: latency,
                jitter_ns: jitter,
                bandwidth_bits_per_s: item.bandwidth.map_or(0, |rate| rate.0),
                lost_per_million: item.loss.map_or(0, |share| (share.0 * 1e6).round() as u32),
            });
        }
        networks
    }

    /// The number of the network that a scenario's users are behind.
    pub(super) fn network(&self, scope: &Scope) -> Option<u16> {
        if scope.purpose != Purpose::Load {
            return None;
        }
        let (name, _) = self.file.scenarios.0.get(usize::from(scope.scenario))?;
        let number = self.file.network.iter().position(|(of, _)| of.value == name.value)?;
        Some(number as u16)
    }

    /// What goes around a network must not look as if it went through.
    pub(super) fn refuse_without_network(&mut self, protocol: &str, scope: &Scope) {
        let Some(number) = self.network(scope).filter(|_| !HELD_UP.contains(&protocol)) else { return };
        let (name, _) = &self.file.network.0[usize::from(number)];
        self.diagnostics.error(
            &name.place,
            format!("the scenario `{}` also speaks {protocol}, which goes around this network", name.value),
            "only HTTP and MCP over HTTP are held up; put other steps into a scenario of their own",
        );
    }
}
