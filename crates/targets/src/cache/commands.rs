//! The commands: what each takes, and what it answers. Their words, and the codes of errors, are those of Redis.

use super::store::{Store, TooLarge};
use super::wire::Reply;

/// One client, as far as commands know it.
pub(super) struct Client {
    number: i64,
    name: Option<Vec<u8>>,
    speaks_three: bool,
    has_left: bool,
}

type Words<'a> = &'a [Vec<u8>];

/// What a command works on.
struct Call<'a> {
    client: &'a mut Client,
    store: &'a mut Store,
    now_ms: u64,
}

/// A command: its name, how many words it takes with its name, and what it does.
struct Command {
    name: &'static str,
    words_min: usize,
    words_max: usize,
    run: fn(&mut Call<'_>, Words<'_>) -> Result<Reply, String>,
}

const ANY: usize = usize::MAX;

static COMMANDS: [Command; 33] = [
    Command { name: "CLIENT", words_min: 2, words_max: ANY, run: client },
    Command { name: "COMMAND", words_min: 1, words_max: ANY, run: |_, _| Ok(Reply::List(Vec::new())) },
    Command { name: "CONFIG", words_min: 2, words_max: 4, run: config },
    Command { name: "DBSIZE", words_min: 1, words_max: 1, run: |call, _| Ok(count(call.store.len())) },
    Command { name: "DECR", words_min: 2, words_max: 2, run: |call, words| add(call, &words[0], -1) },
    Command {
        name: "DECRBY",
        words_min: 3,
        words_max: 3,
        run: |call, words| {
            add(call, &words[0], integer(&words[1])?.checked_neg().ok_or("ERR decrement would overflow")?)
        },
    },
    Command { name: "DEL", words_min: 2, words_max: ANY, run: |call, words| Ok(delete(call, words)) },
    Command { name: "ECHO", words_min: 2, words_max: 2, run: |_, words| Ok(Reply::Bulk(words[0].clone())) },
    Command {
        name: "EXISTS",
        words_min: 2,
        words_max: ANY,
        run: |call, words| Ok(count(words.iter().filter(|key| call.store.peek(key).is_some()).count())),
    },
    Command { name: "EXPIRE", words_min: 3, words_max: 3, run: |call, words| expire(call, words, 1_000) },
    Command { name: "FLUSHALL", words_min: 1, words_max: 2, run: |call, _| Ok(clear(call)) },
    Command { name: "FLUSHDB", words_min: 1, words_max: 2, run: |call, _| Ok(clear(call)) },
    Command {
        name: "GET",
        words_min: 2,
        words_max: 2,
        run: |call, words| Ok(looked_up(call.store, &words[0])),
    },
    Command { name: "HELLO", words_min: 1, words_max: ANY, run: hello },
    Command { name: "INCR", words_min: 2, words_max: 2, run: |call, words| add(call, &words[0], 1) },
    Command {
        name: "INCRBY",
        words_min: 3,
        words_max: 3,
        run: |call, words| add(call, &words[0], integer(&words[1])?),
    },
    Command { name: "INFO", words_min: 1, words_max: ANY, run: |call, _| Ok(Reply::text(info(call.store))) },
    Command {
        name: "MGET",
        words_min: 2,
        words_max: ANY,
        run: |call, words| Ok(Reply::List(words.iter().map(|key| looked_up(call.store, key)).collect())),
    },
    Command { name: "MSET", words_min: 3, words_max: ANY, run: set_many },
    Command {
        name: "PERSIST",
        words_min: 2,
        words_max: 2,
        run: |call, words| {
            let ends = matches!(call.store.end_ms(&words[0]), Some(Some(_)));
            Ok(yes(ends && call.store.set_end(&words[0], None)))
        },
    },
    Command { name: "PEXPIRE", words_min: 3, words_max: 3, run: |call, words| expire(call, words, 1) },
    Command {
        name: "PING",
        words_min: 1,
        words_max: 2,
        run: |_, words| Ok(words.first().map_or(Reply::Simple("PONG"), |said| Reply::Bulk(said.clone()))),
    },
    Command {
        name: "PTTL",
        words_min: 2,
        words_max: 2,
        run: |call, words| Ok(time_left(call, &words[0], 1)),
    },
    Command {
        name: "QUIT",
        words_min: 1,
        words_max: 1,
        run: |call, _| {
            call.client.has_left = true;
            Ok(OK)
        },
    },
    Command {
        name: "SELECT",
        words_min: 2,
        words_max: 2,
        run: |_, words| match integer(&words[0])? {
            0 => Ok(OK),
            _ => Err("ERR DB index is out of range".to_owned()),
        },
    },
    Command { name: "SET", words_min: 3, words_max: ANY, run: set },
    Command {
        name: "SETEX",
        words_min: 4,
        words_max: 4,
        run: |call, words| {
            let end_ms = ends(call, &words[1], 1_000)?;
            keep(call.store, &words[0], words[2].clone(), Some(end_ms))
        },
    },
    Command {
        name: "SETNX",
        words_min: 3,
        words_max: 3,
        run: |call, words| {
            if call.store.peek(&words[0]).is_some() {
                return Ok(yes(false));
            }
            keep(call.store, &words[0], words[1].clone(), None).map(|_| yes(true))
        },
    },
    Command {
        name: "STRLEN",
        words_min: 2,
        words_max: 2,
        run: |call, words| Ok(count(call.store.peek(&words[0]).map_or(0, <[u8]>::len))),
    },
    Command {
        name: "TTL",
        words_min: 2,
        words_max: 2,
        run: |call, words| Ok(time_left(call, &words[0], 1_000)),
    },
    Command {
        name: "TOUCH",
        words_min: 2,
        words_max: ANY,
        run: |call, words| Ok(count(words.iter().filter(|key| call.store.touch(key)).count())),
    },
    Command {
        name: "TYPE",
        words_min: 2,
        words_max: 2,
        run: |call, words| {
            Ok(Reply::Simple(if call.store.peek(&words[0]).is_some() { "string" } else { "none" }))
        },
    },
    Command { name: "UNLINK", words_min: 2, words_max: ANY, run: |call, words| Ok(delete(call, words)) },
];

const OK: Reply = Reply::Simple("OK");

const NOT_AN_INTEGER: &str = "ERR value is not an integer or out of range";

const POLICY: &str = "allkeys-lru";

impl Client {
    pub(super) fn new(number: i64) -> Self {
        Self { number, name: None, speaks_three: false, has_left: false }
    }

    /// Whether answers are to be RESP3.
    pub(super) const fn speaks_three(&self) -> bool {
        self.speaks_three
    }

    pub(super) const fn has_left(&self) -> bool {
        self.has_left
    }

    /// Does what a command says; nothing is answered to an empty line.
    pub(super) fn hear(&mut self, store: &mut Store, words: Words<'_>, now_ms: u64) -> Option<Reply> {
        let (name, arguments) = words.split_first()?;
        store.expire(now_ms);
        store.counters.commands += 1;
        let name = String::from_utf8_lossy(name).to_ascii_uppercase();
        let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
            return Some(Reply::Error(format!("ERR unknown command '{name}'")));
        };
        if !(command.words_min..=command.words_max).contains(&words.len()) {
            let name = name.to_ascii_lowercase();
            return Some(Reply::Error(format!("ERR wrong number of arguments for '{name}' command")));
        }
        let mut call = Call { client: self, store, now_ms };
        Some((command.run)(&mut call, arguments).unwrap_or_else(Reply::Error))
    }
}

fn count(number: usize) -> Reply {
    Reply::Integer(number as i64)
}

fn yes(truth: bool) -> Reply {
    Reply::Integer(i64::from(truth))
}

fn integer(word: &[u8]) -> Result<i64, String> {
    let number = std::str::from_utf8(word).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| NOT_AN_INTEGER.to_owned())
}

fn is(word: &[u8], name: &str) -> bool {
    word.eq_ignore_ascii_case(name.as_bytes())
}

fn looked_up(store: &mut Store, key: &[u8]) -> Reply {
    store.get(key).map_or(Reply::Nil, |value| Reply::Bulk(value.to_vec()))
}

fn keep(store: &mut Store, key: &[u8], value: Vec<u8>, end_ms: Option<u64>) -> Result<Reply, String> {
    let too_large = |TooLarge| "OOM command not allowed when used memory > 'maxmemory'.".to_owned();
    store.set(key, value, end_ms).map(|()| OK).map_err(too_large)
}

/// When something ends that lasts so many units from now on.
fn ends(call: &Call<'_>, word: &[u8], unit_ms: u64) -> Result<u64, String> {
    let units = u64::try_from(integer(word)?).ok().filter(|units| *units > 0);
    let end_ms = units.and_then(|units| units.checked_mul(unit_ms)?.checked_add(call.now_ms));
    end_ms.ok_or_else(|| "ERR invalid expire time".to_owned())
}

/// `SET key value [NX | XX] [GET] [EX seconds | PX milliseconds | KEEPTTL]`.
fn set(call: &mut Call<'_>, words: Words<'_>) -> Result<Reply, String> {
    let (key, value) = (&words[0], &words[1]);
    let (mut end_ms, mut only_if, mut wants_old) = (None, None, false);
    let mut options = words[2..].iter();
    while let Some(option) = options.next() {
        match option {
            word if is(word, "NX") && only_if.is_none() => only_if = Some(false),
            word if is(word, "XX") && only_if.is_none() => only_if = Some(true),
            word if is(word, "GET") => wants_old = true,
            word if is(word, "KEEPTTL") && end_ms.is_none() => end_ms = call.store.end_ms(key).flatten(),
            word if (is(word, "EX") || is(word, "PX")) && end_ms.is_none() => {
                let time = options.next().ok_or("ERR syntax error")?;
                end_ms = Some(ends(call, time, if is(word, "EX") { 1_000 } else { 1 })?);
            }
            _ => return Err("ERR syntax error".to_owned()),
        }
    }
    let old = call.store.peek(key).map(<[u8]>::to_vec);
    let is_meant = only_if.is_none_or(|wanted| wanted == old.is_some());
    let done = if is_meant { keep(call.store, key, value.clone(), end_ms)? } else { Reply::Nil };
    Ok(if wants_old { old.map_or(Reply::Nil, Reply::Bulk) } else { done })
}

fn set_many(call: &mut Call<'_>, words: Words<'_>) -> Result<Reply, String> {
    if words.len() % 2 == 1 {
        return Err("ERR wrong number of arguments for 'mset' command".to_owned());
    }
    for pair in words.chunks(2) {
        keep(call.store, &pair[0], pair[1].clone(), None)?;
    }
    Ok(OK)
}

fn delete(call: &mut Call<'_>, words: Words<'_>) -> Reply {
    count(words.iter().filter(|key| call.store.remove(key)).count())
}

fn clear(call: &mut Call<'_>) -> Reply {
    call.store.clear();
    OK
}

fn add(call: &mut Call<'_>, key: &[u8], by: i64) -> Result<Reply, String> {
    let end_ms = call.store.end_ms(key).flatten();
    let before = call.store.peek(key).map_or(Ok(0), integer)?;
    let after = before.checked_add(by).ok_or("ERR increment or decrement would overflow")?;
    keep(call.store, key, after.to_string().into_bytes(), end_ms)?;
    Ok(Reply::Integer(after))
}

fn expire(call: &mut Call<'_>, words: Words<'_>, unit_ms: u64) -> Result<Reply, String> {
    if integer(&words[1])? <= 0 {
        return Ok(yes(call.store.remove(&words[0])));
    }
    let end_ms = ends(call, &words[1], unit_ms)?;
    Ok(yes(call.store.set_end(&words[0], Some(end_ms))))
}

/// To the nearest unit; -2 if the key is not there, -1 if it stays.
fn time_left(call: &Call<'_>, key: &[u8], unit_ms: u64) -> Reply {
    Reply::Integer(match call.store.end_ms(key) {
        None => -2,
        Some(None) => -1,
        Some(Some(end_ms)) => ((end_ms.saturating_sub(call.now_ms) + unit_ms / 2) / unit_ms) as i64,
    })
}

/// `HELLO [version [AUTH name password] [SETNAME name]]`: whom one talks to, and in which version from now on.
fn hello(call: &mut Call<'_>, words: Words<'_>) -> Result<Reply, String> {
    if let Some(version) = words.first() {
        call.client.speaks_three = match integer(version) {
            Ok(2) => false,
            Ok(3) => true,
            _ => return Err("NOPROTO unsupported protocol version".to_owned()),
        };
    }
    let version = if call.client.speaks_three { 3 } else { 2 };
    let entries = [
        ("server", Reply::text("plimsoll")),
        ("version", Reply::text(env!("CARGO_PKG_VERSION"))),
        ("proto", Reply::Integer(version)),
        ("id", Reply::Integer(call.client.number)),
        ("mode", Reply::text("standalone")),
        ("role", Reply::text("master")),
        ("modules", Reply::List(Vec::new())),
    ];
    Ok(Reply::Map(entries.map(|(name, value)| (Reply::text(name), value)).into()))
}

fn client(call: &mut Call<'_>, words: Words<'_>) -> Result<Reply, String> {
    match (words[0].to_ascii_uppercase().as_slice(), &words[1..]) {
        (b"SETNAME", [name]) => {
            call.client.name = Some(name.clone());
            Ok(OK)
        }
        (b"GETNAME", []) => Ok(call.client.name.clone().map_or(Reply::Nil, Reply::Bulk)),
        (b"ID", []) => Ok(Reply::Integer(call.client.number)),
        // What library it is written with: good to know, and of no consequence.
        (b"SETINFO", [_, _]) => Ok(OK),
        _ => Err("ERR unknown subcommand; there are GETNAME, ID, SETINFO and SETNAME".to_owned()),
    }
}

/// `CONFIG GET name`, `CONFIG SET name value`, `CONFIG RESETSTAT`.
fn config(call: &mut Call<'_>, words: Words<'_>) -> Result<Reply, String> {
    match (words[0].to_ascii_uppercase().as_slice(), &words[1..]) {
        (b"GET", [name]) => {
            let known =
                [("maxmemory", call.store.bytes_max().to_string()), ("maxmemory-policy", POLICY.to_owned())];
            let found = known.into_iter().filter(|(known, _)| is(name, known));
            Ok(Reply::Map(found.map(|(name, value)| (Reply::text(name), Reply::text(value))).collect()))
        }
        (b"SET", [name, bytes]) if is(name, "maxmemory") => {
            let bytes = memory(bytes)
                .ok_or("ERR CONFIG SET failed - maxmemory is a number of bytes, such as 16mb")?;
            call.store.limit(bytes);
            Ok(OK)
        }
        (b"SET", [name, policy]) if is(name, "maxmemory-policy") && is(policy, POLICY) => Ok(OK),
        (b"RESETSTAT", []) => {
            call.store.counters = super::store::Counters::default();
            Ok(OK)
        }
        _ => Err(format!(
            "ERR there are only maxmemory and maxmemory-policy ({POLICY}) to get and set, and RESETSTAT"
        )),
    }
}

/// Bytes as Redis writes them: `100`, `64kb`, `16mb`, `1gb`. A cache without a limit, Redis's 0, is none that this one can be.
fn memory(word: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(word).ok()?.to_ascii_lowercase();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let unit = match &text[digits..] {
        "" | "b" => 1,
        "k" => 1_000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    text[..digits].parse::<u64>().ok()?.checked_mul(unit).filter(|bytes| *bytes > 0)
}

fn info(store: &Store) -> String {
    let counters = store.counters;
    let mut text = format!(
        "# Server\r\nserver_name:plimsoll\r\nredis_mode:standalone\r\n\r\n# Memory\r\nused_memory:{}\r\nmaxmemory:{}\r\nmaxmemory_policy:{POLICY}\r\n\r\n",
        store.bytes(),
        store.bytes_max(),
    );
    text.push_str(&format!(
        "# Stats\r\ntotal_commands_processed:{}\r\nexpired_keys:{}\r\nevicted_keys:{}\r\nkeyspace_hits:{}\r\nkeyspace_misses:{}\r\n\r\n# Keyspace\r\n",
        counters.commands, counters.expired, counters.evicted, counters.hits, counters.misses,
    ));
    if store.len() > 0 {
        text.push_str(&format!("db0:keys={},expires={}\r\n", store.len(), store.expiring()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Talk(Client, Store);

    impl Talk {
        fn new() -> Self {
            Self(Client::new(1), Store::new(1 << 20))
        }

        /// What is answered to a line at a time, in the version the client speaks.
        fn at(&mut self, now_ms: u64, line: &str) -> String {
            let words: Vec<_> = line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
            let reply = self.0.hear(&mut self.1, &words, now_ms).unwrap();
            let mut out = Vec::new();
            reply.write(self.0.speaks_three(), &mut out);
            String::from_utf8(out).unwrap().trim_end().replace("\r\n", " ")
        }
    }

    #[test]
    fn values_are_kept_as_they_are_told() {
        let mut talk = Talk::new();
        for (now_ms, line, answer) in [
            (0, "GET a", "$-1"),
            (0, "SET a 1 EX 10", "+OK"),
            (1, "TTL a", ":10"),
            (9_999, "GET a", "$1 1"),
            (10_000, "GET a", "$-1"),
            (10_000, "TTL a", ":-2"),
            (10_000, "set b 1 px 500 nx", "+OK"),
            (10_000, "SET b 2 NX", "$-1"),
            (10_000, "SET b 2 XX GET KEEPTTL", "$1 1"),
            (10_400, "PTTL b", ":100"),
            (10_400, "PERSIST b", ":1"),
            (20_000, "INCRBY b 40", ":42"),
            (20_000, "DECR b", ":41"),
            (20_000, "TTL b", ":-1"),
            (20_000, "MSET c 3 d 4", "+OK"),
            (20_000, "MGET b x d", "*3 $2 41 $-1 $1 4"),
            (20_000, "EXISTS b c x", ":2"),
            (20_000, "DEL b x", ":1"),
            (20_000, "EXPIRE c 5", ":1"),
            (25_000, "DBSIZE", ":1"),
            (25_000, "SETEX e 1 x", "+OK"),
            (25_000, "SETNX e y", ":0"),
            (25_000, "EXPIRE e 0", ":1"),
            (25_000, "FLUSHALL", "+OK"),
            (25_000, "DBSIZE", ":0"),
        ] {
            assert_eq!(talk.at(now_ms, line), answer, "{line}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_as_redis_refuses_it() {
        let mut talk = Talk::new();
        talk.at(0, "SET text hello");
        for (line, begins) in [
            ("NONE", "-ERR unknown command 'NONE'"),
            ("GET", "-ERR wrong number of arguments for 'get' command"),
            ("SET a 1 EX", "-ERR syntax error"),
            ("SET a 1 EX 0", "-ERR invalid expire time"),
            ("SET a 1 EX 1 PX 1", "-ERR syntax error"),
            ("SET a 1 NX XX", "-ERR syntax error"),
            ("INCR text", "-ERR value is not an integer"),
            ("MSET a 1 b", "-ERR wrong number of arguments"),
            ("SELECT 1", "-ERR DB index"),
            ("HELLO 4", "-NOPROTO"),
            ("CONFIG SET maxmemory none", "-ERR CONFIG SET failed"),
            ("CONFIG SET maxmemory-policy noeviction", "-ERR there are only"),
        ] {
            let answer = talk.at(0, line);
            assert!(answer.starts_with(begins), "{line}: {answer}");
        }
        assert_eq!(talk.at(0, "CONFIG SET maxmemory 1kb"), "+OK");
        let large = format!("SET large {}", "x".repeat(1_000));
        assert!(talk.at(0, &large).starts_with("-OOM"));
    }

    #[test]
    fn clients_say_who_they_are_and_which_version_they_speak() {
        let mut talk = Talk::new();
        assert_eq!(talk.at(0, "CLIENT SETINFO LIB-NAME x"), "+OK");
        assert_eq!((talk.at(0, "CLIENT GETNAME").as_str(), talk.at(0, "CLIENT ID").as_str()), ("$-1", ":1"));
        assert!(talk.at(0, "HELLO 3").starts_with("%7 $6 server $8 plimsoll"));
        assert_eq!(talk.at(0, "GET a"), "_");
        assert!(talk.at(0, "HELLO 2").starts_with("*14 "));
        assert_eq!((talk.at(0, "PING").as_str(), talk.at(0, "QUIT").as_str()), ("+PONG", "+OK"));
        assert!(talk.0.has_left());
    }

    #[test]
    fn what_happened_is_counted() {
        let mut talk = Talk::new();
        for line in ["SET a 1", "SET b 1 PX 5", "MGET a b c", "GET a", "CONFIG SET maxmemory 200", "GET a"] {
            talk.at(0, line);
        }
        // Two entries take more than two hundred bytes: the one used last stays.
        let info = talk.at(10, "INFO");
        for counter in [
            "evicted_keys:1",
            "expired_keys:0",
            "keyspace_hits:4",
            "keyspace_misses:1",
            "maxmemory:200",
            "keys=1",
        ] {
            assert!(info.contains(counter), "{counter}: {info}");
        }
        talk.at(10, "CONFIG RESETSTAT");
        assert!(talk.at(10, "INFO").contains("keyspace_hits:0"));
        assert_eq!(memory(b"16mb"), Some(16 << 20));
        assert_eq!((memory(b"2kb"), memory(b"1.5mb"), memory(b"0")), (Some(2_048), None, None));
    }
}
