//! The plan file as it is written.

mod calls;
mod monitors;
mod steps;

use serde_json::{Map, Value, json};

use super::diagnostics::{Diagnostics, suggest};
use super::read::{Placed, Read, Table, named_schema, record};
use super::source::{Node, NodeKind};
use super::units::{Bitrate, Bytes, Counts, Duration, Rate, Share};
pub use calls::{
    CallItem, CommandStep, Common, ExecStep, GoodItem, GrpcStep, HttpStep, MessageStep, OwnStep, QueryStep,
    TalkStep, ToolStep,
};
pub use monitors::{
    KafkaItem, MonitorItem, PriceItem, ProcessItem, ProcessMapping, SeriesItem, SeriesMapping,
};
pub use steps::{GroupStep, IfStep, OneOfStep, RepeatStep, SetStep, StepItem, ThinkStep};

record! {
    /// A load test: what is called, how often, and what must hold.
    pub struct PlanFile, "a plan" {
        /// What the run is called; the file's name if absent.
        name: Option<String>,
        /// What it is for, in a sentence.
        description: Option<String>,
        /// What paths are relative to: a URL, or `demo:shop` for a built-in service.
        target: Option<Placed<String>>,
        /// Further targets by name, for steps with `on: NAME`.
        targets: Table<Placed<String>>,
        /// The target with so many instances behind it, for `plimsoll capacity`: `1: http://one:8080`, `2: http://two:8080`.
        instances: Table<Placed<String>>,
        /// The seed of everything random.
        seed: Option<u64>,
        /// Plan files whose scenarios, data, variables and targets are added to this one's.
        include: Vec<Placed<String>>,
        /// Environment variables the plan uses, with their defaults.
        env: Table<Option<String>>,
        /// Fixed values for templates.
        vars: Table<Value>,
        /// How connections are made, and defaults for requests.
        http: Option<HttpSection>,
        /// How AMQP brokers are connected to.
        amqp: Option<BrokerSection>,
        /// How services are called by gRPC.
        grpc: Option<GrpcSection>,
        /// How Kafka brokers are connected to.
        kafka: Option<BrokerSection>,
        /// How MQTT brokers are connected to.
        mqtt: Option<BrokerSection>,
        /// How NATS servers are connected to.
        nats: Option<BrokerSection>,
        /// How servers of Redis are connected to.
        redis: Option<BrokerSection>,
        /// How servers of tools are spoken with.
        mcp: Option<McpSection>,
        /// How databases are connected to.
        sql: Option<SqlSection>,
        /// What lies between the users of a scenario and the target, by the scenario's name.
        network: Table<NetworkItem>,
        /// What the target promises of what is written with an identity (`delivers`).
        delivery: Option<DeliverySection>,
        /// What must hold, such as `p99(checkout) < 200ms`.
        claims: Vec<Placed<ClaimItem>>,
        /// What is watched besides, by name: once a second, shown beneath the latency, and claimed as `max(name.memory) < 1GB`.
        monitor: Table<MonitorItem>,
        /// What the target costs.
        price: Option<PriceItem>,
        /// Users or arrivals, by scenario.
        load: Table<LoadItem>,
        /// Data for templates.
        data: Table<DataItem>,
        /// What users do, by name.
        scenarios: Table<Vec<StepItem>>,
        /// Steps before the load; what they save is there for all users.
        setup: Vec<StepItem>,
        /// Steps after the load.
        teardown: Vec<StepItem>,
        /// Tags of all steps.
        tags: Table<String>,
    }
}

record! {
    /// How connections are made, and defaults for requests.
    pub struct HttpSection, "`http`" {
        /// `per_user` (default), `shared`, or a number: shared, at most so many per load thread.
        connections: Option<ConnectionsItem>,
        /// `1` (default), `2` (over TLS by agreement, without it from the first byte), or `agreed`: over TLS what the server
        /// chooses. Connections of HTTP/2 carry many requests at once if they are `shared`.
        version: Option<Placed<String>>,
        /// Keep connections open between requests (default true).
        reuse: Option<bool>,
        /// Remember cookies within an iteration (default true).
        cookies: Option<bool>,
        /// Headers of all requests.
        headers: Table<Placed<String>>,
        /// For a whole request (default 60s).
        timeout: Option<Duration>,
        /// For dialling, TLS included (default 10s).
        connect_timeout: Option<Duration>,
        /// Redirects followed at most (default 0: a redirect is the answer).
        redirects: Option<u32>,
        /// Codings to ask for: gzip, deflate, br, zstd.
        accept_encoding: Option<String>,
        /// Largest response body accepted (default 4 GiB).
        max_body: Option<Bytes>,
        /// Authorities to trust instead of the system's, PEM file.
        ca: Option<String>,
        /// Accept any certificate.
        skip_verify: Option<bool>,
        /// Client certificate chain, PEM file.
        cert: Option<String>,
        /// Client key, PEM file.
        key: Option<String>,
        /// Sent as User-Agent.
        user_agent: Option<String>,
        /// Addresses to use instead of asking DNS: `host:port: ip:port`.
        resolve: Table<Placed<String>>,
    }
}

record! {
    /// How brokers of a kind are connected to.
    pub struct BrokerSection, "the settings of a broker" {
        /// `per_user` (default), or `shared`: one for all users of a load thread.
        connections: Option<ConnectionsItem>,
        /// For an operation (default 5s).
        timeout: Option<Duration>,
        /// For connecting, TLS included (default 10s).
        connect_timeout: Option<Duration>,
        /// `name:password`, unless the address has them.
        user: Option<Placed<String>>,
        /// A token (NATS).
        token: Option<Placed<String>>,
        /// A file with credentials (JWT and key), as `nsc` writes it (NATS).
        credentials: Option<String>,
        /// Authorities to trust instead of the system's, PEM file; demands TLS.
        ca: Option<String>,
        /// Client certificate chain, PEM file.
        cert: Option<String>,
        /// Client key, PEM file.
        key: Option<String>,
        /// Accept any certificate (MQTT, Kafka, Redis).
        skip_verify: Option<bool>,
        /// The server is one of a cluster: commands go to the server of their key (Redis).
        cluster: Option<bool>,
        /// Settings of librdkafka (Kafka), such as `compression.type: lz4`.
        options: Table<Placed<String>>,
    }
}

record! {
    /// How services are called by gRPC.
    pub struct GrpcSection, "`grpc`" {
        /// `per_user` (default), or `shared`: one for all users of a load thread.
        connections: Option<ConnectionsItem>,
        /// Files that describe the services (`.proto`); without, servers are asked to describe themselves (reflection).
        protos: Vec<Placed<String>>,
        /// Directories in which these look for what they import (default: their own).
        includes: Vec<Placed<String>>,
        /// For a call (default 5s).
        timeout: Option<Duration>,
        /// For connecting, TLS included (default 10s).
        connect_timeout: Option<Duration>,
        /// Authorities to trust instead of the system's, PEM file.
        ca: Option<String>,
        /// Client certificate chain, PEM file.
        cert: Option<String>,
        /// Client key, PEM file.
        key: Option<String>,
        /// Accept any certificate.
        skip_verify: Option<bool>,
    }
}

record! {
    /// How servers of tools are spoken with.
    pub struct McpSection, "`mcp`" {
        /// `per_user` (default), `per_iteration`, or `none`: requests stand for themselves.
        sessions: Option<Placed<String>>,
        /// The version of the protocol to ask for (default 2025-06-18).
        version: Option<String>,
        /// Headers of all requests over HTTP.
        headers: Table<Placed<String>>,
        /// Whose a server is that is a program (`stdio:`): `shared` (default; users of a load thread wait for each other),
        /// or `per_user`.
        programs: Option<ConnectionsItem>,
        /// For an operation (default 5s).
        timeout: Option<Duration>,
    }
}

record! {
    /// How databases are connected to.
    pub struct SqlSection, "`sql`" {
        /// Connections that all users share, load threads included; without it each user has its own.
        pool: Option<u64>,
        /// How long a user waits for a connection of the pool (default 30s).
        pool_wait: Option<Duration>,
        /// For an operation, waiting for the pool included (default 5s).
        timeout: Option<Duration>,
        /// For connecting, TLS included (default 10s).
        connect_timeout: Option<Duration>,
        /// Authorities to trust instead of the system's, PEM file.
        ca: Option<String>,
        /// Accept any certificate.
        skip_verify: Option<bool>,
    }
}

record! {
    /// A network that is slower than the one there is: connections over HTTP and MCP are held up in this process.
    pub struct NetworkItem, "a network" {
        /// Added to every round trip, such as 40ms: half of it on the way there, half on the way back.
        latency: Option<Duration>,
        /// How far a round trip may lie beside that, either way.
        jitter: Option<Duration>,
        /// Of each direction, such as 10Mbit/s.
        bandwidth: Option<Bitrate>,
        /// The share of segments (1460 bytes) that are lost, such as 0.1%: they come 200ms later, or a round trip if that is longer,
        /// and what is behind them waits.
        loss: Option<Share>,
    }
}

record! {
    /// What the target promises of what is written with an identity.
    pub struct DeliverySection, "`delivery`" {
        /// `at_least_once` (default: acknowledged means kept), `at_most_once`, or `exactly_once`.
        promise: Option<Placed<String>>,
        /// How many users must each get a copy of what is written (messages that fan out); all accounts are in copies then.
        copies: Option<u64>,
        /// How long steps of `teardown` look for what was acknowledged (default 10s).
        patience: Option<Duration>,
    }
}

record! {
    /// Users or arrivals for a scenario.
    pub struct LoadItem, "a load" {
        /// Arrivals per time, whatever the target does.
        open: Option<OpenItem>,
        /// So many users, each going on when its last iteration has ended.
        closed: Option<ClosedItem>,
        /// A named shape with its size.
        shape: Option<ShapeItem>,
        /// Scenarios with weights; without it the load is for the scenario of its name.
        mix: Table<f64>,
        /// When it starts, from the start of the run.
        start: Option<Duration>,
        /// Start when this load's schedule has ended.
        after: Option<Placed<String>>,
        /// How long iterations may go on after the schedule has ended (default: the longest timeout).
        graceful_stop: Option<Duration>,
        /// Shortest time from one iteration's start to the next of the same user.
        iteration_time: Option<Duration>,
    }
}

record! {
    /// Arrivals per time.
    pub struct OpenItem, "`open`" {
        /// Such as 500/s. With `stages`, where they start.
        rate: Option<Rate>,
        /// How arrivals are placed: poisson (default) or uniform.
        arrivals: Option<Placed<String>>,
        /// How long, if there are no stages.
        hold = "for": Option<Duration>,
        /// Stretches such as `10s -> 500/s` (move there) or `60s` (stay); with a name: `spike: 5s -> 2000/s`.
        stages: Vec<Placed<StageItem>>,
        /// Arrival times in seconds, one a line: a recorded trace.
        trace: Option<Placed<String>>,
        /// Most users at once; an arrival that finds them all busy is dropped and counted (default 10000).
        max_users: Option<u64>,
    }
}

record! {
    /// So many users.
    pub struct ClosedItem, "`closed`" {
        /// How many. With `stages`, how many there are at the start.
        users: Option<u64>,
        /// How fast they arrive, such as 10/s; all at once without it.
        spawn_rate: Option<Rate>,
        /// How long, if there are no stages.
        hold = "for": Option<Duration>,
        /// Stretches such as `30s -> 100` (move there) or `2m` (stay); with a name: `peak: 10s -> 500`.
        stages: Vec<Placed<StageItem>>,
        /// Iterations for all users together.
        iterations: Option<u64>,
        /// Iterations for every user.
        iterations_per_user: Option<u64>,
        /// How long the iteration of a user that has to leave may still go on (default: until the graceful stop).
        leave: Option<Duration>,
    }
}

record! {
    /// A named shape: it expands to stages, which `plimsoll check` prints.
    pub struct ShapeItem, "`shape`" {
        /// smoke, load, stress, spike, soak or breakpoint.
        kind: Placed<String>,
        /// Its full level as arrivals per time, such as 500/s.
        rate: Option<Rate>,
        /// Its full level as users.
        users: Option<u64>,
        /// How long the whole shape lasts.
        hold = "for": Option<Duration>,
    }
}

record! {
    /// Rows for templates. One of `inline`, `csv`, `jsonl` and `generate`.
    pub struct DataItem, "a data set" {
        /// Rows written here.
        inline: Option<Vec<Value>>,
        /// A file of comma-separated values with a header line.
        csv: Option<Placed<String>>,
        /// A file with a JSON value on every line.
        jsonl: Option<Placed<String>>,
        /// A built-in generator (attribution, batch, event, order, validation), or a mapping with templates.
        generate: Option<Node>,
        /// How many rows a generator makes before the run (default 1000).
        rows: Option<u64>,
        /// Parts of what is generated, such as the items of an order or of a batch: `3`, or `5..12`.
        size: Option<Placed<Counts>>,
        /// Every row holds a list of so many, such as `5..15`: `${NAME.list}`, with their number `${NAME.count}`, and of these how
        /// many are `broken` and `sound`.
        list: Option<Placed<Counts>>,
        /// The generator's seed (default: the plan's).
        seed: Option<u64>,
        /// Rows that are to be refused.
        invalid: Option<InvalidItem>,
        /// A JSON Schema (file, or written here) that rows meant to be valid must satisfy.
        schema: Option<Node>,
        /// Rows travel together: one row of the set is then a list of them.
        batch: Option<BatchItem>,
        /// Which row an iteration gets: sequential (default), random or unique.
        pick: Option<Placed<String>>,
    }
}

record! {
    /// Rows that travel together, as a list that is made before the run. Each time it is sent, every row gets an identity of its
    /// own.
    pub struct BatchItem, "`batch`" {
        /// How many.
        size: u64,
        /// The key of a row's identity: what stands there is written over with a UUID.
        id: Placed<String>,
        /// The key of the time of sending: milliseconds since 1970, or a text such as 2026-01-31T12:00:00.000Z.
        time: Option<Placed<String>>,
    }
}

record! {
    /// Rows that are to be refused.
    pub struct InvalidItem, "`invalid`" {
        /// Their share, such as 5%.
        rate: Share,
        /// What is wrong with them; all kinds the generator knows, if absent.
        kinds: Vec<Placed<String>>,
    }
}

record! {
    /// Credentials.
    pub struct AuthItem, "`auth`" {
        /// `user:password`.
        basic: Option<Placed<String>>,
        /// A token.
        bearer: Option<Placed<String>>,
    }
}

record! {
    /// One of several things, by weight.
    pub struct BranchItem, "a branch" {
        /// How often, relative to the other branches (default 1).
        weight: Option<f64>,
        /// What is done.
        steps: Vec<StepItem>,
    }
}

/// A claim as it is written.
#[derive(Clone, Debug)]
pub struct ClaimItem {
    /// The expression, with its place.
    pub text: Placed<String>,
    /// Stop the run when it is lost.
    pub abort: bool,
}

impl Read for ClaimItem {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        if matches!(node.kind, NodeKind::Map(_)) {
            let item = ClaimMapping::read(node, diagnostics)?;
            return Some(Self { text: item.claim, abort: item.abort.unwrap_or(false) });
        }
        Some(Self { text: Placed::read(node, diagnostics)?, abort: false })
    }

    fn schema(named: &mut Map<String, Value>) -> Value {
        json!({ "anyOf": [String::schema(named), ClaimMapping::schema(named)] })
    }
}

record! {
    /// A claim with what to do when it is lost.
    pub struct ClaimMapping, "a claim" {
        /// Such as `p99(checkout) < 200ms`.
        claim: Placed<String>,
        /// Stop the run as soon as it is certainly lost.
        abort: Option<bool>,
    }
}

/// Whose connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionsItem {
    /// Each user's own.
    PerUser,
    /// Shared, with a limit per load thread.
    Shared(u32),
}

impl Read for ConnectionsItem {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        super::read::scalar(node, diagnostics, "`per_user`, `shared` or a number of connections", |text| {
            match text {
                "per_user" => Some(Self::PerUser),
                "shared" => Some(Self::Shared(10_000)),
                number => number.parse().ok().filter(|n| *n > 0).map(Self::Shared),
            }
        })
    }

    fn schema(_named: &mut Map<String, Value>) -> Value {
        json!({ "anyOf": [{ "enum": ["per_user", "shared"] }, { "type": "integer", "minimum": 1 }] })
    }
}

/// A stretch of a schedule: `10s -> 500/s`, `60s`, with a name `spike: 5s -> 2000/s`.
#[derive(Clone, Debug)]
pub struct StageItem {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// How long.
    pub duration: Duration,
    /// Where to, as it is written.
    pub to: Option<String>,
}

impl Read for StageItem {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        if let [(key, value)] = node.entries() {
            let mut item = Self::read(value, diagnostics)?;
            item.name = Some(key.text.clone());
            return Some(item);
        }
        super::read::scalar(
            node,
            diagnostics,
            "a stage such as `10s -> 500/s`, `60s`, or `spike: 5s -> 2000/s`",
            |text| {
                let (duration, to) =
                    text.split_once("->").map_or((text, None), |(d, to)| (d, Some(to.trim().to_owned())));
                Some(Self { name: None, duration: Duration(super::units::parse_duration(duration)?), to })
            },
        )
    }

    fn schema(_named: &mut Map<String, Value>) -> Value {
        json!({ "anyOf": [{ "type": "string" }, { "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": { "type": "string" } }] })
    }
}

/// A part of a multipart form.
#[derive(Clone, Debug)]
pub enum PartItem {
    /// A file with its content type.
    File(Placed<String>, Option<String>),
    /// A text.
    Text(String),
}

record! {
    /// A file in a multipart form.
    pub struct FilePart, "a part" {
        /// Its path.
        file: Placed<String>,
        /// Its content type.
        content_type = "type": Option<String>,
    }
}

impl Read for PartItem {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        if matches!(node.kind, NodeKind::Map(_)) {
            return FilePart::read(node, diagnostics).map(|part| Self::File(part.file, part.content_type));
        }
        String::read(node, diagnostics).map(Self::Text)
    }

    fn schema(named: &mut Map<String, Value>) -> Value {
        json!({ "anyOf": [String::schema(named), FilePart::schema(named)] })
    }
}

/// What must come back: fixed keys, and JSON paths as keys.
#[derive(Clone, Debug)]
pub struct ExpectItem {
    /// The mapping as it is written; lowered key by key.
    pub node: Node,
}

impl ExpectItem {
    /// The fixed keys.
    pub const KEYS: [&'static str; 8] =
        ["status", "headers", "text", "matches", "size", "schema", "when_invalid", "refused"];

    /// Keys below which other expectations stand.
    pub const NESTED: [&'static str; 2] = ["when_invalid", "refused"];
}

impl Read for ExpectItem {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let NodeKind::Map(entries) = &node.kind else {
            diagnostics.error(
                &node.place,
                format!("`expect` is a mapping, not {}", node.describe()),
                "write `expect: { status: 200 }`",
            );
            return None;
        };
        for (key, value) in entries {
            if Self::NESTED.contains(&key.text.as_str()) {
                Self::read(value, diagnostics)?;
            } else if !Self::KEYS.contains(&key.text.as_str()) && !key.text.starts_with('$') {
                let hint = format!("{}; JSON paths begin with `$`", suggest(&key.text, Self::KEYS));
                diagnostics.error(
                    &key.place,
                    format!("`{}` is nothing that can be expected", key.text),
                    hint,
                );
            }
        }
        Some(Self { node: node.clone() })
    }

    fn schema(named: &mut Map<String, Value>) -> Value {
        named_schema("Expect", named, |named| {
            json!({
                "description": "What must come back. A key that begins with `$` is a JSON path into the body.",
                "type": "object",
                "additionalProperties": false,
                "patternProperties": { "^\\$": true },
                "properties": {
                    "status": { "description": "A status, a class such as 2xx, or a list of them." },
                    "headers": { "type": "object", "description": "Header values, or mappings such as { matches: PATTERN }." },
                    "text": { "type": "string", "description": "A text the body must hold." },
                    "matches": { "type": "string", "description": "A pattern the body must match." },
                    "size": { "description": "Bytes of the body: a number, or a range such as 100..2000." },
                    "schema": { "description": "A JSON Schema the body must satisfy: a file, or written here." },
                    "when_invalid": ExpectItem::schema(named),
                    "refused": ExpectItem::schema(named),
                },
            })
        })
    }
}

/// The plan file's JSON Schema.
pub fn schema() -> Value {
    let mut named = Map::new();
    let root = PlanFile::schema(&mut named);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "plimsoll.plan/1",
        "title": "Plimsoll plan",
        "$ref": root["$ref"],
        "$defs": named,
    })
}
