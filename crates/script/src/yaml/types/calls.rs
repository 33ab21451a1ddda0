//! Steps that send something, as they are written.

use serde_json::{Map, Value};

use super::super::diagnostics::Diagnostics;
use super::super::read::{Placed, Read, Table, record};
use super::super::source::Node;
use super::super::units::{ByteRate, Bytes, Duration};
use super::{AuthItem, ExpectItem, PartItem};

record! {
    /// An HTTP request, what must come back, and what is kept.
    pub struct HttpStep, "a step" {
        /// Request this URL or path.
        get: Option<Placed<String>>,
        /// Post to this URL or path.
        post: Option<Placed<String>>,
        /// Put to this URL or path.
        put: Option<Placed<String>>,
        /// Patch this URL or path.
        patch: Option<Placed<String>>,
        /// Delete this URL or path.
        delete: Option<Placed<String>>,
        /// Request the head of this URL or path.
        head: Option<Placed<String>>,
        /// Request the options of this URL or path.
        options: Option<Placed<String>>,
        /// Which of `targets` the path is relative to.
        on: Option<Placed<String>>,
        /// What the step is called (default: its key, or method and path).
        name: Option<String>,
        /// Added to the URL, encoded.
        query: Table<Placed<String>>,
        /// Sent as they are.
        headers: Table<Placed<String>>,
        /// A JSON body; a text that is one `${...}` becomes the value itself.
        json: Option<Placed<Value>>,
        /// A text body.
        body: Option<Placed<String>>,
        /// A file, streamed.
        body_file: Option<Placed<String>>,
        /// A form body.
        form: Table<Placed<String>>,
        /// A multipart form: texts, or mappings with `file` and `type`.
        multipart: Table<Placed<PartItem>>,
        /// Send a text or JSON body in chunks of so many bytes.
        chunked: Option<Bytes>,
        /// Send the body only after `100 Continue`.
        expect_continue: Option<bool>,
        /// Credentials.
        auth: Option<AuthItem>,
        /// For the whole request.
        timeout: Option<Duration>,
        /// Redirects followed at most.
        redirects: Option<u32>,
        /// Read the answer no faster than this, such as 10KB/s: a slow client. Its socket holds no more than a quarter of a
        /// second's bytes (16 KiB at least), so that the server has to wait. HTTP/1.1 only.
        read_rate: Option<Placed<ByteRate>>,
        /// The answer comes in pieces, and is timed piece by piece: `openai`, `anthropic` or `events`. The body that can be
        /// looked at is then JSON: `$.text`, `$.finish_reason`, `$.chunks`, `$.usage`.
        stream: Option<Placed<String>>,
        /// What makes a success a good one; `share(STEP.good)` is then the goodput.
        good: Option<GoodItem>,
        /// What must come back.
        expect: Option<ExpectItem>,
        /// What is kept: `name: $.json.path`, `name: header:NAME`, `name: regex:PATTERN`, `name: status`, `name: body`.
        save: Table<Placed<String>>,
        /// The identity of what is written here, such as `${id}`: whether it is found again is accounted for.
        delivers: Option<Placed<String>>,
        /// A JSON path to the identities of what was written, in what comes back.
        delivered: Option<Placed<String>>,
        /// For claims and reports.
        tags: Table<String>,
    }
}

record! {
    /// A message to or from a broker, what must come back, and what is kept.
    pub struct MessageStep, "a step" {
        /// Send a message to this subject, queue, topic or channel (AMQP: also `exchange/key`). It is done when the socket has
        /// it; with `ack`, when the server has stored it.
        publish: Option<Placed<String>>,
        /// Take the next message from this subject, queue, topic or channel. The subscription is begun if it was not.
        receive: Option<Placed<String>>,
        /// Begin a subscription, so that what comes from now on can be received by later steps.
        subscribe: Option<Placed<String>>,
        /// Make this queue (AMQP), topic (Kafka) or stream (NATS), if it is not there.
        declare: Option<Placed<String>>,
        /// Send a message to this subject and wait for the answer.
        request: Option<Placed<String>>,
        /// Call a method, written `service.method`: the answer must be that of a call that succeeded.
        rpc: Option<Placed<String>>,
        /// Ask a service what it can do.
        describe: Option<Placed<String>>,
        /// Which of `targets` it is sent to.
        on: Option<Placed<String>>,
        /// What the step is called (default: its key, or what is done and where).
        name: Option<String>,
        /// Sent as they are.
        headers: Table<Placed<String>>,
        /// A JSON message; a text that is one `${...}` becomes the value itself.
        json: Option<Placed<Value>>,
        /// A message as text.
        body: Option<Placed<String>>,
        /// Arguments of `rpc`, by name.
        args: Option<Placed<Value>>,
        /// Wait until the server has stored what was published; `leader` for the first of Kafka's servers, `once` for exactly
        /// once over MQTT. Of what is received from NATS: read what JetStream stores, and acknowledge it.
        ack: Option<Placed<Value>>,
        /// Messages of one key keep their order (Kafka).
        key: Option<Placed<String>>,
        /// The message to wait for: `text`, `matches` (a pattern), or JSON paths with their values. Others are passed over, and
        /// counted.
        wanted = "where": Option<Placed<Value>>,
        /// Nothing may come in time: that is then `rejected`, and no failure.
        or_nothing: Option<bool>,
        /// Members of a group share the messages.
        group: Option<Placed<String>>,
        /// `new` (default): what comes after the subscription; `beginning`: also what is stored (Kafka, JetStream).
        from: Option<Placed<String>>,
        /// How to make what is declared: `durable`, `bind: exchange/key` and arguments of queues; `partitions`, `replication` and
        /// settings of topics; `subjects` of streams.
        settings: Table<Placed<String>>,
        /// For the whole operation.
        timeout: Option<Duration>,
        /// What must come back.
        expect: Option<ExpectItem>,
        /// What is kept, as of an HTTP response.
        save: Table<Placed<String>>,
        /// The identity of what is written here, such as `${id}`: whether it is found again is accounted for.
        delivers: Option<Placed<String>>,
        /// A JSON path to the identities of what was written, in what comes back.
        delivered: Option<Placed<String>>,
        /// For claims and reports.
        tags: Table<String>,
    }
}

record! {
    /// Commands to Redis, what must come back, and what is kept.
    pub struct CommandStep, "a step" {
        /// A command as text (`GET user:7`), as a list of its words, or a list of such lists: these go together.
        redis: Placed<Value>,
        /// Which of `targets` it is sent to.
        on: Option<Placed<String>>,
        /// What the step is called (default: its key, or the command's name).
        name: Option<String>,
        /// For all of them together (default 5s).
        timeout: Option<Duration>,
        /// What must come back: a text is the body as it is, everything else is JSON; a key that is not there has no body.
        expect: Option<ExpectItem>,
        /// What is kept, as of an HTTP response.
        save: Table<Placed<String>>,
        /// The identity of what is written here, such as `${id}`: whether it is found again is accounted for.
        delivers: Option<Placed<String>>,
        /// A JSON path to the identities of what was written, in what comes back.
        delivered: Option<Placed<String>>,
        /// For claims and reports.
        tags: Table<String>,
    }
}

record! {
    /// A call of a tool, what must come back, and what is kept.
    pub struct ToolStep, "a step" {
        /// Call this tool with `args`. An error, or a result that is one (`isError`), is a failure.
        tool: Option<Placed<String>>,
        /// Send a request of this method, such as `tools/list` or `resources/read`, with `args` as its parameters.
        mcp: Option<Placed<String>>,
        /// Which of `targets` it is sent to.
        on: Option<Placed<String>>,
        /// What the step is called (default: its key, or the tool's name).
        name: Option<String>,
        /// Arguments by name.
        args: Option<Placed<Value>>,
        /// For the whole operation, beginning a session included (default 5s).
        timeout: Option<Duration>,
        /// What must come back: the body is the result, as JSON.
        expect: Option<ExpectItem>,
        /// What is kept, as of an HTTP response.
        save: Table<Placed<String>>,
        /// The identity of what is written here, such as `${id}`: whether it is found again is accounted for.
        delivers: Option<Placed<String>>,
        /// A JSON path to the identities of what was written, in what comes back.
        delivered: Option<Placed<String>>,
        /// For claims and reports.
        tags: Table<String>,
    }
}

record! {
    /// A call by gRPC, what must come back, and what is kept.
    pub struct GrpcStep, "a step" {
        /// Call this method, written `package.Service/Method`.
        grpc: Placed<String>,
        /// The message, as JSON.
        json: Option<Placed<Value>>,
        /// Several messages, to a method that takes a stream of them.
        messages: Option<Placed<Value>>,
        /// Metadata of the call.
        headers: Table<Placed<String>>,
        /// Which of `targets` is called.
        on: Option<Placed<String>>,
        /// What the step is called (default: its key, or the method's name).
        name: Option<String>,
        /// For the whole call (default 5s); the server is told.
        timeout: Option<Duration>,
        /// What must come back: the body is the message as JSON, of a method that answers with a stream a list of them. Another
        /// code than OK is a failure of its name.
        expect: Option<ExpectItem>,
        /// What is kept, as of an HTTP response; metadata before and behind the messages are its headers.
        save: Table<Placed<String>>,
        /// The identity of what is written here, such as `${id}`: whether it is found again is accounted for.
        delivers: Option<Placed<String>>,
        /// A JSON path to the identities of what was written, in what comes back.
        delivered: Option<Placed<String>>,
        /// For claims and reports.
        tags: Table<String>,
    }
}

record! {
    /// Statements to a database, what must come back, and what is kept.
    pub struct QueryStep, "a step" {
        /// A statement, with the database's own placeholders; or a list of statements, which are one transaction: texts, or
        /// mappings of `sql` and `params`.
        sql: Placed<Value>,
        /// Parameters of a single statement, in order.
        params: Option<Placed<Value>>,
        /// Which of `targets` it is sent to.
        on: Option<Placed<String>>,
        /// What the step is called (default: its key, or the first word of the statement).
        name: Option<String>,
        /// For all of it, waiting for the pool included (default 5s).
        timeout: Option<Duration>,
        /// What must come back: the body is JSON with `rows`, `count` and `affected`; of a transaction a list of these.
        expect: Option<ExpectItem>,
        /// What is kept, as of an HTTP response.
        save: Table<Placed<String>>,
        /// The identity of what is written here, such as `${id}`: whether it is found again is accounted for.
        delivers: Option<Placed<String>>,
        /// A JSON path to the identities of what was written, in what comes back.
        delivered: Option<Placed<String>>,
        /// For claims and reports.
        tags: Table<String>,
    }
}

record! {
    /// A step of a conversation over WebSocket, TCP or UDP, what must come back, and what is kept.
    pub struct TalkStep, "a step" {
        /// Begin a conversation at this path of the target (WebSocket), or anew (`""`). Others begin it as they need it.
        connect: Option<Placed<String>>,
        /// Say this: a text, or a mapping or list as JSON.
        send: Option<Placed<Value>>,
        /// Say these bytes, in hexadecimal digits.
        send_hex: Option<Placed<String>>,
        /// Wait for the next message with this: `text`, `matches` (a pattern), or JSON paths with their values; `{}` for any.
        /// Others are passed over, and counted.
        wanted = "await": Option<Placed<Value>>,
        /// Over TCP: a message ends with this text.
        until: Option<String>,
        /// Over TCP: a message has so many bytes.
        bytes: Option<u64>,
        /// Ask whether the other side is there, and wait for its answer.
        ping: Option<bool>,
        /// End the conversation.
        close: Option<bool>,
        /// Sent when a conversation over WebSocket begins.
        headers: Table<Placed<String>>,
        /// Which of `targets` it is held with.
        on: Option<Placed<String>>,
        /// What the step is called (default: its key, or what it does).
        name: Option<String>,
        /// For the whole step (default 5s).
        timeout: Option<Duration>,
        /// What must be true of the message that was waited for.
        expect: Option<ExpectItem>,
        /// What is kept of it, as of an HTTP response.
        save: Table<Placed<String>>,
        /// The identity of what is written here, such as `${id}`: whether it is found again is accounted for.
        delivers: Option<Placed<String>>,
        /// A JSON path to the identities of what was written, in what comes back.
        delivered: Option<Placed<String>>,
        /// For claims and reports.
        tags: Table<String>,
    }
}

record! {
    /// A program of the system, what it must write, and what is kept. Slow: starting it costs about a millisecond of CPU.
    pub struct ExecStep, "a step" {
        /// The program and its arguments: a list of words, or a line that is split at its blanks. No shell reads it.
        exec: Placed<Value>,
        /// Written to its standard input.
        stdin: Option<Placed<String>>,
        /// Added to its environment.
        environment = "env": Table<Placed<String>>,
        /// The exit code that is a success (default 0).
        exit: Option<u64>,
        /// What the step is called (default: its key, or the program's name).
        name: Option<String>,
        /// Which of `targets` it is sent to: programs have none.
        on: Option<Placed<String>>,
        /// For all of it (default 5s); a program that takes longer is killed.
        timeout: Option<Duration>,
        /// What it must write: the body is its standard output.
        expect: Option<ExpectItem>,
        /// What is kept, as of an HTTP response.
        save: Table<Placed<String>>,
        /// The identity of what is written here, such as `${id}`: whether it is found again is accounted for.
        delivers: Option<Placed<String>>,
        /// A JSON path to the identities of what was written, in what comes back.
        delivered: Option<Placed<String>>,
        /// For claims and reports.
        tags: Table<String>,
    }
}

record! {
    /// An operation of a protocol that was brought along, what must come back, and what is kept.
    pub struct OwnStep, "a step" {
        /// What the protocol is to do, in its own words.
        call: Placed<Value>,
        /// Which of `targets` it is sent to: its scheme is the protocol's name.
        on: Option<Placed<String>>,
        /// What the step is called (default: its key).
        name: Option<String>,
        /// For the whole operation (default 5s).
        timeout: Option<Duration>,
        /// What must come back.
        expect: Option<ExpectItem>,
        /// What is kept, as of an HTTP response.
        save: Table<Placed<String>>,
        /// The identity of what is written here, such as `${id}`: whether it is found again is accounted for.
        delivers: Option<Placed<String>>,
        /// A JSON path to the identities of what was written, in what comes back.
        delivered: Option<Placed<String>>,
        /// For claims and reports.
        tags: Table<String>,
    }
}

record! {
    /// What makes a success a good one: all of these within their time.
    pub struct GoodItem, "`good`" {
        /// From when it was due until it was done.
        total: Option<Duration>,
        /// From when it was due until the first piece of content.
        first_token: Option<Duration>,
        /// For each token behind the first piece of content. An answer of one token is not good by it.
        per_token: Option<Duration>,
        /// The longest gap between two pieces.
        stall: Option<Duration>,
    }
}

/// Something that is sent.
#[derive(Clone, Debug)]
pub enum CallItem {
    /// A request.
    Http(Box<HttpStep>),
    /// A call by gRPC.
    Grpc(Box<GrpcStep>),
    /// A message.
    Message(Box<MessageStep>),
    /// Commands.
    Command(Box<CommandStep>),
    /// A program.
    Exec(Box<ExecStep>),
    /// A protocol's that was brought along.
    Own(Box<OwnStep>),
    /// Statements.
    Query(Box<QueryStep>),
    /// A step of a conversation.
    Talk(Box<TalkStep>),
    /// A call of a tool.
    Tool(Box<ToolStep>),
}

/// What every step that sends something may say.
#[derive(Clone, Copy)]
pub struct Common<'a> {
    /// What it is called.
    pub name: Option<&'a str>,
    /// Which of `targets` it goes to.
    pub on: Option<&'a Placed<String>>,
    /// For the whole operation.
    pub timeout: Option<Duration>,
    /// What must come back.
    pub expect: Option<&'a ExpectItem>,
    /// What is kept.
    pub save: &'a Table<Placed<String>>,
    /// The identity of what is written.
    pub delivers: Option<&'a Placed<String>>,
    /// Where identities stand in what comes back.
    pub delivered: Option<&'a Placed<String>>,
    /// For claims and reports.
    pub tags: &'a Table<String>,
}

/// How a kind of step is known, read and described.
struct Kind {
    /// The keys that say what it does.
    keys: &'static [&'static str],
    read: fn(&Node, &mut Diagnostics) -> Option<CallItem>,
    schema: fn(&mut Map<String, Value>) -> Value,
}

/// Kinds of steps: the first of whose keys one stands in a step is what it is.
const KINDS: [Kind; 9] = [
    Kind {
        keys: &["get", "post", "put", "patch", "delete", "head", "options"],
        read: |node, diagnostics| Some(CallItem::Http(Box::new(HttpStep::read(node, diagnostics)?))),
        schema: HttpStep::schema,
    },
    Kind {
        keys: &["redis"],
        read: |node, diagnostics| Some(CallItem::Command(Box::new(CommandStep::read(node, diagnostics)?))),
        schema: CommandStep::schema,
    },
    Kind {
        keys: &["publish", "receive", "subscribe", "declare", "request", "rpc", "describe"],
        read: |node, diagnostics| Some(CallItem::Message(Box::new(MessageStep::read(node, diagnostics)?))),
        schema: MessageStep::schema,
    },
    Kind {
        keys: &["exec"],
        read: |node, diagnostics| Some(CallItem::Exec(Box::new(ExecStep::read(node, diagnostics)?))),
        schema: ExecStep::schema,
    },
    Kind {
        keys: &["grpc"],
        read: |node, diagnostics| Some(CallItem::Grpc(Box::new(GrpcStep::read(node, diagnostics)?))),
        schema: GrpcStep::schema,
    },
    Kind {
        keys: &["call"],
        read: |node, diagnostics| Some(CallItem::Own(Box::new(OwnStep::read(node, diagnostics)?))),
        schema: OwnStep::schema,
    },
    Kind {
        keys: &["sql"],
        read: |node, diagnostics| Some(CallItem::Query(Box::new(QueryStep::read(node, diagnostics)?))),
        schema: QueryStep::schema,
    },
    Kind {
        keys: &["connect", "send", "send_hex", "await", "ping", "close"],
        read: |node, diagnostics| Some(CallItem::Talk(Box::new(TalkStep::read(node, diagnostics)?))),
        schema: TalkStep::schema,
    },
    Kind {
        keys: &["tool", "mcp"],
        read: |node, diagnostics| Some(CallItem::Tool(Box::new(ToolStep::read(node, diagnostics)?))),
        schema: ToolStep::schema,
    },
];

impl CallItem {
    /// The keys that say what is sent.
    pub fn keys() -> impl Iterator<Item = &'static str> + Clone {
        KINDS.iter().flat_map(|kind| kind.keys.iter().copied())
    }

    /// Whether a mapping says what is sent.
    pub fn is_meant(node: &Node) -> bool {
        Self::keys().any(|key| node.entry(key).is_some())
    }

    /// What a mapping says; a request, if it says nothing of the kind.
    pub fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let is_meant = |kind: &&Kind| kind.keys.iter().any(|key| node.entry(key).is_some());
        (KINDS.iter().find(is_meant).unwrap_or(&KINDS[0]).read)(node, diagnostics)
    }

    /// What such mappings look like, one schema for each kind.
    pub fn schemas(named: &mut Map<String, Value>) -> Vec<Value> {
        KINDS.iter().map(|kind| (kind.schema)(named)).collect()
    }

    /// What every such step may say.
    pub fn common(&self) -> Common<'_> {
        macro_rules! common {
            ($step:expr) => {
                Common {
                    name: $step.name.as_deref(),
                    on: $step.on.as_ref(),
                    timeout: $step.timeout,
                    expect: $step.expect.as_ref(),
                    save: &$step.save,
                    delivers: $step.delivers.as_ref(),
                    delivered: $step.delivered.as_ref(),
                    tags: &$step.tags,
                }
            };
        }
        match self {
            Self::Http(step) => common!(step),
            Self::Message(step) => common!(step),
            Self::Grpc(step) => common!(step),
            Self::Command(step) => common!(step),
            Self::Query(step) => common!(step),
            Self::Talk(step) => common!(step),
            Self::Exec(step) => common!(step),
            Self::Own(step) => common!(step),
            Self::Tool(step) => common!(step),
        }
    }
}
