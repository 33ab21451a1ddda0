//! Examples that need a server of their own kind, against the real one.

use rdkafka::mocking::MockCluster;
use serde_json::Value;

use crate::brokers::{Mosquitto, Rabbit};
use crate::databases::Database;
use crate::plimsoll::{Place, read_json};
use crate::server::{PythonServer, RedisServer};

/// Runs an example for two seconds, with a variable set.
fn ran(place: &Place, example: &str, variable: &str) -> Value {
    ran_for(place, example, variable, &["--duration", "2s"])
}

/// Runs an example with a variable and more set.
fn ran_for(place: &Place, example: &str, variable: &str, more: &[&str]) -> Value {
    let plan = format!("{}/../../examples/protocols/{example}", env!("CARGO_MANIFEST_DIR"));
    let usual = ["run", &plan, "-e", variable, "--quiet", "--out", "run"];
    let ended = place.plimsoll(&[&usual, more].concat());
    let run = read_json(&place.path("run/run.json")).unwrap_or_else(|| panic!("{ended:?}"));
    assert_eq!(run["totals"]["failed"], 0, "{}", run["errors"]);
    assert!(run["totals"]["ok"].as_u64() > Some(0));
    run
}

#[test]
fn the_example_for_redis_runs() {
    let (server, place) = (RedisServer::start(&[]), Place::new());
    let run = ran(&place, "redis.yaml", &format!("REDIS={}", server.url()));
    let counts: Vec<_> =
        run["steps"].as_array().unwrap().iter().map(|s| s["outcomes"]["ok"]["count"].clone()).collect();
    assert!(
        counts.len() == 4 && counts.iter().all(|n| *n == counts[0] && n.as_u64() > Some(0)),
        "{counts:?}"
    );
    // Everything that was written is there; of the others some are and some are not, and each is one or the other.
    let counted = |name: &str| {
        let all = run["counted"].as_array().unwrap();
        all.iter().find(|c| c["name"] == name).unwrap()["count"].as_u64().unwrap()
    };
    assert_eq!((Some(counted("read.hit")), counted("read.miss")), (counts[2].as_u64(), 0));
    assert_eq!(Some(counted("recent.hit") + counted("recent.miss")), counts[3].as_u64());
    assert!(counted("recent.miss") > 0);
    let verdict = |text: &str| run["claims"].as_array().unwrap().iter().find(|c| c["text"] == text).unwrap();
    assert_eq!(verdict("share(read.hit) == 100%")["verdict"], "VERIFIED");
    assert_ne!(verdict("share(recent.hit) < 60%")["verdict"], "REFUTED");
}

/// Fifty users on a pool of twenty: the server sees no more connections than that, and everybody is served.
#[test]
fn the_example_for_a_pool_runs() {
    let (server, place) = (Database::postgres(&[]), Place::new());
    let run = ran(&place, "postgres.yaml", &format!("DB={}", server.url("postgres", "postgres")));
    // One of the twenty was opened by setup, and is used on by load threads and teardown.
    assert_eq!(run["totals"]["connections"], 19);
    let claims = run["claims"].as_array().unwrap();
    assert_eq!(
        (&claims[0]["verdict"], &claims[2]["verdict"]),
        (&"VERIFIED".into(), &"VERIFIED".into()),
        "{claims:?}"
    );
    assert!(run["deliveries"]["acknowledged"].as_u64() > Some(0));
    let ok = |name: &str| {
        let step = run["steps"].as_array().unwrap().iter().find(|s| s["name"] == name).unwrap();
        step["outcomes"]["ok"]["count"].clone()
    };
    assert_eq!(ok("query.pool_wait"), ok("query"));
}

/// Every job that the broker accepted is taken, by one of the workers.
#[test]
fn the_example_for_amqp_runs() {
    let (server, place) = (Rabbit::start(), Place::new());
    let run = ran(&place, "amqp.yaml", &format!("AMQP={}", server.url()));
    let deliveries = &run["deliveries"];
    assert!(deliveries["acknowledged"].as_u64() > Some(0), "{deliveries}");
    assert_eq!((&deliveries["lost"], &deliveries["duplicated"]), (&0.into(), &0.into()), "{deliveries}");
    assert_eq!(deliveries["found"], deliveries["acknowledged"]);
}

/// Every event that the cluster acknowledged is consumed once, and who produces it sees it.
#[test]
fn the_example_for_kafka_runs() {
    let (cluster, place) = (MockCluster::new(1).unwrap(), Place::new());
    cluster.create_topic("events", 3, 1).unwrap();
    let run = ran_for(&place, "kafka.yaml", &format!("KAFKA=kafka://{}", cluster.bootstrap_servers()), &[]);
    let deliveries = &run["deliveries"];
    assert!(deliveries["acknowledged"].as_u64() > Some(1_000), "{deliveries}");
    assert_eq!((&deliveries["lost"], &deliveries["duplicated"]), (&0.into(), &0.into()), "{deliveries}");
    assert_eq!(deliveries["found"], deliveries["acknowledged"]);
    let round_trips = run["steps"].as_array().unwrap().iter().find(|s| s["name"] == "round trip").unwrap();
    assert!(round_trips["outcomes"]["ok"]["count"].as_u64() > Some(0), "{round_trips}");
}

/// Every reading reaches the one who watches.
#[test]
fn the_example_for_mqtt_runs() {
    let (server, place) = (Mosquitto::start("allow_anonymous true"), Place::new());
    let run = ran_for(&place, "mqtt.yaml", &format!("MQTT={}", server.url()), &[]);
    let deliveries = &run["deliveries"];
    assert!(deliveries["acknowledged"].as_u64() > Some(500), "{deliveries}");
    assert_eq!((&deliveries["lost"], &deliveries["duplicated"]), (&0.into(), &0.into()), "{deliveries}");
    assert_eq!(deliveries["found"], deliveries["acknowledged"]);
    assert_eq!(run["totals"]["connections"], 21);
}

/// Ten users hear what each of them tells: nine of ten messages are passed over.
#[test]
fn the_example_for_channels_runs() {
    let (server, place) = (RedisServer::start(&[]), Place::new());
    let run = ran(&place, "channels.yaml", &format!("REDIS={}", server.url()));
    let counted = run["counted"].as_array().unwrap().iter().find(|c| c["name"] == "hear.skipped").unwrap();
    assert!(counted["sum"].as_u64() > Some(0), "{counted}");
}

/// Calls of each kind, of a service that describes itself.
#[test]
fn the_example_for_grpc_runs() {
    let (server, place) = (PythonServer::start("grpc_server.py", &["--describes"]), Place::new());
    let run = ran(&place, "grpc.yaml", &format!("GRPC=grpc://127.0.0.1:{}", server.port));
    let counted = run["counted"].as_array().unwrap().iter().find(|c| c["name"] == "many.messages").unwrap();
    let calls = run["steps"].as_array().unwrap().iter().find(|s| s["name"] == "many").unwrap();
    assert_eq!(counted["sum"].as_u64(), calls["outcomes"]["ok"]["count"].as_u64().map(|calls| 5 * calls));
}

/// Every batch that the engine took is there whole.
#[test]
fn the_example_for_clickhouse_runs() {
    let (server, place) = (PythonServer::start("clickhouse_server.py", &[]), Place::new());
    let run = ran(&place, "clickhouse.yaml", &format!("CLICKHOUSE=http://127.0.0.1:{}", server.port));
    let deliveries = &run["deliveries"];
    assert!(deliveries["acknowledged"].as_u64() > Some(0), "{deliveries}");
    assert_eq!((&deliveries["lost"], &deliveries["duplicated"]), (&0.into(), &0.into()), "{deliveries}");
    assert_eq!(deliveries["found"], deliveries["acknowledged"]);
}

/// Each of fifty messages is heard by each of ten.
#[test]
fn the_example_for_fanning_out_runs() {
    let place = Place::new();
    let run = ran_for(&place, "fanout.yaml", "NOTHING=", &[]);
    let deliveries = &run["deliveries"];
    assert_eq!(
        (&deliveries["acknowledged"], &deliveries["found"], &deliveries["lost"], &deliveries["duplicated"]),
        (&500.into(), &500.into(), &0.into(), &0.into()),
        "{deliveries}"
    );
}
