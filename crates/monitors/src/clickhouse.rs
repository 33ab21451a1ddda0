//! Tables of the system of `ClickHouse`, over its HTTP interface.

use std::time::Duration;

use plimsoll_model::Unit;
use plimsoll_model::monitor::{Gauge, Gauges, Wanted, Watch};

use crate::http::Client;
use crate::told;

/// One question a reading: what is so now, and what has happened since the server began.
const QUERY: &str = "query=SELECT+%27now%27,metric,toFloat64(value)+FROM+system.metrics+UNION+ALL+\
SELECT+%27now%27,metric,toFloat64(value)+FROM+system.asynchronous_metrics+UNION+ALL+\
SELECT+%27so+far%27,event,toFloat64(value)+FROM+system.events+FORMAT+TabSeparated";

/// What is so now, with the names that the tables have for it; several are added up.
const NOW: [(&str, &[&str], Unit); 4] = [
    ("queries", &["Query"], Unit::Count),
    ("merges", &["Merge"], Unit::Count),
    ("connections", &["TCPConnection", "HTTPConnection"], Unit::Count),
    ("memory", &["MemoryTracking"], Unit::Bytes),
];

/// What happens. The table lists what happened at least once: what it does not list happened 0 times.
const EVENTS: [(&str, &str); 3] =
    [("inserted_rows", "InsertedRows"), ("selected_rows", "SelectedRows"), ("failed_queries", "FailedQuery")];

/// What the machine's memory is called.
const MEMORY: &str = "OSMemoryTotal";

/// A server that is asked again and again.
pub(crate) struct ClickHouse {
    client: Client,
    wanted: Vec<Wanted>,
}

impl ClickHouse {
    pub(crate) fn new(url: &str, wanted: Vec<Wanted>, timeout: Duration) -> Self {
        Self { client: Client::new(url, timeout), wanted }
    }
}

impl Watch for ClickHouse {
    fn read(&mut self) -> Gauges {
        told(self.client.fetch_from("/", Some(QUERY)).map(|text| gauges(&text, &self.wanted)))
    }
}

/// Name, number, and whether it is counted since the server began.
type Row<'a> = (&'a str, f64, bool);

fn gauges(text: &str, wanted: &[Wanted]) -> Gauges {
    let rows: Vec<Row<'_>> = text.lines().filter_map(row).collect();
    let find = |name: &str| rows.iter().find(|(known, ..)| *known == name);
    if rows.is_empty() {
        return Gauges::absent("what answers is not ClickHouse");
    }
    let mut values = Vec::new();
    for (name, theirs, unit) in NOW {
        let found: Vec<_> = theirs.iter().filter_map(|t| find(t)).map(|(_, value, _)| *value).collect();
        let limit = find(MEMORY).map(|(_, value, _)| *value).filter(|_| unit == Unit::Bytes);
        if !found.is_empty() {
            values.push(Gauge::level(name, found.iter().sum(), unit).of(limit));
        }
    }
    let happened = |event: &str| find(event).map_or(0.0, |(_, value, _)| *value);
    values.extend(EVENTS.map(|(name, event)| Gauge::counter(name, happened(event), Unit::Count)));
    let mut missing = Vec::new();
    for wanted in wanted {
        match find(&wanted.what) {
            Some((_, value, is_counter)) => values.push(wanted.gauge(*value, *is_counter)),
            None => missing.push(format!("there is no `{}`", wanted.what)),
        }
    }
    Gauges { values, missing: (!missing.is_empty()).then(|| missing.join("; ")) }
}

fn row(line: &str) -> Option<Row<'_>> {
    let mut cells = line.split('\t');
    let (table, name, value) = (cells.next()?, cells.next()?, cells.next()?);
    Some((name, value.trim().parse().ok()?, table == "so far"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str = "now\tQuery\t3\nnow\tMerge\t1\nnow\tTCPConnection\t2\nnow\tHTTPConnection\t5\n\
        now\tMemoryTracking\t734003200\nnow\tOSMemoryTotal\t16000000000\nnow\tReplicasMaxQueueSize\t0\n\
        so far\tInsertedRows\t120000\nso far\tSelectedRows\t900\n";

    #[test]
    fn tables_of_the_system_are_read() {
        let wanted = |name: &str, what: &str| Wanted {
            name: name.to_owned(),
            what: what.to_owned(),
            unit: Unit::Count,
            scale: 1.0,
            is_counter: None,
        };
        let read = gauges(ROWS, &[wanted("queue", "ReplicasMaxQueueSize"), wanted("x", "NoSuchThing")]);
        let of = |name: &str| read.values.iter().find(|g| g.name == name).unwrap();
        assert_eq!((of("connections").value, of("connections").is_counter), (7.0, false));
        assert_eq!((of("memory").value, of("memory").limit), (734_003_200.0, Some(16e9)));
        assert_eq!((of("inserted_rows").value, of("inserted_rows").is_counter), (120_000.0, true));
        assert_eq!(of("queue").value, 0.0);
        assert_eq!((of("failed_queries").value, of("failed_queries").is_counter), (0.0, true));
        assert_eq!(read.missing.as_deref(), Some("there is no `NoSuchThing`"));
        let own = Gauges { values: gauges(ROWS, &[]).values, missing: None };
        crate::tests::is_declared("clickhouse", &own);
        assert!(gauges("Ok.\n", &[]).missing.is_some());
    }
}
