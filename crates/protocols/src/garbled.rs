//! Bytes for parsers to be tried with: nearly right, and not right at all.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// One of the samples with some bytes changed, left out or repeated; now and then bytes without any sense.
pub(crate) fn garbled(samples: &'static [&'static [u8]]) -> impl Strategy<Value = Vec<u8>> {
    let edits = vec((any::<Index>(), any::<u8>(), 0..4_u8), 0..6);
    let nearly = (select(samples), edits).prop_map(|(sample, edits)| {
        let mut bytes = sample.to_vec();
        for (at, byte, how) in edits {
            let at = at.index(bytes.len().max(1));
            match how {
                0 => bytes.truncate(at),
                1 => bytes.insert(at.min(bytes.len()), byte),
                2 => bytes = [&bytes[..at.min(bytes.len())], &bytes[..]].concat(),
                _ => {
                    if let Some(changed) = bytes.get_mut(at) {
                        *changed = byte;
                    }
                }
            }
        }
        bytes
    });
    prop_oneof![4 => nearly, 1 => vec(any::<u8>(), 0..300)]
}
