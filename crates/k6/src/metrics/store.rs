//! Values of all metrics: by thread while a run goes on, put together about once a second.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_model::{Clock, Nanos, SECOND_NS};

use super::{BuiltIn, Kind, MetricId, Points, Registry, Sink, Tagged};

/// Part of a metric's values: those whose tags hold the filter.
#[derive(Clone, Debug)]
pub(crate) struct SubMetric {
    /// As thresholds and summaries name it.
    pub(crate) key: String,
    pub(crate) metric: MetricId,
    pub(crate) filter: Vec<(String, String)>,
}

/// How often a check held, and how often it did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CheckCount {
    /// The path of the group it was made in, `::outer::inner`; empty at the top.
    pub(crate) group: String,
    pub(crate) name: String,
    pub(crate) passes: u64,
    pub(crate) fails: u64,
}

/// Everything that was counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    /// By metric; `None` where nothing was counted.
    sinks: Vec<Option<Sink>>,
    /// By sub-metric.
    subs: Vec<Option<Sink>>,
    pub(crate) checks: Vec<CheckCount>,
    /// Paths of groups, in the order in which they were first entered.
    pub(crate) groups: Vec<String>,
}

impl Totals {
    pub(crate) fn sink(&self, metric: MetricId) -> Option<&Sink> {
        self.sinks.get(metric)?.as_ref()
    }

    pub(crate) fn sub(&self, number: usize) -> Option<&Sink> {
        self.subs.get(number)?.as_ref()
    }

    /// Adds a value of a metric of that kind.
    #[inline]
    pub(crate) fn add(&mut self, metric: MetricId, kind: Kind, value: f64) {
        add_to(&mut self.sinks, metric, kind, value);
    }

    pub(crate) fn add_to_sub(&mut self, number: usize, kind: Kind, value: f64) {
        add_to(&mut self.subs, number, kind, value);
    }

    fn check(&mut self, group: &str, name: &str, passed: bool) {
        let at = self.checks.iter().position(|c| c.name == name && c.group == group).unwrap_or_else(|| {
            self.checks.push(CheckCount {
                group: group.to_owned(),
                name: name.to_owned(),
                passes: 0,
                fails: 0,
            });
            self.checks.len() - 1
        });
        let count = &mut self.checks[at];
        if passed { count.passes += 1 } else { count.fails += 1 }
    }

    fn group(&mut self, path: &str) {
        if !self.groups.iter().any(|g| g == path) {
            self.groups.push(path.to_owned());
        }
    }

    /// Takes over what another has counted, and leaves it empty.
    pub(crate) fn absorb(&mut self, other: &mut Self) {
        for (mine, theirs) in [(&mut self.sinks, &mut other.sinks), (&mut self.subs, &mut other.subs)] {
            if mine.len() < theirs.len() {
                mine.resize_with(theirs.len(), || None);
            }
            for (mine, theirs) in mine.iter_mut().zip(theirs.drain(..)) {
                match (mine.as_mut(), theirs) {
                    (Some(mine), Some(theirs)) => mine.merge(&theirs),
                    (None, theirs) => *mine = theirs,
                    _ => {}
                }
            }
        }
        other.groups.drain(..).for_each(|path| self.group(&path));
        for theirs in other.checks.drain(..) {
            match self.checks.iter_mut().find(|c| c.name == theirs.name && c.group == theirs.group) {
                Some(mine) => {
                    mine.passes += theirs.passes;
                    mine.fails += theirs.fails;
                }
                None => self.checks.push(theirs),
            }
        }
    }
}

/// Adds a value; nearly always there is a place for it already.
#[inline]
fn add_to(sinks: &mut Vec<Option<Sink>>, number: usize, kind: Kind, value: f64) {
    match sinks.get_mut(number) {
        Some(Some(sink)) => sink.add(value),
        _ => place(sinks, number, kind).add(value),
    }
}

#[cold]
fn place(sinks: &mut Vec<Option<Sink>>, number: usize, kind: Kind) -> &mut Sink {
    if sinks.len() <= number {
        sinks.resize_with(number + 1, || None);
    }
    sinks[number].get_or_insert_with(|| Sink::new(kind))
}

/// What is known of all metrics of a run.
#[derive(Debug)]
pub(crate) struct Book {
    pub(crate) registry: Mutex<Registry>,
    /// Fixed once the script's options are known.
    pub(crate) subs: Vec<SubMetric>,
    pub(crate) totals: Mutex<Totals>,
    /// Files that every value is written to.
    pub(crate) points: Points,
}

impl Book {
    /// What stands in it, locked.
    pub(crate) fn totals(&self) -> std::sync::MutexGuard<'_, Totals> {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn registry(&self) -> std::sync::MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The values of one thread.
pub(crate) struct Store {
    book: Arc<Book>,
    totals: RefCell<Totals>,
    handed_over_ns: std::cell::Cell<Nanos>,
    /// Whether a metric has sub-metrics, by metric.
    divided: Vec<bool>,
    /// When a value is added.
    clock: Rc<dyn Clock>,
    /// What is to be written, by file.
    written: RefCell<Vec<String>>,
}

/// Text that is gathered before it is sent on its way, in bytes.
const WRITTEN_BYTES: usize = 256 * 1024;

impl Store {
    pub(crate) fn new(book: Arc<Book>, clock: Rc<dyn Clock>) -> Self {
        let mut divided = vec![false; book.subs.iter().map(|s| s.metric + 1).max().unwrap_or(0)];
        book.subs.iter().for_each(|s| divided[s.metric] = true);
        Self {
            book,
            totals: RefCell::default(),
            handed_over_ns: std::cell::Cell::new(0),
            divided,
            clock,
            written: RefCell::default(),
        }
    }

    /// Adds a value; `tags` are only asked for if the metric has sub-metrics.
    #[inline]
    pub(crate) fn add(&self, metric: MetricId, kind: Kind, value: f64, tags: &dyn Tagged) {
        if self.book.points.are_wanted() {
            self.write(metric, value, tags);
        }
        let mut totals = self.totals.borrow_mut();
        self.add_with_parts(&mut totals, (metric, kind, value), tags);
    }

    #[inline]
    fn add_with_parts(
        &self,
        totals: &mut Totals,
        (metric, kind, value): (MetricId, Kind, f64),
        tags: &dyn Tagged,
    ) {
        totals.add(metric, kind, value);
        if self.divided.get(metric) == Some(&true) {
            self.add_to_parts(totals, (metric, kind, value), tags);
        }
    }

    fn add_to_parts(
        &self,
        totals: &mut Totals,
        (metric, kind, value): (MetricId, Kind, f64),
        tags: &dyn Tagged,
    ) {
        for (number, sub) in self.book.subs.iter().enumerate() {
            if sub.metric == metric && tags.hold(&sub.filter) {
                totals.add_to_sub(number, kind, value);
            }
        }
    }

    /// Adds values of metrics that k6 has itself, all with the same tags.
    pub(crate) fn add_all(&self, values: &[(BuiltIn, Kind, f64)], tags: &dyn Tagged) {
        if self.book.points.are_wanted() {
            values.iter().for_each(|(metric, kind, value)| self.add(*metric as usize, *kind, *value, tags));
            return;
        }
        let mut totals = self.totals.borrow_mut();
        for (metric, kind, value) in values {
            self.add_with_parts(&mut totals, (*metric as usize, *kind, *value), tags);
        }
    }

    fn write(&self, metric: MetricId, value: f64, tags: &dyn Tagged) {
        let registry = self.book.registry();
        let mut written = self.written.borrow_mut();
        let metric = (registry.get(metric), self.book.subs.as_slice());
        self.book.points.add(&mut written, metric, (self.clock.now(), value), tags);
        if written.iter().any(|text| text.len() > WRITTEN_BYTES) {
            self.book.points.hand_over(&mut written);
        }
    }

    pub(crate) fn count(&self, metric: BuiltIn, value: f64, tags: &dyn Tagged) {
        self.add(metric as usize, Kind::Counter, value, tags);
    }

    pub(crate) fn rate(&self, metric: BuiltIn, value: bool, tags: &dyn Tagged) {
        self.add(metric as usize, Kind::Rate, f64::from(u8::from(value)), tags);
    }

    /// Adds a time in nanoseconds.
    pub(crate) fn time(&self, metric: BuiltIn, value_ns: Nanos, tags: &dyn Tagged) {
        self.add(metric as usize, Kind::Trend, value_ns as f64 / 1e6, tags);
    }

    pub(crate) fn check(&self, group: &str, name: &str, passed: bool) {
        self.totals.borrow_mut().check(group, name, passed);
    }

    pub(crate) fn enter(&self, group: &str) {
        self.totals.borrow_mut().group(group);
    }

    /// Hands over what was counted, if a second has passed since it last was; whether it did.
    pub(crate) fn hand_over_now_and_then(&self, now_ns: Nanos) -> bool {
        let is_due = now_ns >= self.handed_over_ns.get() + SECOND_NS;
        if is_due {
            self.handed_over_ns.set(now_ns);
            self.hand_over();
        }
        is_due
    }

    /// Hands over what was counted.
    pub(crate) fn hand_over(&self) {
        self.book.totals().absorb(&mut self.totals.borrow_mut());
        self.book.points.hand_over(&mut self.written.borrow_mut());
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.hand_over();
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::testing::VirtualClock;

    use super::*;
    use crate::metrics::{Tags, parse_selector};

    #[test]
    fn what_threads_count_comes_together_with_its_parts() {
        let metric = BuiltIn::HttpReqFailed as usize;
        let (_, filter) = parse_selector("http_req_failed{name:login}").unwrap();
        let sub = SubMetric { key: "http_req_failed{name:login}".to_owned(), metric, filter };
        let book = Arc::new(Book {
            registry: Mutex::new(Registry::new()),
            subs: vec![sub],
            totals: Mutex::default(),
            points: Points::default(),
        });
        for thread in 0..2 {
            let store = Store::new(book.clone(), Rc::new(VirtualClock::new()));
            for name in ["login", "other"] {
                let mut tags = Tags::default();
                tags.set("name", name);
                store.rate(BuiltIn::HttpReqFailed, thread == 0, &tags);
                store.check("::shop", "status is 200", name == "login");
            }
        }
        let totals = book.totals();
        assert!(matches!(totals.sink(metric), Some(Sink::Rate { trues: 2, total: 4 })));
        assert!(matches!(totals.sub(0), Some(Sink::Rate { trues: 1, total: 2 })));
        assert_eq!((totals.checks[0].passes, totals.checks[0].fails), (2, 2));
    }
}
