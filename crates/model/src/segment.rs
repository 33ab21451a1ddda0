//! Which part of a plan one load thread executes.

use serde::{Deserialize, Serialize};

/// Part `index` of `count`: the local run of one thread is 0 of 1. Arrivals and users are dealt out in turn,
/// so every part is a thinned copy of the whole and the union over parts is exactly the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Which part, from 0.
    pub index: u32,
    /// Of how many.
    pub count: u32,
}

impl Segment {
    /// The whole plan.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// Part `inner.index` of `inner.count` of this part.
    #[must_use]
    pub const fn split(self, inner: Self) -> Self {
        Self { index: self.index + self.count * inner.index, count: self.count * inner.count }
    }

    /// Whether the `number`-th item (arrival, user) belongs to this part.
    pub const fn owns(self, number: u64) -> bool {
        number % self.count as u64 == self.index as u64
    }

    /// How many of the first `total` items belong to this part.
    pub const fn share(self, total: u64) -> u64 {
        (total + (self.count - 1 - self.index) as u64) / self.count as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_parts_make_up_the_whole() {
        for total in [0u64, 1, 7, 100] {
            let parts: Vec<_> = (0..3)
                .flat_map(|agent| {
                    (0..2).map(move |worker| {
                        Segment { index: agent, count: 3 }.split(Segment { index: worker, count: 2 })
                    })
                })
                .collect();
            assert_eq!(parts.iter().map(|p| p.share(total)).sum::<u64>(), total);
            for number in 0..total {
                assert_eq!(parts.iter().filter(|p| p.owns(number)).count(), 1);
            }
            for part in parts {
                assert_eq!((0..total).filter(|n| part.owns(*n)).count() as u64, part.share(total));
            }
        }
    }
}
