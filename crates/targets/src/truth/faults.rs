//! What goes wrong with the truth server, and when.

use std::str::FromStr;

/// The wait that a service with a grudge does not forget, and how long it bears it.
pub const GRUDGE_WAIT_NS: u64 = 200_000_000;
pub const GRUDGE_CALM_NS: u64 = 10_000_000_000;

/// One fault with its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// From when, in nanoseconds since the first request.
    pub from_ns: u64,
    /// For how long, in nanoseconds.
    pub for_ns: u64,
}

/// What goes wrong. Shares are of requests, in `[0, 1]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FaultKind {
    /// This share is never answered.
    BlackHole(f64),
    /// Every request gets the same body, whatever it asks.
    Cached,
    /// At most so many connections; others are closed at once.
    ConnectionCap(u32),
    /// Service takes this share longer for every request that is there: beyond what is carried, throughput falls. From the
    /// beginning, whatever its time.
    Crowd(f64),
    /// This share is answered twice.
    Duplicate(f64),
    /// This share gets a body without end.
    EndlessBody(f64),
    /// This share gets a head without end.
    EndlessHead(f64),
    /// This share gets an error page with status 200.
    ErrorPage(f64),
    /// This share gets a 503 after a millisecond.
    FastFail(f64),
    /// This share gets something that is not HTTP.
    Garbage(f64),
    /// Service takes this many times as long once somebody has waited for longer than [`GRUDGE_WAIT_NS`], until nobody has for
    /// [`GRUDGE_CALM_NS`]. From the beginning, whatever its time.
    Grudge(f64),
    /// Every so many-th acknowledged write is not kept.
    Lose(u64),
    /// Service takes ever longer, in the end by this factor.
    Ramp(f64),
    /// This share of connections is reset instead of answered.
    Reset(f64),
    /// Nobody is served.
    Stall,
    /// Every request takes exactly this long, whatever the load, in nanoseconds.
    Stub(u64),
    /// This share gets its body in small pieces over a second.
    Trickle(f64),
    /// This share gets half of its body, then the connection is closed.
    Truncate(f64),
}

/// A fault is not understood.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{0}` is not a fault; write KIND[=VALUE][@FROM[+FOR]], such as stall@20s+1s, black_hole=5%, connection_cap=10, ramp=3@10s+20s"
)]
pub struct UnknownFault(String);

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let wrong = || UnknownFault(text.to_owned());
        let (what, when) = text.split_once('@').map_or((text, None), |(what, when)| (what, Some(when)));
        let (kind, value) = what.split_once('=').map_or((what, None), |(kind, value)| (kind, Some(value)));
        let (from, length) = match when.map(|w| w.split_once('+').map_or((w, None), |(f, l)| (f, Some(l)))) {
            None => (0, None),
            Some((from, length)) => {
                (nanos(from).ok_or_else(wrong)?, length.map(|l| nanos(l).ok_or_else(wrong)).transpose()?)
            }
        };
        let share = || value.and_then(parse_share).ok_or_else(wrong);
        let number = || value.and_then(|v| v.parse::<u64>().ok()).ok_or_else(wrong);
        let kind = match kind {
            "black_hole" => FaultKind::BlackHole(share()?),
            "cached" => FaultKind::Cached,
            "connection_cap" => FaultKind::ConnectionCap(number()? as u32),
            "crowd" => FaultKind::Crowd(share()?),
            "duplicate" => FaultKind::Duplicate(share()?),
            "endless_body" => FaultKind::EndlessBody(share()?),
            "endless_head" => FaultKind::EndlessHead(share()?),
            "error_page" => FaultKind::ErrorPage(share()?),
            "fast_fail" => FaultKind::FastFail(share()?),
            "garbage" => FaultKind::Garbage(share()?),
            "grudge" => FaultKind::Grudge(
                value.and_then(|v| v.parse().ok()).filter(|times| *times >= 1.0).ok_or_else(wrong)?,
            ),
            "lose" => FaultKind::Lose(number()?.max(1)),
            "ramp" => FaultKind::Ramp(value.and_then(|v| v.parse().ok()).ok_or_else(wrong)?),
            "reset" => FaultKind::Reset(share()?),
            "stall" => FaultKind::Stall,
            "stub" => FaultKind::Stub(value.and_then(nanos).ok_or_else(wrong)?),
            "trickle" => FaultKind::Trickle(share()?),
            "truncate" => FaultKind::Truncate(share()?),
            _ => return Err(wrong()),
        };
        Ok(Self { kind, from_ns: from, for_ns: length.unwrap_or(u64::MAX - from) })
    }
}

fn parse_share(text: &str) -> Option<f64> {
    let share = match text.strip_suffix('%') {
        Some(percent) => percent.parse::<f64>().ok()? / 100.0,
        None => text.parse().ok()?,
    };
    (0.0..=1.0).contains(&share).then_some(share)
}

/// Nanoseconds of a duration such as `20s`, `5ms`, `500us`.
pub fn nanos(text: &str) -> Option<u64> {
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let number: f64 = text[..at].parse().ok()?;
    let size = match &text[at..] {
        "ns" => 1.0,
        "us" | "µs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        _ => return None,
    };
    Some((number * size).round() as u64)
}

impl Fault {
    /// Whether it is in force.
    pub const fn is_on(&self, at_ns: u64) -> bool {
        at_ns >= self.from_ns && at_ns - self.from_ns < self.for_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_written_as_their_help_says() {
        let stall: Fault = "stall@20s+1s".parse().unwrap();
        assert_eq!(stall, Fault { kind: FaultKind::Stall, from_ns: 20_000_000_000, for_ns: 1_000_000_000 });
        assert!(stall.is_on(20_500_000_000) && !stall.is_on(21_000_000_000));
        assert_eq!("black_hole=5%".parse::<Fault>().unwrap().kind, FaultKind::BlackHole(0.05));
        assert_eq!("crowd=1%".parse::<Fault>().unwrap().kind, FaultKind::Crowd(0.01));
        assert_eq!("grudge=1.5".parse::<Fault>().unwrap().kind, FaultKind::Grudge(1.5));
        assert_eq!("stub=50ms".parse::<Fault>().unwrap().kind, FaultKind::Stub(50_000_000));
        for wrong in ["", "explode", "reset", "reset=150%", "stall@soon", "lose=x", "grudge=0.5", "crowd"] {
            assert!(wrong.parse::<Fault>().is_err(), "{wrong}");
        }
    }
}
