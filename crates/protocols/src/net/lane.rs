//! One direction of a network that is slower than ours: when what is handed to it now will be at the other end. Pure: it is told
//! the time, and what is left to chance follows from a seed.

use plimsoll_model::dial::NetworkConditions;
use plimsoll_model::{Nanos, SECOND_NS};

/// Bytes of a segment of TCP over Ethernet.
const SEGMENT_BYTES: usize = 1_460;

/// What was lost comes again when its sender has waited for so long, or for a round trip if that is longer (the least that
/// Linux waits; RFC 6298 asks for more).
const RETRANSMIT_NS: Nanos = 200_000_000;

/// One direction.
#[derive(Debug)]
pub(crate) struct Lane {
    conditions: NetworkConditions,
    /// Everything that was handed over has left by then.
    free_ns: Nanos,
    /// When the last of it is there: nothing overtakes.
    last_ns: Nanos,
    chance: u64,
}

impl Lane {
    pub(crate) const fn new(conditions: NetworkConditions, seed: u64) -> Self {
        Self { conditions, free_ns: 0, last_ns: 0, chance: seed }
    }

    /// When so many bytes that are handed over now are all at the other end.
    pub(crate) fn due(&mut self, now_ns: Nanos, bytes: usize) -> Nanos {
        let NetworkConditions { latency_ns, jitter_ns, bandwidth_bits_per_s, lost_per_million } =
            self.conditions;
        let bits = bytes as u64 * 8;
        let sending = bits.saturating_mul(SECOND_NS).checked_div(bandwidth_bits_per_s).unwrap_or(0);
        self.free_ns = self.free_ns.max(now_ns) + sending;
        // Half of each belongs to this direction: the jitter lies on both sides of the latency.
        let beside = if jitter_ns == 0 { 0 } else { self.draw(jitter_ns + 1) };
        let mut under_way = (latency_ns / 2 + beside).saturating_sub(jitter_ns / 2);
        let lost = (0..bytes.div_ceil(SEGMENT_BYTES))
            .filter(|_| lost_per_million > 0 && self.draw(1_000_000) < u64::from(lost_per_million));
        if lost.count() > 0 {
            under_way += RETRANSMIT_NS.max(latency_ns);
        }
        self.last_ns = self.last_ns.max(self.free_ns + under_way);
        self.last_ns
    }

    /// An even draw below `end` (SplitMix64 by Vigna, multiplied down).
    fn draw(&mut self, end: u64) -> u64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.chance;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u128::from(z ^ (z >> 31)) * u128::from(end)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Nanos = 1_000_000;

    fn lane(conditions: NetworkConditions) -> Lane {
        Lane::new(conditions, 7)
    }

    #[test]
    fn half_of_the_latency_lies_on_each_way() {
        let mut lane = lane(NetworkConditions { latency_ns: 40 * MS, ..NetworkConditions::default() });
        assert_eq!((lane.due(0, 100), lane.due(7 * MS, 100_000)), (20 * MS, 27 * MS));
    }

    #[test]
    fn bytes_queue_for_the_line() {
        // 8 Mbit/s: a millisecond for each thousand bytes.
        let conditions =
            NetworkConditions { bandwidth_bits_per_s: 8_000_000, ..NetworkConditions::default() };
        let mut lane = lane(conditions);
        assert_eq!((lane.due(0, 1_000), lane.due(0, 2_000)), (MS, 3 * MS));
        assert_eq!(lane.due(10 * MS, 1_000), 11 * MS);
    }

    #[test]
    fn jitter_lies_within_its_bounds_on_both_sides_and_nothing_overtakes() {
        let conditions =
            NetworkConditions { latency_ns: 40 * MS, jitter_ns: 10 * MS, ..NetworkConditions::default() };
        let mut lane = lane(conditions);
        // So far apart that none waits for another.
        let took: Vec<_> = (0..1_000).map(|n| lane.due(n * 100 * MS, 1) - n * 100 * MS).collect();
        assert!(took.iter().all(|ns| (15 * MS..=25 * MS).contains(ns)), "{took:?}");
        let early = took.iter().filter(|ns| **ns < 20 * MS).count();
        assert!((400..=600).contains(&early), "{early} of 1000 came early");
        let together: Vec<_> = (0..1_000).map(|_| lane.due(0, 1)).collect();
        assert!(together.is_sorted());
    }

    #[test]
    fn what_is_lost_comes_a_retransmission_later() {
        let conditions = NetworkConditions { lost_per_million: 100_000, ..NetworkConditions::default() };
        let mut lane = lane(conditions);
        let late = (0..1_000).filter(|n| lane.due(n * SECOND_NS, 100) == n * SECOND_NS + RETRANSMIT_NS);
        let late = late.count();
        // Ten in a hundred, within five standard deviations.
        assert!((53..=147).contains(&late), "{late} of 1000");
        // Of a hundred segments at one in ten, at least one is lost.
        assert!(lane.due(2_000 * SECOND_NS, 100 * SEGMENT_BYTES) > 2_000 * SECOND_NS);
    }

    #[test]
    fn without_conditions_nothing_changes() {
        let mut lane = lane(NetworkConditions::default());
        assert_eq!((lane.due(5, 1_000_000), lane.due(6, 1)), (5, 6));
    }
}
