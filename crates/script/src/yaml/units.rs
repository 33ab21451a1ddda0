//! Scalars with units: durations, rates, spans of think time, sizes.

use plimsoll_model::{Nanos, SECOND_NS};
use serde_json::{Map, Value, json};

use super::diagnostics::Diagnostics;
use super::read::{Read, scalar};
use super::source::Node;

/// A length of time: `250ms`, `1.5s`, `2m`, `1h30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duration(pub Nanos);

const TIME_UNITS: [(&str, f64); 7] =
    [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3_600e9)];

/// Parses a duration such as `1h30m`.
pub fn parse_duration(text: &str) -> Option<Nanos> {
    let mut rest = text.trim();
    let mut total = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (_, size) = TIME_UNITS.iter().find(|(unit, _)| *unit == rest[..letters].trim())?;
        total += number * size;
        rest = rest[letters..].trim_start();
    }
    (total <= 1e6 * SECOND_NS as f64 * 365.0).then_some(total.round() as Nanos)
}

/// A rate per second: `500/s`, `30/m`, `1000/h`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate(pub f64);

/// Parses a rate such as `500/s` to one per second.
pub fn parse_rate(text: &str) -> Option<f64> {
    let (number, unit) = text.split_once('/')?;
    let number: f64 = number.trim().replace('_', "").parse().ok()?;
    let seconds = match unit.trim() {
        "s" | "sec" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        _ => return None,
    };
    (number >= 0.0 && number.is_finite()).then_some(number / seconds)
}

/// A time to think: `1s`, or drawn evenly from `0.5s..2s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Think {
    /// The shortest.
    pub least: Nanos,
    /// The longest.
    pub most: Nanos,
}

fn parse_think(text: &str) -> Option<Think> {
    let (least, most) = text.split_once("..").unwrap_or((text, text));
    let think = Think { least: parse_duration(least)?, most: parse_duration(most)? };
    (think.least <= think.most).then_some(think)
}

/// A share: `5%` or `0.05`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share(pub f64);

fn parse_share(text: &str) -> Option<Share> {
    let share = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().ok()? / 100.0,
        None => text.parse().ok()?,
    };
    (0.0..=1.0).contains(&share).then_some(Share(share))
}

/// A number of bytes: `4096`, `64KiB`, `10MB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes(pub u64);

/// Parses a size such as `64KiB`.
pub fn parse_bytes(text: &str) -> Option<Bytes> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(text.len());
    let number: f64 = text[..digits].replace('_', "").parse().ok()?;
    let size: f64 = match text[digits..].trim() {
        "" | "B" => 1.0,
        "kB" | "KB" => 1e3,
        "KiB" => 1024.0,
        "MB" => 1e6,
        "MiB" => 1024.0 * 1024.0,
        "GB" => 1e9,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some(Bytes((number * size).round() as u64))
}

/// Bytes per second: `10KB/s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRate(pub u64);

fn parse_byte_rate(text: &str) -> Option<ByteRate> {
    let bytes = parse_bytes(text.trim().strip_suffix("/s")?.trim_end())?.0;
    (bytes > 0).then_some(ByteRate(bytes))
}

/// So much of something that is counted in bytes, shares or by itself: `512MB`, `80%`, `100`, `10k`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantity(pub f64);

fn parse_quantity(text: &str) -> Option<Quantity> {
    let scaled = |end: char, size: f64| Some(text.strip_suffix(end)?.trim().parse::<f64>().ok()? * size);
    let number = scaled('%', 0.01).or_else(|| scaled('k', 1e3)).or_else(|| scaled('M', 1e6));
    let number = number.or_else(|| text.trim().parse().ok()).or_else(|| Some(parse_bytes(text)?.0 as f64))?;
    (number > 0.0 && number.is_finite()).then_some(Quantity(number))
}

/// Bits per second: `10Mbit/s`, `256kbit/s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bitrate(pub u64);

fn parse_bitrate(text: &str) -> Option<Bitrate> {
    let text = text.trim().strip_suffix("bit/s")?;
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(text.len());
    let number: f64 = text[..digits].replace('_', "").parse().ok()?;
    let size = match text[digits..].trim() {
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        _ => return None,
    };
    Some(Bitrate((number * size).round() as u64)).filter(|rate| rate.0 > 0)
}

/// How many: `5`, or drawn evenly from `5..12`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts(pub std::ops::RangeInclusive<u64>);

fn parse_counts(text: &str) -> Option<Counts> {
    let (least, most) = text.split_once("..").unwrap_or((text, text));
    let (least, most) = (least.trim().parse().ok()?, most.trim().parse().ok()?);
    (1..=most).contains(&least).then_some(Counts(least..=most))
}

macro_rules! read_scalar {
    ($($type:ty, $parse:expr, $wanted:literal, $pattern:literal);+) => {$(
        impl Read for $type {
            fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
                scalar(node, diagnostics, $wanted, $parse)
            }

            fn schema(_named: &mut Map<String, Value>) -> Value {
                json!({ "type": ["string", "number"], "pattern": $pattern })
            }
        }
    )+};
}

read_scalar! {
    Duration, |t| parse_duration(t).map(Duration), "a duration such as 250ms, 1.5s, 2m or 1h30m", r"^([0-9.]+ ?(ns|us|µs|ms|s|m|h) ?)+$";
    Rate, |t| parse_rate(t).map(Rate), "a rate such as 500/s or 30/m", r"^[0-9._]+ ?/ ?(s|sec|m|min|h)$";
    Think, parse_think, "a time such as 1s, or a range such as 0.5s..2s", r"^[0-9.]+ ?(ns|us|µs|ms|s|m|h)(\.\.[0-9.]+ ?(ns|us|µs|ms|s|m|h))?$";
    Share, parse_share, "a share such as 5% or 0.05", r"^[0-9.]+ ?%?$";
    Counts, parse_counts, "a number such as 5, or a range such as 5..12", r"^[0-9]+(\.\.[0-9]+)?$";
    Bitrate, parse_bitrate, "bits per second such as 10Mbit/s or 256kbit/s", r"^[0-9._]+ ?[kMG]?bit/s$";
    Quantity, parse_quantity, "a number such as 100, 512MB or 80%", r"^[0-9._]+ ?(%|k|M|B|kB|KB|KiB|MB|MiB|GB|GiB)?$";
    Bytes, parse_bytes, "a size such as 4096, 64KiB or 10MB", r"^[0-9._]+ ?(B|kB|KB|KiB|MB|MiB|GB|GiB)?$";
    ByteRate, parse_byte_rate, "bytes a second such as 10KB/s or 1MiB/s", r"^[0-9._]+ ?(B|kB|KB|KiB|MB|MiB|GB|GiB)? ?/s$"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let table = [
            ("250ms", 250_000_000),
            ("1.5s", 1_500_000_000),
            ("1h30m", 5_400_000_000_000),
            ("2m", 120_000_000_000),
            ("0s", 0),
        ];
        for (text, nanos) in table {
            assert_eq!(parse_duration(text), Some(nanos), "{text}");
        }
        for text in ["", "5", "s", "5 parsecs", "-1s", "1s2"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn rates_thinks_shares_and_sizes() {
        assert_eq!(parse_rate("500/s"), Some(500.0));
        assert_eq!(parse_rate("30/m"), Some(0.5));
        assert_eq!(parse_rate("500"), None);
        assert_eq!(parse_think("0.5s..2s"), Some(Think { least: 500_000_000, most: 2_000_000_000 }));
        assert_eq!(parse_think("2s..1s"), None);
        assert_eq!(parse_counts("5..12"), Some(Counts(5..=12)));
        assert_eq!(parse_counts("7"), Some(Counts(7..=7)));
        assert!(["0", "5..3", "a", "1..2..3"].iter().all(|text| parse_counts(text).is_none()));
        assert_eq!(parse_share("5%"), Some(Share(0.05)));
        assert_eq!(parse_share("120%"), None);
        assert_eq!(parse_bytes("64KiB"), Some(Bytes(65_536)));
        assert_eq!(parse_byte_rate("10KB/s"), Some(ByteRate(10_000)));
        for text in ["10KB", "0B/s", "10/m", "/s"] {
            assert_eq!(parse_byte_rate(text), None, "{text}");
        }
        assert_eq!(parse_bitrate("10Mbit/s"), Some(Bitrate(10_000_000)));
        assert_eq!(parse_bitrate("1.5 kbit/s"), Some(Bitrate(1_500)));
        assert_eq!((parse_bitrate("0bit/s"), parse_bitrate("10MB/s")), (None, None));
    }
}
