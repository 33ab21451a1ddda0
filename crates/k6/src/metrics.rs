//! k6's metrics: what a script counts and what k6 counts for it, kept in constant memory.

mod points;
mod sink;
mod store;
mod tags;
mod threshold;

pub use points::PointFormat;
pub(crate) use points::Points;
pub(crate) use sink::Sink;
pub(crate) use store::{Book, Store, SubMetric, Totals};
pub(crate) use tags::{FURTHER_TAGS, SYSTEM_TAGS, Tagged, Tags, parse_selector};
pub(crate) use threshold::{Expression, Method, Operator, Threshold};

/// What kind of a metric it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Rate,
    Trend,
}

impl Kind {
    /// As k6 writes it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Rate => "rate",
            Self::Trend => "trend",
        }
    }

    /// From the name of the class that a script makes one with.
    pub(crate) fn of_class(name: &str) -> Option<Self> {
        [("Counter", Self::Counter), ("Gauge", Self::Gauge), ("Rate", Self::Rate), ("Trend", Self::Trend)]
            .into_iter()
            .find_map(|(known, kind)| (known == name).then_some(kind))
    }
}

/// What values of a metric mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contains {
    Default,
    /// Milliseconds.
    Time,
    /// Bytes.
    Data,
}

impl Contains {
    /// As k6 writes it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Time => "time",
            Self::Data => "data",
        }
    }
}

/// Number of a metric, the same on all threads.
pub(crate) type MetricId = usize;

/// One metric.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Metric {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) contains: Contains,
}

macro_rules! built_in {
    ($($id:ident = $name:literal $kind:ident $contains:ident;)*) => {
        /// Metrics that every script has.
        #[derive(Clone, Copy)]
        pub(crate) enum BuiltIn { $(#[doc = $name] $id),* }

        const BUILT_IN: &[(&str, Kind, Contains)] = &[$(($name, Kind::$kind, Contains::$contains)),*];
    };
}

built_in! {
    Vus = "vus" Gauge Default;
    VusMax = "vus_max" Gauge Default;
    Iterations = "iterations" Counter Default;
    IterationDuration = "iteration_duration" Trend Time;
    DroppedIterations = "dropped_iterations" Counter Default;
    Checks = "checks" Rate Default;
    GroupDuration = "group_duration" Trend Time;
    HttpReqs = "http_reqs" Counter Default;
    HttpReqFailed = "http_req_failed" Rate Default;
    HttpReqDuration = "http_req_duration" Trend Time;
    HttpReqBlocked = "http_req_blocked" Trend Time;
    HttpReqConnecting = "http_req_connecting" Trend Time;
    HttpReqTlsHandshaking = "http_req_tls_handshaking" Trend Time;
    HttpReqSending = "http_req_sending" Trend Time;
    HttpReqWaiting = "http_req_waiting" Trend Time;
    HttpReqReceiving = "http_req_receiving" Trend Time;
    WsSessions = "ws_sessions" Counter Default;
    WsMsgsSent = "ws_msgs_sent" Counter Default;
    WsMsgsReceived = "ws_msgs_received" Counter Default;
    WsPing = "ws_ping" Trend Time;
    WsConnecting = "ws_connecting" Trend Time;
    WsSessionDuration = "ws_session_duration" Trend Time;
    GrpcReqDuration = "grpc_req_duration" Trend Time;
    GrpcStreams = "grpc_streams" Counter Default;
    GrpcStreamsMsgsSent = "grpc_streams_msgs_sent" Counter Default;
    GrpcStreamsMsgsReceived = "grpc_streams_msgs_received" Counter Default;
    DataSent = "data_sent" Counter Data;
    DataReceived = "data_received" Counter Data;
}

/// All metrics of a run: those that every script has, then the script's own.
#[derive(Clone, Debug)]
pub(crate) struct Registry(Vec<Metric>);

impl Registry {
    pub(crate) fn new() -> Self {
        let metric = |(name, kind, contains): &(&str, Kind, Contains)| Metric {
            name: (*name).to_owned(),
            kind: *kind,
            contains: *contains,
        };
        Self(BUILT_IN.iter().map(metric).collect())
    }

    /// The number of the metric, which may be known already; a sentence if it is known as something else.
    pub(crate) fn declare(&mut self, metric: Metric) -> Result<MetricId, String> {
        if let Some(id) = self.find(&metric.name) {
            return if self.0[id] == metric {
                Ok(id)
            } else {
                Err(format!(
                    "metric '{}' already exists but with a different type or value type",
                    metric.name
                ))
            };
        }
        let rest = metric.name.chars().skip(1).all(|c| c.is_ascii_alphanumeric() || c == '_');
        let head = metric.name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !head || !rest || !(2..=129).contains(&metric.name.len()) {
            return Err(format!(
                "'{}' is no name for a metric: a letter or _, then up to 128 letters, digits and _",
                metric.name
            ));
        }
        self.0.push(metric);
        Ok(self.0.len() - 1)
    }

    pub(crate) fn find(&self, name: &str) -> Option<MetricId> {
        self.0.iter().position(|m| m.name == name)
    }

    pub(crate) fn get(&self, id: MetricId) -> &Metric {
        &self.0[id]
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (MetricId, &Metric)> {
        self.0.iter().enumerate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(name: &str, kind: Kind) -> Metric {
        Metric { name: name.to_owned(), kind, contains: Contains::Default }
    }

    #[test]
    fn the_same_metric_is_the_same_number_and_another_type_is_refused() {
        let mut registry = Registry::new();
        let id = registry.declare(own("orders", Kind::Counter)).unwrap();
        assert_eq!(registry.declare(own("orders", Kind::Counter)), Ok(id));
        assert!(registry.declare(own("orders", Kind::Trend)).unwrap_err().contains("already exists"));
        assert!(registry.declare(own("my orders", Kind::Counter)).is_err());
        assert_eq!(registry.get(BuiltIn::HttpReqDuration as usize).name, "http_req_duration");
        assert_eq!(registry.get(BuiltIn::DataReceived as usize).name, "data_received");
    }
}
