//! A histogram at rest: the form in which a window travels and is stored.
//!
//! Layout, all LEB128 varints: count, sum, min, max, clamped, then for every bucket in use the distance to
//! the previous bucket and its count. Typical windows take one to two bytes a bucket.

use serde::{Deserialize, Serialize};

use crate::Nanos;
use crate::histogram::{Exact, HIGHEST_NS, Histogram, highest_of, index_of};

/// An immutable histogram in its stored form. Reads walk the bytes; nothing is unpacked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compact(Box<[u8]>);

/// The bytes are not a stored histogram.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CompactError {
    /// The bytes end inside a number.
    #[error("the stored histogram ends inside a number")]
    Truncated,
    /// The counts of the buckets do not add up to the stored count.
    #[error("the stored histogram says {stated} samples, its buckets hold {counted}")]
    Unbalanced {
        /// The stored count.
        stated: u64,
        /// What the buckets add up to.
        counted: u64,
    },
    /// A bucket lies outside the layout.
    #[error("the stored histogram names bucket {0}, which does not exist")]
    OutOfRange(u64),
}

impl Compact {
    /// Checks bytes from outside before anything walks them.
    pub fn check(&self) -> Result<(), CompactError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut reader = Varints(&self.0);
        let exact = reader.exact().ok_or(CompactError::Truncated)?;
        let (mut index, mut counted) = (0u64, 0u64);
        while !reader.0.is_empty() {
            index = index.saturating_add(reader.next().ok_or(CompactError::Truncated)? as u64);
            if index > index_of(HIGHEST_NS) as u64 {
                return Err(CompactError::OutOfRange(index));
            }
            counted = counted.saturating_add(reader.next().ok_or(CompactError::Truncated)? as u64);
        }
        if counted == exact.count {
            Ok(())
        } else {
            Err(CompactError::Unbalanced { stated: exact.count, counted })
        }
    }

    /// Count, sum, min, max and clamped.
    pub fn exact(&self) -> Exact {
        Varints(&self.0).exact().unwrap_or(Histogram::new().exact())
    }

    /// Number of samples.
    pub fn count(&self) -> u64 {
        Varints(&self.0).next().unwrap_or(0) as u64
    }

    /// Bucket index and count of every bucket in use, ascending.
    pub fn buckets(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let mut reader = Varints(&self.0);
        if reader.exact().is_none() {
            reader = Varints(&[]);
        }
        let mut index = 0;
        std::iter::from_fn(move || {
            index += reader.next()? as usize;
            Some((index, reader.next()? as u64))
        })
    }

    /// Samples at or below `value_ns`, to the resolution of a bucket.
    pub fn count_at_or_below(&self, value_ns: Nanos) -> u64 {
        let limit = index_of(value_ns.min(HIGHEST_NS));
        self.buckets().take_while(|(i, _)| *i <= limit).map(|(_, c)| c).sum()
    }

    /// The quantile `q` by nearest rank.
    pub fn quantile(&self, q: f64) -> Option<Nanos> {
        let exact = self.exact();
        let rank = crate::histogram::nearest_rank(q, exact.count);
        let mut seen = 0;
        self.buckets().find_map(|(index, count)| {
            seen += count;
            (seen >= rank).then(|| highest_of(index).clamp(exact.min_ns, exact.max_ns))
        })
    }

    /// Size in bytes.
    pub const fn len_bytes(&self) -> usize {
        self.0.len()
    }

    /// Size in bytes on the wire is zero for an empty histogram.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&Histogram> for Compact {
    fn from(histogram: &Histogram) -> Self {
        if histogram.is_empty() {
            return Self::default();
        }
        let exact = histogram.exact();
        let mut bytes = Vec::with_capacity(64);
        for number in
            [exact.count.into(), exact.sum_ns, exact.min_ns.into(), exact.max_ns.into(), exact.clamped.into()]
        {
            push_varint(&mut bytes, number);
        }
        let mut previous = 0;
        for (index, count) in histogram.buckets() {
            push_varint(&mut bytes, (index - previous) as u128);
            push_varint(&mut bytes, count.into());
            previous = index;
        }
        Self(bytes.into_boxed_slice())
    }
}

impl Histogram {
    /// Adds the samples of a stored histogram.
    pub fn merge_compact(&mut self, stored: &Compact) {
        for (index, count) in stored.buckets() {
            self.absorb_bucket(index, count);
        }
        self.absorb_exact(stored.exact());
    }
}

fn push_varint(bytes: &mut Vec<u8>, mut number: u128) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

struct Varints<'a>(&'a [u8]);

impl Varints<'_> {
    fn next(&mut self) -> Option<u128> {
        let mut number = 0u128;
        for shift in (0..126).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u128::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn exact(&mut self) -> Option<Exact> {
        Some(Exact {
            count: self.next()? as u64,
            sum_ns: self.next()?,
            min_ns: self.next()? as u64,
            max_ns: self.next()? as u64,
            clamped: self.next()? as u64,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn stored_and_read_back_it_is_the_same(values in prop::collection::vec(0..2 * HIGHEST_NS, 0..300)) {
            let mut histogram = Histogram::new();
            values.iter().for_each(|v| histogram.record(*v));
            let stored = Compact::from(&histogram);
            prop_assert_eq!(stored.check(), Ok(()));
            let mut read = Histogram::new();
            read.merge_compact(&stored);
            prop_assert_eq!(read.exact(), histogram.exact());
            prop_assert!(read.buckets().eq(histogram.buckets()));
            prop_assert_eq!(stored.quantile(0.9), histogram.quantile(0.9));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let stored = Compact(bytes.into());
            let _checked = stored.check();
            if stored.check().is_ok() {
                let mut read = Histogram::new();
                read.merge_compact(&stored);
                prop_assert_eq!(read.count(), stored.count());
            }
        }
    }

    #[test]
    fn a_count_that_the_buckets_do_not_hold_is_refused() {
        let mut histogram = Histogram::new();
        (0..3).for_each(|_| histogram.record(5));
        let Compact(mut bytes) = Compact::from(&histogram);
        bytes[0] = 4;
        assert_eq!(Compact(bytes).check(), Err(CompactError::Unbalanced { stated: 4, counted: 3 }));
    }
}
