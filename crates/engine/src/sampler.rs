//! Operations kept one by one, all of them or a share drawn by chance.

use plimsoll_model::{Observation, Sample, Segment};
use rand::{RngCore, SeedableRng};
use rand_xoshiro::SplitMix64;

/// Samples of a chunk. Chunks of this size (40 KiB) are given back and used again by the allocator; one large piece a
/// second would be fresh pages every time, which cost more than everything else here.
const CHUNK: usize = 1_024;

/// Which operations of a load thread are kept, and those kept since the last hand-over.
#[derive(Debug)]
pub(crate) struct Sampler {
    /// An operation is kept if its draw lies below this; [`u64::MAX`] keeps all.
    below: u64,
    /// Every operation is drawn apart from its time, so that no rhythm of the load can hide from a share.
    random: SplitMix64,
    filling: Vec<Sample>,
    full: Vec<Vec<Sample>>,
}

impl Sampler {
    /// Keeps `share` (0 to 1) of the operations, drawn from the run's seed.
    pub(crate) fn new(share: f64, seed: u64, segment: Segment) -> Self {
        let below = if share >= 1.0 { u64::MAX } else { (share * u64::MAX as f64) as u64 };
        let own = seed ^ u64::from(segment.index).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self { below, random: SplitMix64::seed_from_u64(own), filling: Vec::new(), full: Vec::new() }
    }

    #[inline]
    pub(crate) fn see(&mut self, observation: &Observation<'_>) {
        let Observation { begun, outcome, reply, .. } = *observation;
        self.keep(Sample {
            due_ns: begun.due_ns,
            sent_ns: reply.sent_ns,
            done_ns: reply.done_ns,
            bytes_received: reply.bytes_received,
            step: begun.step,
            status: reply.status,
            outcome,
        });
    }

    #[inline]
    pub(crate) fn keep(&mut self, sample: Sample) {
        if self.below == u64::MAX || self.random.next_u64() < self.below {
            if self.filling.len() == self.filling.capacity() {
                self.turn_over();
            }
            self.filling.push(sample);
        }
    }

    #[cold]
    fn turn_over(&mut self) {
        let filled = std::mem::replace(&mut self.filling, Vec::with_capacity(CHUNK));
        if !filled.is_empty() {
            self.full.push(filled);
        }
    }

    /// What was kept since the last call, in chunks.
    pub(crate) fn take(&mut self) -> Vec<Vec<Sample>> {
        self.turn_over();
        std::mem::take(&mut self.full)
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Outcome;

    use super::*;

    fn kept(share: f64, seed: u64) -> Vec<Sample> {
        let mut sampler = Sampler::new(share, seed, Segment::WHOLE);
        for due_ns in 0..100_000 {
            sampler.keep(Sample {
                due_ns,
                sent_ns: None,
                done_ns: due_ns,
                bytes_received: 0,
                step: 0,
                status: 0,
                outcome: Outcome::Ok,
            });
        }
        sampler.take().concat()
    }

    #[test]
    fn all_a_share_and_the_same_share_again() {
        assert_eq!(kept(1.0, 1).len(), 100_000);
        // Binomial(100 000, 0.01): six standard deviations are 189.
        assert!((811..=1189).contains(&kept(0.01, 1).len()));
        assert_eq!(kept(0.01, 1), kept(0.01, 1));
        assert_ne!(kept(0.01, 1), kept(0.01, 2));
    }
}
