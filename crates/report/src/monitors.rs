//! What monitors read, to be shown: by series, with what there is of it, and beside the load. And what the run cost.

use plimsoll_audit::bottleneck::{Resource, resources, sentence};
use plimsoll_audit::series::Readings;
use plimsoll_metrics::SECOND_NS;
use plimsoll_model::monitor::Gap;
use plimsoll_model::{Outcome, Record, Tracked, Unit};

/// What stands beside every correlation.
pub const CAVEAT: &str =
    "What moves together from second to second need not cause each other: the load may move both.";

/// What monitors read.
#[derive(Default)]
pub struct Monitors {
    /// By monitor, in the plan's order.
    pub monitors: Vec<MonitorView>,
    /// Series in the order in which they may be the bottleneck.
    pub resources: Vec<Resource>,
    /// What gives out first; `None` without a series that has a limit.
    pub bottleneck: Option<String>,
    /// What a million operations cost; `None` without a price.
    pub cost: Option<Cost>,
}

/// One monitor.
pub struct MonitorView {
    /// Its name.
    pub name: String,
    /// What it reads, in words.
    pub source: String,
    /// Its series.
    pub series: Vec<SeriesView>,
    /// What it could not read, most often first.
    pub gaps: Vec<Gap>,
}

/// One series over the whole run.
pub struct SeriesView {
    /// `monitor.series`.
    pub name: String,
    /// What it counts.
    pub unit: Unit,
    /// What there is at most.
    pub limit: Option<f64>,
    /// Readings.
    pub count: u64,
    /// Seconds of the run, and those of them in which it was read.
    pub seconds: (u64, u64),
    /// Smallest, mean, p95, largest and last reading.
    pub min: f64,
    /// The arithmetic mean.
    pub mean: f64,
    /// By nearest rank.
    pub p95: f64,
    /// The largest.
    pub max: f64,
    /// The last.
    pub last: f64,
    /// As a possible bottleneck.
    pub resource: Option<Resource>,
}

/// What a million operations cost, derived from the plan's price and the rate of the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// By the hour, as the plan says.
    pub per_hour: f64,
    /// The currency.
    pub currency: String,
    /// What a success is worth in what is sold.
    pub events: f64,
    /// Of what is sold, by the second; `None` if nothing succeeded.
    pub rate_per_s: f64,
    /// For a million of it; `None` if nothing succeeded.
    pub per_million: Option<f64>,
}

impl Monitors {
    /// Of a run.
    pub fn of(record: &Record) -> Self {
        let resources = if record.series.is_empty() { Vec::new() } else { resources(record) };
        let view = |(id, watched): (u16, &plimsoll_model::Watched)| MonitorView {
            name: watched.name.clone(),
            source: watched.source.clone(),
            series: record
                .series
                .iter()
                .filter(|t| t.series.monitor == id)
                .filter_map(|t| series(record, t, &resources))
                .collect(),
            gaps: record.gaps_of(id).into_iter().cloned().collect(),
        };
        Self {
            monitors: (0..).zip(&record.started.plan.monitors).map(view).collect(),
            bottleneck: sentence(&resources),
            cost: cost(record),
            resources,
        }
    }

    /// All series, monitor by monitor.
    pub fn series(&self) -> impl Iterator<Item = &SeriesView> {
        self.monitors.iter().flat_map(|m| &m.series)
    }
}

fn series(record: &Record, tracked: &Tracked, resources: &[Resource]) -> Option<SeriesView> {
    let readings = Readings::of(record, tracked, None);
    Some(SeriesView {
        name: tracked.series.name.clone(),
        unit: tracked.series.unit,
        limit: tracked.series.limit,
        count: tracked.count,
        seconds: readings.seconds,
        min: readings.min()?,
        mean: readings.mean()?,
        p95: readings.quantile(0.95)?,
        max: readings.max()?,
        last: readings.last()?,
        resource: resources.iter().find(|r| r.name == tracked.series.name).cloned(),
    })
}

fn cost(record: &Record) -> Option<Cost> {
    let price = record.started.plan.price.as_ref()?;
    let span_s = record.span_ns() as f64 / SECOND_NS as f64;
    let rate_per_s =
        if span_s > 0.0 { record.total(Outcome::Ok) as f64 * price.events / span_s } else { 0.0 };
    Some(Cost {
        per_hour: price.per_hour,
        currency: price.currency.clone(),
        events: price.events,
        rate_per_s,
        per_million: (rate_per_s > 0.0).then(|| price.per_hour / (rate_per_s * 3_600.0) * 1e6),
    })
}

impl Cost {
    /// In words, with what it is derived from.
    pub fn sentence(&self) -> String {
        let what = if self.events == 1.0 { "successful operations" } else { "events" };
        let given = format!("{} {} an hour, as the plan says", amount(self.per_hour), self.currency);
        match self.per_million {
            Some(cost) => format!(
                "{} {} for a million {what}: derived from {given}, and {} of this run.",
                amount(cost),
                self.currency,
                crate::format::rate(self.rate_per_s)
            ),
            None => format!("What a million {what} cost is not known: none succeeded ({given})."),
        }
    }
}

/// Three digits, cents at least.
fn amount(value: f64) -> String {
    match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 0.1 => format!("{v:.2}"),
        v => format!("{v:.3e}"),
    }
}

/// A correlation in words.
pub fn correlation(r: Option<f64>) -> String {
    r.map_or_else(|| "not known".to_owned(), |r| format!("{}{:.2}", if r < 0.0 { "−" } else { "+" }, r.abs()))
}

/// Values by second of the run, `None` where nothing was read: what a reading at the end of a second says is about that second.
pub fn by_second(tracked: &Tracked, seconds: u32) -> Vec<Option<f64>> {
    let mut values = vec![None; seconds as usize];
    for (at_ns, value) in &tracked.points {
        let second = (at_ns / SECOND_NS).saturating_sub(1) as usize;
        if let Some(place) = values.get_mut(second).filter(|place| place.is_none()) {
            *place = Some(*value);
        }
    }
    values
}

#[cfg(test)]
pub(crate) mod tests {
    use plimsoll_audit::testing::Synthetic;
    use plimsoll_model::RunEvent;
    use plimsoll_model::monitor::{Price, Readings as Read, Series, Watched};

    use super::*;

    /// A clean run of 12,000 operations in a minute, with a process that was watched but for five seconds, a server that was
    /// never there, and a price.
    pub(crate) fn watched() -> Record {
        let mut record = Synthetic::default().record();
        let monitor = |name: &str, source: &str| Watched { name: name.to_owned(), source: source.to_owned() };
        record.started.plan.monitors =
            vec![monitor("api", "process 7"), monitor("cache", "redis at nowhere")];
        record.started.plan.price = Some(Price { per_hour: 3.6, currency: "EUR".to_owned(), events: 10.0 });
        let series = |name: &str, unit, limit| Series { monitor: 0, name: name.to_owned(), unit, limit };
        record.apply(&RunEvent::Series(vec![
            series("api.cpu", Unit::Cores, Some(2.0)),
            series("api.memory", Unit::Bytes, None),
        ]));
        for second in 0..=60u64 {
            let at_ns = second * SECOND_NS;
            let (values, missing) = if (20..25).contains(&second) {
                (Vec::new(), Some("there is no process 7".to_owned()))
            } else {
                (vec![(0, 1.0 + second as f64 / 120.0), (1, 64e6)], None)
            };
            let lost = Some("connection refused".to_owned());
            record.apply(&RunEvent::Readings(vec![
                Read { monitor: 0, at_ns, took_ns: 9, values, missing },
                Read { monitor: 1, at_ns, took_ns: 9, values: Vec::new(), missing: lost },
            ]));
        }
        record
    }

    #[test]
    fn every_series_is_there_and_gaps_stay_gaps() {
        let record = watched();
        let found = Monitors::of(&record);
        let cpu = found.series().find(|s| s.name == "api.cpu").unwrap();
        assert_eq!((cpu.min, cpu.max, cpu.last, cpu.count), (1.0, 1.5, 1.5, 56));
        assert_eq!(cpu.seconds, (60, 55));
        assert_eq!(cpu.resource.as_ref().unwrap().used, Some(cpu.p95 / 2.0));
        assert_eq!((found.monitors[0].gaps[0].count, found.monitors[1].gaps[0].count), (5, 61));
        assert!(found.monitors[1].series.is_empty());
        let values = by_second(&record.series[0], 60);
        let missing: Vec<_> = values.iter().zip(0..).filter(|(v, _)| v.is_none()).map(|(_, s)| s).collect();
        assert_eq!(missing, [19, 20, 21, 22, 23]);
    }

    #[test]
    fn what_a_million_costs_follows_from_the_price_that_was_given() {
        // 200 successes a second with 10 events each, 7.2 million an hour, for 3.60.
        let cost = Monitors::of(&watched()).cost.unwrap();
        assert!((cost.per_million.unwrap() - 0.5).abs() < 1e-9);
        let words = cost.sentence();
        assert!(words.starts_with("0.50 EUR for a million events: derived from 3.60 EUR an hour"), "{words}");
        let nothing = Cost { rate_per_s: 0.0, per_million: None, ..cost };
        assert!(nothing.sentence().contains("not known"));
    }
}
