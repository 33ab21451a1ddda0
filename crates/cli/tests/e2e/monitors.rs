//! What is watched during a run: real processes and servers, and how they are told, claimed and shown.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use crate::databases::Database;
use crate::plimsoll::{Place, service, truth_server};
use crate::server::{NatsServer, RedisServer, free_port};

/// A plan of so many seconds against a built-in service, with what stands below it.
fn plan(seconds: u32, more: &str) -> String {
    format!(
        "target: demo:echo\nload: {{ main: {{ open: {{ rate: 20/s, for: {seconds}s }} }} }}\n\
         scenarios: {{ main: [ call: {{ get: /status/200 }} ] }}\n{more}"
    )
}

fn monitor<'a>(run: &'a Value, name: &str) -> &'a Value {
    run["monitors"].as_array().unwrap().iter().find(|m| m["name"] == name).unwrap()
}

fn series<'a>(run: &'a Value, name: &str) -> &'a Value {
    let all = run["monitors"].as_array().unwrap().iter().flat_map(|m| m["series"].as_array().unwrap());
    all.into_iter().find(|s| s["name"] == name).unwrap_or_else(|| panic!("{name}: {}", run["monitors"]))
}

fn claim<'a>(run: &'a Value, text: &str) -> &'a Value {
    run["claims"].as_array().unwrap().iter().find(|c| c["text"] == text).unwrap()
}

/// Asserts that every claim came out VERIFIED, whatever else the run was.
fn all_verified(run: &Value) {
    for claim in run["claims"].as_array().unwrap() {
        assert_eq!(claim["verdict"], "VERIFIED", "{claim}");
    }
}

/// Ended with the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may be gone already.
        let _gone = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// A process that works as fast as it can.
fn busy() -> Killed {
    Killed(Command::new("sh").args(["-c", "while :; do :; done"]).stdin(Stdio::null()).spawn().unwrap())
}

#[test]
fn a_process_is_watched_by_its_number() {
    let (process, place) = (busy(), Place::new());
    let more = "env: { PID: 1 }\nmonitor: { work: { process: { pid: \"${env.PID}\" } } }\n\
        claims: [ max(work.memory) < 500MB, max(work.threads) == 1, max(work.cpu) > 0%, max(work.memory) < 1kB ]\n";
    let pid = format!("PID={}", process.0.id());
    let (ended, run) = place.run_plan(&plan(3, more), &["-e", &pid]);
    assert_eq!(ended.code, 99, "{ended:?}");
    let cpu = series(&run, "work.cpu");
    assert_eq!((&cpu["unit"], cpu["limit"].as_f64() > Some(0.0)), (&"cores".into(), true), "{cpu}");
    assert!(cpu["count"].as_u64() >= Some(2), "{cpu}");
    assert!(series(&run, "work.memory")["count"].as_u64() >= Some(3));
    let verdicts = ["max(work.memory) < 500MB", "max(work.threads) == 1", "max(work.cpu) > 0%"];
    for text in verdicts {
        assert_eq!(claim(&run, text)["verdict"], "VERIFIED", "{}", claim(&run, text));
    }
    assert_eq!(claim(&run, "max(work.memory) < 1kB")["verdict"], "REFUTED");
    assert!(run["bottleneck"].as_str().unwrap().contains("work."), "{}", run["bottleneck"]);

    // The same again from the record, in every format.
    assert_eq!(place.plimsoll(&["verify", "out"]).code, 0);
    let page = std::fs::read_to_string(place.path("out/report.html")).unwrap();
    assert!(page.contains("work: cpu (share of a core)") && page.contains("data-chart=\"monitor-0\""));
    let text = place.plimsoll(&["report", "out"]).stdout;
    assert!(text.contains("Watched once a second") && text.contains("work.descriptors"), "{text}");
    let table = place.plimsoll(&["report", "out", "-f", "monitors"]).stdout;
    let mut lines = table.lines();
    assert!(lines.next().unwrap().starts_with("second,work.cpu_cores,work.memory_bytes,"), "{table}");
    assert_eq!(lines.count(), 3, "{table}");
}

/// Of a built-in service nobody pretends to know the process.
#[test]
fn the_process_of_a_built_in_service_is_this_one_and_says_so() {
    let place = Place::new();
    let (_, run) = place.run_plan(&plan(2, "monitor: { own: { process: target } }\n"), &[]);
    let source = monitor(&run, "own")["source"].as_str().unwrap();
    assert!(source.contains("generator and built-in service together"), "{source}");
    // A service with a process of its own is found by its port.
    let (server, place) = (service("echo"), Place::new());
    let text = plan(2, "monitor: { own: { process: target } }\n").replace("demo:echo", &server.url());
    let (_, run) = place.run_plan(&text, &[]);
    let source = monitor(&run, "own")["source"].as_str().unwrap();
    assert!(source.contains(&format!("port {}", server.address().port())), "{source}");
    assert_eq!(series(&run, "own.processes")["max"], 1.0);
}

/// An exposition whose counter grows by 10 a scrape, and which counts them.
fn exposition() -> (String, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/metrics", listener.local_addr().unwrap());
    let scrapes = Arc::new(AtomicU64::new(0));
    let counted = scrapes.clone();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut asked = [0; 1024];
            if client.read(&mut asked).is_ok_and(|n| n > 0) {
                let n = 10 * counted.fetch_add(1, Ordering::SeqCst);
                let body = format!(
                    "# TYPE jobs_total counter\njobs_total{{kind=\"a\"}} {n}\njobs_total{{kind=\"b\"}} 0\n# TYPE heap_bytes gauge\nheap_bytes 4096\n"
                );
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                let _unheard = client.write_all(format!("{head}{body}").as_bytes());
            }
        }
    });
    (url, scrapes)
}

#[test]
fn an_exposition_is_scraped_once_a_second() {
    let ((url, scrapes), place) = (exposition(), Place::new());
    let more = format!(
        "monitor: {{ api: {{ prometheus: \"{url}\", series: {{ jobs: 'jobs_total{{kind=\"a\"}}', heap: heap_bytes, gone: no_such_thing }} }} }}\n\
         claims: [ max(api.heap) == 4096B, last(api.gone) == 0 ]\n"
    );
    let (ended, run) = place.run_plan(&plan(3, &more), &[]);
    assert_eq!(ended.code, 98, "{ended:?}");
    let (jobs, heap) = (series(&run, "api.jobs"), series(&run, "api.heap"));
    assert_eq!((&jobs["unit"], &heap["unit"]), (&"per_s".into(), &"bytes".into()));
    // At every second from the beginning to the end, and once when all was over.
    let readings = heap["count"].as_u64().unwrap();
    assert_eq!(readings, scrapes.load(Ordering::SeqCst));
    assert!((4..=6).contains(&readings), "{heap}");
    assert!(jobs["min"].as_f64() > Some(0.0), "{jobs}");
    assert_eq!(claim(&run, "max(api.heap) == 4096B")["verdict"], "VERIFIED");
    let gone = claim(&run, "last(api.gone) == 0");
    assert_eq!((&gone["verdict"], &gone["value"]), (&"UNPROVEN".into(), &Value::Null));
    assert!(gone["reason"].as_str().unwrap().contains("there is no `no_such_thing`"), "{gone}");
}

/// Nobody there, one that never answers, and one that does: each is told as it is, and the load is what it is.
#[test]
fn what_cannot_be_read_is_a_gap_with_its_reason_and_delays_nobody() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let (server, place) = (truth_server(plimsoll_targets::truth::TruthOptions::default()), Place::new());
    let more = format!(
        "monitor:\n  gone: {{ redis: \"redis://127.0.0.1:{}\" }}\n  silent: {{ json: \"http://{}/\", series: {{ n: $.n }}, timeout: 200ms }}\n  truth: {{ json: \"{}/_truth/memory\", series: {{ memory: $.rss_bytes }} }}\n\
         claims: [ max(gone.memory) < 1GB, max(silent.n) < 5, max(truth.memory) < 1GB, no_leak(truth.memory) ]\n",
        free_port(),
        silent.local_addr().unwrap(),
        server.url()
    );
    let (ended, run) = place.run_plan(&plan(3, &more), &[]);
    assert_eq!(ended.code, 98, "{ended:?}");
    assert_eq!(run["totals"]["failed"], 0);
    assert_eq!(run["totals"]["ok"], run["totals"]["scheduled"]);
    for (name, reason) in [("gone", "refused"), ("silent", "no answer within 200 ms")] {
        let watched = monitor(&run, name);
        assert_eq!(watched["series"], Value::Array(Vec::new()), "{watched}");
        assert!(watched["gaps"][0]["reason"].as_str().unwrap().contains(reason), "{watched}");
        assert!(watched["gaps"][0]["count"].as_u64() >= Some(3), "{watched}");
        assert!(ended.stdout.contains(&format!("{name}: not read")), "{}", ended.stdout);
    }
    let verdict = |text: &str| claim(&run, text)["verdict"].as_str().unwrap().to_owned();
    assert_eq!(verdict("max(gone.memory) < 1GB"), "UNPROVEN");
    assert_eq!(verdict("max(truth.memory) < 1GB"), "VERIFIED");
    let leak = claim(&run, "no_leak(truth.memory)");
    assert!(leak["reason"].as_str().unwrap().contains("UNDECIDED"), "{leak}");
}

#[test]
fn redis_tells_of_itself() {
    let (server, place) = (RedisServer::start(&["--maxmemory", "64mb"]), Place::new());
    let more = format!(
        "monitor: {{ cache: {{ redis: \"{}\" }} }}\nclaims: [ max(cache.memory) < 64MiB, max(cache.evicted) == 0/s, max(cache.clients) >= 1 ]\n",
        server.url()
    );
    let (_, run) = place.run_plan(&plan(3, &more), &[]);
    all_verified(&run);
    assert_eq!(series(&run, "cache.memory")["limit"], 67_108_864.0);
    // Our own questions are commands.
    assert!(series(&run, "cache.ops")["max"].as_f64() > Some(0.0));
    assert_eq!(monitor(&run, "cache")["gaps"], Value::Array(Vec::new()));
}

#[test]
fn postgres_tells_of_its_sessions() {
    let (server, place) = (Database::postgres(&[]), Place::new());
    let url = server.url("postgres", "postgres");
    let text = format!(
        "target: \"{url}\"\nsql: {{ pool: 4 }}\nload: {{ main: {{ closed: {{ users: 4, for: 3s }} }} }}\n\
         scenarios: {{ main: [ ask: {{ sql: SELECT count(*) FROM pg_class }} ] }}\n\
         monitor: {{ db: {{ postgres: \"{url}\" }} }}\n\
         claims: [ max(db.connections) <= 5, max(db.deadlocks) == 0/s ]\nprice: {{ per_hour: 2, currency: EUR }}\n"
    );
    let (ended, run) = place.run_plan(&text, &[]);
    all_verified(&run);
    let connections = series(&run, "db.connections");
    assert_eq!((&connections["limit"], &connections["max"]), (&40.0.into(), &4.0.into()), "{connections}");
    assert!(series(&run, "db.commits")["max"].as_f64() > Some(1.0));
    assert!(series(&run, "db.cache_hit")["max"].as_f64() > Some(0.5));
    assert!(run["cost"]["per_million_events"].as_f64() > Some(0.0), "{}", run["cost"]);
    assert!(ended.stdout.contains("EUR for a million successful operations"), "{}", ended.stdout);
}

#[test]
fn nats_tells_at_its_monitoring_port() {
    let port = free_port();
    let (_server, place) = (NatsServer::start(&["-m", &port.to_string(), "-js"]), Place::new());
    let more = format!(
        "monitor: {{ broker: {{ nats: \"http://127.0.0.1:{port}\" }} }}\nclaims: [ max(broker.slow_consumers) == 0, last(broker.stored_messages) == 0 ]\n"
    );
    let (_, run) = place.run_plan(&plan(2, &more), &[]);
    all_verified(&run);
    assert!(series(&run, "broker.memory")["min"].as_f64() > Some(1e6));
    assert!(series(&run, "broker.connections")["limit"].as_f64() > Some(1_000.0));
}

#[test]
fn check_reads_every_monitor_once() {
    let (server, place) = (RedisServer::start(&[]), Place::new());
    let text = |redis: &str| {
        plan(1, &format!("monitor: {{ own: {{ process: target }}, cache: {{ redis: \"{redis}\" }} }}\n"))
    };
    place.write("plan.yaml", &text(&server.url()));
    let ended = place.plimsoll(&["check", "plan.yaml"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    for part in ["One reading of each monitor", "cpu by the second", "clients 1 of 10", "keys 0"] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
    place.write("plan.yaml", &text(&format!("redis://127.0.0.1:{}", free_port())));
    let ended = place.plimsoll(&["check", "plan.yaml"]);
    assert_eq!(ended.code, 98, "{ended:?}");
    assert!(ended.stdout.contains("not read: ") && ended.stderr.contains("1 of 2 monitors cannot be read"));
}

/// One reading that is too large is enough.
#[test]
fn a_peak_stops_the_run() {
    let (server, place) = (truth_server(plimsoll_targets::truth::TruthOptions::default()), Place::new());
    let more = format!(
        "monitor: {{ truth: {{ json: \"{}/_truth/memory\", series: {{ memory: $.rss_bytes }} }} }}\n\
         claims: [ {{ claim: max(truth.memory) < 50MB, abort: true }} ]\n",
        server.url()
    );
    let (ended, run) = place.run_plan(&plan(600, &more), &[]);
    assert_eq!((ended.code, &run["ended"]), (99, &"claim_lost".into()), "{ended:?}");
}
