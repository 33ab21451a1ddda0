//! Which identities were kept, and which of them more than once. A UUID is a number: those that follow one another are a bit
//! each, in blocks of a thousand and some, as in a roaring bitmap; one without neighbours stands alone.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

/// Bits of a number within its block.
const BLOCK_BITS: u32 = 10;
const WORDS: usize = (1 << BLOCK_BITS) / 64;

/// Identities that were kept.
#[derive(Debug, Default)]
pub(super) struct Identities {
    blocks: Vec<(u128, Block)>,
    /// Blocks by what their numbers have in common.
    index: HashMap<u128, usize>,
    /// The block that was touched last: numbers of a batch are neighbours.
    last: usize,
    /// What is there again, once for each time.
    again: Vec<u128>,
    /// What is no UUID, with how many times it is there.
    texts: HashMap<String, u64>,
}

#[derive(Debug)]
enum Block {
    Many(Box<[u64; WORDS]>),
    One(u16),
}

impl Block {
    fn has(&self, low: u16) -> bool {
        match self {
            Self::Many(words) => words[usize::from(low) / 64] & (1 << (low % 64)) != 0,
            Self::One(only) => *only == low,
        }
    }

    /// False if it was there.
    fn insert(&mut self, low: u16) -> bool {
        if self.has(low) {
            return false;
        }
        if let Self::One(only) = *self {
            let mut words = Box::new([0; WORDS]);
            words[usize::from(only) / 64] |= 1 << (only % 64);
            *self = Self::Many(words);
        }
        if let Self::Many(words) = self {
            words[usize::from(low) / 64] |= 1 << (low % 64);
        }
        true
    }

    fn numbers(&self) -> Vec<u16> {
        (0..1 << BLOCK_BITS).filter(|low| self.has(*low)).collect()
    }
}

/// A UUID as a number, if a text is one as they are usually written.
fn uuid(text: &str) -> Option<u128> {
    const DASHES: [usize; 4] = [8, 13, 18, 23];
    let bytes: &[u8; 36] = text.as_bytes().try_into().ok()?;
    if DASHES.iter().any(|at| bytes[*at] != b'-') {
        return None;
    }
    let mut wrong = 0;
    let mut part = |from: usize, to: usize| {
        bytes[from..to].iter().fold(0_u64, |number, byte| {
            let digit = DIGITS[usize::from(*byte)];
            wrong |= digit;
            number << 4 | u64::from(digit & 0xf)
        })
    };
    let high = part(0, 8) << 32 | part(9, 13) << 16 | part(14, 18);
    let low = part(19, 23) << 48 | part(24, 36);
    (wrong <= 0xf).then_some(u128::from(high) << 64 | u128::from(low))
}

/// What a character is worth as a hexadecimal digit; 0x10 if it is none.
const DIGITS: [u8; 256] = {
    let mut digits = [0x10; 256];
    let mut digit = 0;
    while digit < 16 {
        digits[b"0123456789abcdef"[digit] as usize] = digit as u8;
        digits[b"0123456789ABCDEF"[digit] as usize] = digit as u8;
        digit += 1;
    }
    digits
};

/// A number as the UUID that it is.
fn text_of(number: u128) -> String {
    let hex = format!("{number:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

impl Identities {
    /// Keeps one more; false if it was there.
    pub(super) fn insert(&mut self, id: &str) -> bool {
        let Some(number) = uuid(id) else {
            let times = self.texts.entry(id.to_owned()).or_default();
            *times += 1;
            return *times == 1;
        };
        let (key, low) = (number >> BLOCK_BITS, (number & ((1 << BLOCK_BITS) - 1)) as u16);
        let is_new = match self.block(key) {
            Some(block) => block.insert(low),
            None => {
                self.last = self.blocks.len();
                self.index.insert(key, self.last);
                self.blocks.push((key, Block::One(low)));
                true
            }
        };
        if !is_new {
            self.again.push(number);
        }
        is_new
    }

    /// Whether it is there.
    pub(super) fn has(&self, id: &str) -> bool {
        if self.blocks.is_empty() && self.texts.is_empty() {
            return false;
        }
        match uuid(id) {
            None => self.texts.contains_key(id),
            Some(number) => {
                let at = self.index.get(&(number >> BLOCK_BITS));
                at.is_some_and(|at| self.blocks[*at].1.has((number & ((1 << BLOCK_BITS) - 1)) as u16))
            }
        }
    }

    fn block(&mut self, key: u128) -> Option<&mut Block> {
        if self.blocks.get(self.last).is_none_or(|(known, _)| *known != key) {
            self.last = *self.index.get(&key)?;
        }
        Some(&mut self.blocks[self.last].1)
    }

    /// How many different ones.
    #[cfg(test)]
    fn distinct(&self) -> u64 {
        let count = |block: &Block| match block {
            Block::Many(words) => words.iter().map(|word| u64::from(word.count_ones())).sum(),
            Block::One(_) => 1,
        };
        self.blocks.iter().map(|(_, block)| count(block)).sum::<u64>() + self.texts.len() as u64
    }

    fn numbers(&self) -> Vec<u128> {
        let of_block = |(key, block): &(u128, Block)| {
            let base = *key << BLOCK_BITS;
            block.numbers().into_iter().map(move |low| base | u128::from(low)).collect::<Vec<_>>()
        };
        let mut numbers: Vec<_> = self.blocks.iter().flat_map(of_block).collect();
        numbers.sort_unstable();
        numbers
    }

    /// All of them, each as often as it is there.
    pub(super) fn all(&self) -> Vec<String> {
        let numbers = self.numbers().into_iter().chain(self.again.iter().copied());
        let texts = self.texts.iter().flat_map(|(text, times)| (0..*times).map(move |_| text.clone()));
        numbers.map(text_of).chain(texts).collect()
    }

    /// All of them, where those that follow one another are one entry with how many they are; what is there again has an entry
    /// for each time, and what is no UUID stands apart.
    pub(super) fn ranges(&self) -> Value {
        let mut ranges: Vec<(u128, u32)> = Vec::new();
        for (base, word) in self.words() {
            runs(base, word, &mut ranges);
        }
        ranges.extend(self.again.iter().map(|number| (*number, 1)));
        let told =
            ranges.into_iter().map(|(first, count)| json!({ "first": text_of(first), "count": count }));
        let texts: BTreeMap<_, _> = self.texts.iter().collect();
        let texts = texts.into_iter().flat_map(|(text, times)| (0..*times).map(move |_| text));
        json!({ "ranges": told.collect::<Vec<_>>(), "ids": texts.collect::<Vec<_>>() })
    }

    /// Sixty-four at a time, in order: the first number, and which of them are there.
    fn words(&self) -> Vec<(u128, u64)> {
        let of_block = |(key, block): &(u128, Block)| {
            let base = *key << BLOCK_BITS;
            match block {
                Block::Many(words) => words
                    .iter()
                    .enumerate()
                    .filter(|(_, word)| **word != 0)
                    .map(|(at, word)| (base + at as u128 * 64, *word))
                    .collect(),
                Block::One(low) => vec![(base | u128::from(*low & !63), 1 << (low % 64))],
            }
        };
        let mut words: Vec<_> = self.blocks.iter().flat_map(of_block).collect();
        words.sort_unstable_by_key(|(base, _)| *base);
        words
    }
}

/// Puts the runs of a word behind those that are known, and onto the last of them where it goes on.
fn runs(base: u128, mut word: u64, ranges: &mut Vec<(u128, u32)>) {
    let mut at = 0;
    while word != 0 {
        let gap = word.trailing_zeros();
        word >>= gap;
        at += gap;
        let length = word.trailing_ones();
        let first = base + u128::from(at);
        match ranges.last_mut() {
            // A count has 32 bits; beyond that a new range begins.
            Some((known, count)) if *known + u128::from(*count) == first && *count <= u32::MAX - 64 => {
                *count += length;
            }
            _ => ranges.push((first, length)),
        }
        word = if length == 64 { 0 } else { word >> length };
        at += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> String {
        text_of(0x1234_5678_9abc_8def_8000_0000_0000_0000 + number)
    }

    #[test]
    fn a_number_is_the_uuid_it_is_written_as() {
        let text = "01234567-89ab-8def-8000-0000000003e8";
        assert_eq!(text_of(uuid(text).unwrap()), text);
        assert_eq!(uuid(&text.to_uppercase()), uuid(text));
        for other in ["", "01234567-89ab-8def-8000-0000000003g8", "01234567089ab08def080000000000003e8x"] {
            assert_eq!(uuid(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_there_is_told_to_the_last() {
        let mut kept = Identities::default();
        // Three thousand but every seventh, from the back; one again, twice.
        for number in (0..3_000).rev().filter(|n| n % 7 != 0) {
            assert!(kept.insert(&id(number)));
        }
        assert!(!kept.insert(&id(8)));
        assert!(!kept.insert(&id(8)));
        assert!(kept.insert("order 7"));
        assert!(!kept.insert("order 7"));
        assert!(kept.has(&id(8)) && kept.has("order 7") && !kept.has(&id(7)) && !kept.has(&id(3_001)));
        let gone = (0..3_000).filter(|n| n % 7 == 0).count() as u64;
        assert_eq!(kept.distinct(), 3_000 - gone + 1);
        assert_eq!(kept.all().len() as u64, 3_000 - gone + 2 + 2);
        let told = kept.ranges();
        let ranges = told["ranges"].as_array().unwrap();
        assert_eq!(ranges[0], json!({ "first": id(1), "count": 6 }));
        assert_eq!(ranges[1], json!({ "first": id(8), "count": 6 }));
        let counted: u64 = ranges.iter().map(|r| r["count"].as_u64().unwrap()).sum();
        assert_eq!(counted, 3_000 - gone + 2);
        assert_eq!(told["ids"], json!(["order 7", "order 7"]));
    }

    #[test]
    fn a_million_neighbours_are_one_range() {
        let mut kept = Identities::default();
        for number in 0..1_000_000 {
            kept.insert(&id(number));
        }
        assert_eq!(kept.ranges()["ranges"], json!([{ "first": id(0), "count": 1_000_000 }]));
        assert!(kept.blocks.len() < 1_000);
    }
}
