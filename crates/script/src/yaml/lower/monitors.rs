//! What is watched besides the load: where it is read, completely checked before anything runs.

use plimsoll_model::monitor::{
    MetricSelector, MonitorSettings, Price, ProcessOf, Source, Unit, Wanted, unit_of_name,
};
use plimsoll_model::{Plan, SECOND_NS};
use serde_json_path::JsonPath;

use super::super::diagnostics::Place;
use super::super::read::Placed;
use super::super::types::{MonitorItem, ProcessItem, ProcessMapping, SeriesItem};
use super::Lowering;

/// How long a reading may take if the plan does not say: the next one is due by then.
const TIMEOUT_NS: u64 = SECOND_NS;

/// Units that a plan may name, with what one of them is in the base unit.
const UNITS: [(&str, Unit, f64); 8] = [
    ("bytes", Unit::Bytes, 1.0),
    ("count", Unit::Count, 1.0),
    ("ms", Unit::Nanos, 1e6),
    ("ns", Unit::Nanos, 1.0),
    ("percent", Unit::Share, 0.01),
    ("s", Unit::Nanos, 1e9),
    ("share", Unit::Share, 1.0),
    ("us", Unit::Nanos, 1e3),
];

/// Sources that are an address and nothing else, with what it begins with.
const HTTP: &[&str] = &["http://", "https://"];

/// A key, what is written there, what it begins with, and the source it is.
type Address<'a> = (&'static str, &'a Option<Placed<String>>, &'a [&'a str], fn(String) -> Source);

impl Lowering<'_> {
    /// The plan's monitors, in its order.
    pub(super) fn monitors(&mut self, plan: &Plan) -> Vec<MonitorSettings> {
        let file = self.file;
        let mut monitors: Vec<MonitorSettings> = Vec::new();
        for (name, item) in file.monitor.iter() {
            self.check_monitor_name(name, plan);
            let Some(source) = self.source(name, item) else {
                // What is claimed of it is no further mistake.
                self.diagnostics.lost.insert(name.value.clone());
                continue;
            };
            let known = source.known();
            for (series, _) in item.limits.iter() {
                if let Some(known) = &known
                    && !known.iter().any(|(name, _)| *name == series.value)
                {
                    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
                    self.diagnostics.unknown(&series.place, "series of this monitor", &series.value, &names);
                }
            }
            monitors.push(MonitorSettings {
                id: monitors.len() as u16,
                name: name.value.clone(),
                limits: item.limits.iter().map(|(name, l)| (name.value.clone(), l.value.0)).collect(),
                timeout_ns: item.timeout.map_or(TIMEOUT_NS, |d| d.0),
                source,
            });
        }
        monitors
    }

    /// What the target costs.
    pub(super) fn price(&mut self) -> Option<Price> {
        let file = self.file;
        let price = file.price.as_ref()?;
        let events = price.events.unwrap_or(1.0);
        let per_hour: f64 = self.number_given(&price.per_hour)?;
        // What is no number is below nothing, too.
        if !(0.0..f64::INFINITY).contains(&per_hour) || events <= 0.0 {
            self.diagnostics.error(
                &price.place,
                "a price is no less than 0, and a success carries something",
                "write `price: { per_hour: 3.2, currency: USD }`",
            );
        }
        Some(Price { per_hour, currency: price.currency.clone(), events })
    }

    fn check_monitor_name(&mut self, name: &Placed<String>, plan: &Plan) {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.value.is_empty() || !name.value.chars().all(fits) {
            self.diagnostics.error(
                &name.place,
                format!("`{}` is not a name for a monitor", name.value),
                "use letters, digits, `_` and `-`; claims name a series of it behind a point",
            );
        }
        let is_part = |step: &str| step.split_once('.').is_some_and(|(whole, _)| whole == name.value);
        if plan.steps.iter().any(|step| is_part(&step.name)) {
            self.diagnostics.error(
                &name.place,
                format!("a step is called `{}`, too, and its parts are named like series", name.value),
                "give the monitor another name",
            );
        }
    }

    fn source(&mut self, name: &Placed<String>, item: &MonitorItem) -> Option<Source> {
        let mut found: Vec<(&'static str, Option<Source>)> = Vec::new();
        if let Some(process) = &item.process {
            found.push(("process", self.process(process)));
        }
        let addresses: [Address<'_>; 4] = [
            ("redis", &item.redis, &["redis://", "rediss://"], |url| Source::Redis { url }),
            ("postgres", &item.postgres, &["postgres://", "postgresql://"], |url| Source::Postgres { url }),
            ("nats", &item.nats, HTTP, |url| Source::Nats { url }),
            ("rabbitmq", &item.rabbitmq, HTTP, |url| Source::RabbitMq { url }),
        ];
        for (kind, written, schemes, make) in addresses {
            if let Some(written) = written {
                found.push((kind, self.monitor_address(written, schemes).map(make)));
            }
        }
        found.extend(self.documents(item));
        if let Some(kafka) = &item.kafka {
            let parts = [&kafka.brokers, &kafka.group, &kafka.topic].map(|w| self.known_before_the_run(w));
            let [brokers, group, topic] = parts;
            let source = brokers.zip(group).zip(topic);
            found.push((
                "kafka",
                source.map(|((brokers, group), topic)| Source::Kafka { brokers, group, topic }),
            ));
        }
        if let Some(command) = &item.command {
            let words: Option<Vec<_>> = command.value.iter().map(|w| self.known_before_the_run(w)).collect();
            let directory = self.base.to_string_lossy().into_owned();
            found.push(("command", words.map(|words| Source::Command { words, directory })));
        }
        self.the_only(name, item, found)
    }

    /// Sources in which the plan says where numbers stand.
    fn documents(&mut self, item: &MonitorItem) -> Vec<(&'static str, Option<Source>)> {
        let mut found = Vec::new();
        if let Some(written) = &item.json {
            let series = self.series(item, |what| {
                JsonPath::parse(what).map(|_| None).map_err(|e| {
                    (format!("`{what}` is not a JSON path: {e}"), "write one such as $.heap.used")
                })
            });
            let url = self.document_address(written);
            found.push(("json", url.map(|url| Source::Json { url, series })));
        }
        if let Some(written) = &item.prometheus {
            let series = self.series(item, |what| {
                let parsed = MetricSelector::parse(what);
                parsed
                    .map(|s| Some(s.name))
                    .map_err(|e| (e, "write a metric such as http_requests_total{code=\"500\"}"))
            });
            let url = self.document_address(written);
            found.push(("prometheus", url.map(|url| Source::Prometheus { url, series })));
        }
        if let Some(written) = &item.clickhouse {
            let series = self.series(item, |what| Ok(Some(what.to_owned())));
            let url = self.monitor_address(written, HTTP);
            found.push(("clickhouse", url.map(|url| Source::ClickHouse { url, series })));
        }
        for (kind, _) in found.iter().filter(|(kind, _)| *kind != "clickhouse") {
            if item.series.0.is_empty() {
                self.diagnostics.error_of_whole(
                    &item.place,
                    &item.place,
                    format!("which numbers of `{kind}` are meant?"),
                    "name them under `series:`, such as `series: { heap: $.heap.used }`",
                );
            }
        }
        found
    }

    /// Exactly one source, which takes what is said besides.
    fn the_only(
        &mut self,
        name: &Placed<String>,
        item: &MonitorItem,
        mut found: Vec<(&'static str, Option<Source>)>,
    ) -> Option<Source> {
        let hint = "write one of process, prometheus, json, redis, postgres, nats, rabbitmq, kafka, clickhouse and command";
        let (kind, source) = match found.len() {
            1 => found.remove(0),
            // A key that is not known was meant to be one.
            0 if self.diagnostics.is_in(&item.place) => return None,
            0 => {
                let message = format!("where is `{}` read?", name.value);
                self.diagnostics.error_of_whole(&item.place, &name.place, message, hint);
                return None;
            }
            _ => {
                let kinds: Vec<_> = found.iter().map(|(kind, _)| format!("`{kind}`")).collect();
                let message = format!("a monitor has one source, and this has {}", kinds.join(" and "));
                self.diagnostics.error(&name.place, message, hint);
                return None;
            }
        };
        if let Some((series, _)) = item.series.iter().next()
            && !["json", "prometheus", "clickhouse"].contains(&kind)
        {
            self.diagnostics.error(
                &series.place,
                format!("`{kind}` has series of its own"),
                "leave `series` out; docs/PLANS.md lists them",
            );
        }
        source
    }

    /// The series that a plan names, each looked at by `check`, which says what its unit follows from if not its path.
    fn series(
        &mut self,
        item: &MonitorItem,
        check: impl Fn(&str) -> Result<Option<String>, (String, &'static str)>,
    ) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        for (name, series) in item.series.iter() {
            let SeriesItem { read, unit, counter } = &series.value;
            let Some(what) = self.known_before_the_run(read) else { continue };
            let named = match check(&what) {
                Ok(named) => named,
                Err((message, hint)) => {
                    self.diagnostics.error(&read.place, message, hint);
                    continue;
                }
            };
            let (unit, scale) = match unit {
                Some(written) => self.named_unit(written),
                None => unit_of_name(named.as_deref().unwrap_or(&what)),
            };
            // Of a document nobody says whether its numbers only grow.
            let is_counter = counter.or_else(|| item.json.as_ref().map(|_| false));
            wanted.push(Wanted { name: name.value.clone(), what, unit, scale, is_counter });
        }
        wanted
    }

    fn named_unit(&mut self, written: &Placed<String>) -> (Unit, f64) {
        match UNITS.iter().find(|(name, ..)| *name == written.value) {
            Some((_, unit, scale)) => (*unit, *scale),
            None => {
                self.unknown(written, "unit", &UNITS.map(|(name, ..)| name));
                (Unit::Count, 1.0)
            }
        }
    }

    fn monitor_address(&mut self, written: &Placed<String>, schemes: &[&str]) -> Option<String> {
        let url = self.known_before_the_run(written)?;
        if schemes.iter().any(|scheme| url.starts_with(scheme)) {
            return Some(url.trim_end_matches('/').to_owned());
        }
        self.diagnostics.error(
            &written.place,
            format!("`{url}` is not where this can be read"),
            format!("write an address that begins with {}", schemes.join(" or ")),
        );
        None
    }

    /// An address, or a path at the plan's target.
    fn document_address(&mut self, written: &Placed<String>) -> Option<String> {
        let url = self.known_before_the_run(written)?;
        if !url.starts_with('/') {
            return self.monitor_address(written, HTTP);
        }
        let target = self.targets.get("").filter(|t| HTTP.iter().any(|scheme| t.starts_with(scheme)));
        match target {
            Some(target) => {
                let origin =
                    target.find("://").and_then(|at| target[at + 3..].find('/').map(|end| at + 3 + end));
                Some(format!("{}{url}", &target[..origin.unwrap_or(target.len())]))
            }
            None if self.file.target.is_some() && !self.diagnostics.is_empty() => None,
            None => {
                self.diagnostics.error(
                    &written.place,
                    "the plan has no target over HTTP that this path could belong to",
                    "write the whole address",
                );
                None
            }
        }
    }

    fn process(&mut self, item: &Placed<ProcessItem>) -> Option<Source> {
        match &item.value {
            ProcessItem::Target => {
                Some(Source::Process { of: self.process_of_target(&item.place)?, children: false })
            }
            ProcessItem::Chosen(mapping) => {
                let of = self.chosen(mapping)?;
                Some(Source::Process { of, children: mapping.children.unwrap_or(false) })
            }
        }
    }

    fn chosen(&mut self, mapping: &ProcessMapping) -> Option<ProcessOf> {
        let hint = "write one of `pid`, `name` and `port`";
        match (&mapping.pid, &mapping.name, &mapping.port) {
            (Some(pid), None, None) => self.number_given(pid).map(ProcessOf::Pid),
            (None, Some(name), None) => self.known_before_the_run(name).map(ProcessOf::Name),
            (None, None, Some(port)) => self.number_given(port).map(ProcessOf::Port),
            (None, None, None) => {
                let message = "which process is meant?";
                self.diagnostics.error_of_whole(&mapping.place, &mapping.place, message, hint);
                None
            }
            _ => {
                self.diagnostics.error(&mapping.place, "a process is named in one way", hint);
                None
            }
        }
    }

    fn number_given<T: std::str::FromStr>(&mut self, written: &Placed<String>) -> Option<T> {
        let text = self.known_before_the_run(written)?;
        let number = text.parse().ok();
        if number.is_none() {
            self.diagnostics.error(
                &written.place,
                format!("`{text}` is no number that this could be"),
                "write a number, or `${env.NAME}` for one that is given with `-e NAME=...`",
            );
        }
        number
    }

    /// Whoever listens where the plan's target is. A built-in service is part of this process.
    fn process_of_target(&mut self, place: &Place) -> Option<ProcessOf> {
        let file = self.file;
        let written = file.target.as_ref();
        if written.is_some_and(|t| t.value.starts_with("demo:")) {
            return Some(ProcessOf::This);
        }
        let Some(target) = self.targets.get("") else {
            if written.is_none() {
                let hint = "write `target:`, or name the process by `pid`, `name` or `port`";
                self.diagnostics.error(place, "the plan has no target of its own", hint);
            }
            return None;
        };
        let port = local_port(target);
        if port.is_none() {
            self.diagnostics.error(
                place,
                "the plan's target is not a server of this machine with a port of its own",
                "watch it from where it runs: by `prometheus`, `json`, or `command` over ssh",
            );
        }
        port.map(ProcessOf::Port)
    }
}

/// The port of an address on the loopback interface.
fn local_port(url: &str) -> Option<u16> {
    const USUAL: [(&str, u16); 12] = [
        ("http", 80),
        ("https", 443),
        ("ws", 80),
        ("wss", 443),
        ("redis", 6379),
        ("nats", 4222),
        ("postgres", 5432),
        ("mysql", 3306),
        ("mariadb", 3306),
        ("amqp", 5672),
        ("mqtt", 1883),
        ("kafka", 9092),
    ];
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = match host_and_port.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
        _ => (host_and_port, USUAL.iter().find(|(name, _)| *name == scheme).map(|(_, port)| *port)),
    };
    let is_local = host.starts_with("127.") || host == "localhost" || host == "[::1]";
    port.filter(|_| is_local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_ports_are_told_from_others() {
        assert_eq!(local_port("http://127.0.0.1:8080/a"), Some(8080));
        assert_eq!(local_port("http://localhost"), Some(80));
        assert_eq!(local_port("postgres://u:p@127.0.0.1/db"), Some(5432));
        assert_eq!(local_port("http://[::1]:9000"), Some(9000));
        assert_eq!(local_port("http://[::1]"), Some(80));
        assert_eq!(local_port("http://example.org:8080"), None);
        assert_eq!(local_port("stdio:server"), None);
    }
}
