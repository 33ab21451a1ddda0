//! What other tools really left, read and judged.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};

use plimsoll_audit::foreign::{Foreign, Row, judge};
use plimsoll_audit::{RunVerdict, Status};
use plimsoll_foreign::{ForeignError, read};

fn left(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/left").join(name)
}

fn read_left(name: &str) -> Foreign {
    read(&left(name), |_| None).unwrap()
}

/// A file with `text` for as long as the test runs.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = std::env::temp_dir().join(format!("plimsoll-foreign-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn read(&self) -> Result<Foreign, ForeignError> {
        read(&self.0, |text| serde_json::from_str(text).ok())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.0);
    }
}

fn only(foreign: &Foreign) -> &Row {
    assert_eq!(foreign.rows.len(), 1, "{:?}", foreign.rows);
    &foreign.rows[0]
}

fn close(found: Option<f64>, known: f64) {
    let found = found.unwrap();
    assert!((found / known - 1.0).abs() < 1e-3, "{found} is not {known}");
}

#[test]
fn wrk() {
    let foreign = read_left("wrk.txt");
    let row = only(&foreign);
    assert_eq!((row.users, row.failed), (Some(10.0), Some(0.0)));
    assert_eq!(row.quantiles.iter().map(|(q, _)| *q).collect::<Vec<_>>(), [0.5, 0.75, 0.9, 0.99]);
    assert_ne!(judge(&foreign).verdict, RunVerdict::Invalid, "{:#?}", judge(&foreign).findings);
}

#[test]
fn hey_and_h2load_and_oha() {
    for name in ["hey.txt", "h2load.txt", "oha.json"] {
        let foreign = read_left(name);
        let row = only(&foreign);
        assert_eq!((row.requests, row.failed), (Some(2_000.0), Some(0.0)), "{name}");
        let judged = judge(&foreign);
        assert_ne!(judged.verdict, RunVerdict::Invalid, "{name}: {:#?}", judged.findings);
    }
}

/// The same 67 requests, seven of them refused, three times over.
#[test]
fn k6_points_csv_and_summary_agree() {
    let (points, csv, summary) = (read_left("k6.json"), read_left("k6.csv"), read_left("k6-summary.json"));
    for foreign in [&points, &csv] {
        let sum = |of: fn(&Row) -> Option<f64>| foreign.rows.iter().filter_map(of).sum::<f64>();
        assert_eq!((sum(|r| r.requests), sum(|r| r.failed)), (67.0, 7.0), "{}", foreign.source);
    }
    let row = only(&summary);
    assert_eq!((row.requests, row.failed), (Some(67.0), Some(7.0)));
    close(row.quantile_ms(0.99), 1.014_699);
    // Raw times of the successes alone, where the summary mixes them.
    let biggest =
        points.rows.iter().max_by(|a, b| a.requests.unwrap().total_cmp(&b.requests.unwrap())).unwrap();
    assert_eq!(biggest.ok(), Some(60.0));
}

#[test]
fn what_k6_hands_to_handle_summary() {
    let foreign = read_left("k6-handle-summary.json");
    let row = only(&foreign);
    assert_eq!((row.requests, row.failed), (Some(200.0), Some(0.0)));
    close(row.duration_s, 0.011_387_962);
}

#[test]
fn a_line_cut_in_the_middle_is_counted_and_the_rest_is_judged() {
    let whole = std::fs::read_to_string(left("k6.json")).unwrap();
    let cut = Scratch::new("cut.json", &whole[..whole.rfind("\"value\"").unwrap()]);
    let foreign = cut.read().unwrap();
    let damaged = whole.lines().last().unwrap().contains("http_req_duration");
    assert_eq!(foreign.unread.len(), usize::from(damaged));
    assert!(foreign.rows.iter().filter_map(|r| r.requests).sum::<f64>() >= 66.0);
}

#[test]
fn locust() {
    let stats = Scratch::new(
        "stats.csv",
        "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%\n\
         NATS,test.ping,594,594,0.0109,0.0125,0.004,0.9,0.0,74.1,74.1,0,0,0,0,0,0,0,0,1,1,1\n\
         NATS,test.echo,216,216,0.0109,0.0125,0.004,0.9,0.0,27.0,27.0,0,0,0,0,0,0,0,0,1,1,1\n\
         ,Aggregated,810,810,0.0109,0.0125,0.004,0.9,0.0,101.2,101.2,0,0,0,0,0,0,0,0,1,1,1\n",
    );
    let foreign = stats.read().unwrap();
    assert_eq!(foreign.total.as_ref().unwrap().failed, Some(810.0));
    let judged = judge(&foreign);
    assert_eq!(judged.verdict, RunVerdict::Invalid);
    let failures = judged.findings.iter().find(|f| f.id == "failures").unwrap();
    assert!(
        failures.status == Status::Invalid && failures.sentence.contains("none of"),
        "{}",
        failures.sentence
    );

    let failures = Scratch::new(
        "failures.csv",
        "Method,Name,Error,Occurrences\nNATS,test.ping,TimeoutError(),590\nNATS,test.ping,\"reset, by peer\",4\nNATS,test.echo,TimeoutError(),216\n",
    );
    let foreign = failures.read().unwrap();
    let counted: Vec<_> = foreign.rows.iter().map(|r| (r.name.as_str(), r.failed)).collect();
    assert_eq!(counted, [("NATS test.echo", Some(216.0)), ("NATS test.ping", Some(594.0))]);
    assert_ne!(judge(&foreign).verdict, RunVerdict::Valid, "nothing is known of what succeeded");

    let mut history = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,Total Request Count,Total Failure Count,Total Average Response Time\n".to_owned();
    for (users, rate) in [(150, 150.0), (500, 149.0)] {
        (0..10).for_each(|s| history.push_str(&format!("{s},{users},,Aggregated,{rate},0,1,1000,0,1.2\n")));
    }
    let foreign = Scratch::new("history.csv", &history).read().unwrap();
    let scaling = judge(&foreign).findings.into_iter().find(|f| f.id == "scaling").unwrap();
    assert_eq!(scaling.status, Status::Invalid, "{}", scaling.sentence);
}

#[test]
fn raw_logs_of_others() {
    let jtl = "timeStamp,elapsed,label,responseCode,responseMessage,threadName,success\n1000,120,home,200,OK,t1,true\n1500,80,home,200,OK,t1,true\n2000,5,home,500,no,t1,false\n";
    let foreign = Scratch::new("a.jtl", jtl).read().unwrap();
    assert_eq!(
        (only(&foreign).requests, only(&foreign).failed, only(&foreign).max_ms),
        (Some(3.0), Some(1.0), Some(120.0))
    );

    let gatling = "RUN\tSim\tsim\t1000\t\t3.9\nREQUEST\t\thome\t1000\t1120\tOK\t\nREQUEST\tgroup\thome\t1500\t1505\tKO\tstatus 500\nUSER\tx\tEND\t1600\n";
    let foreign = Scratch::new("simulation.log", gatling).read().unwrap();
    assert_eq!(
        (only(&foreign).requests, only(&foreign).failed, only(&foreign).max_ms),
        (Some(2.0), Some(1.0), Some(120.0))
    );

    let vegeta = "{\"attack\":\"\",\"seq\":0,\"code\":200,\"timestamp\":\"2026-01-01T00:00:00Z\",\"latency\":120000000,\"bytes_out\":0,\"bytes_in\":5,\"error\":\"\"}\n{\"attack\":\"\",\"seq\":1,\"code\":503,\"timestamp\":\"2026-01-01T00:00:01Z\",\"latency\":1000000,\"bytes_out\":0,\"bytes_in\":5,\"error\":\"503\"}\n";
    let foreign = Scratch::new("results.json", vegeta).read().unwrap();
    assert_eq!(
        (only(&foreign).requests, only(&foreign).failed, only(&foreign).max_ms),
        (Some(2.0), Some(1.0), Some(120.0))
    );
}

#[test]
fn reports_of_others() {
    let vegeta = r#"{"latencies":{"total":1,"mean":2000000,"50th":1500000,"90th":3000000,"95th":4000000,"99th":9000000,"max":20000000,"min":500000},"requests":1000,"rate":100.1,"throughput":100,"success":0.99,"duration":9990000000,"status_codes":{"200":990,"503":10}}"#;
    let foreign = Scratch::new("vegeta.json", vegeta).read().unwrap();
    assert_eq!((only(&foreign).failed, only(&foreign).quantile_ms(0.99)), (Some(10.0), Some(9.0)));

    let artillery = r#"{"aggregate":{"counters":{"http.requests":500,"http.codes.200":480,"http.codes.500":20},"summaries":{"http.response_time":{"min":1,"max":90,"mean":12.5,"p50":10,"median":10,"p95":40,"p99":80}},"firstCounterAt":1000,"lastCounterAt":11000}}"#;
    let foreign = Scratch::new("artillery.json", artillery).read().unwrap();
    assert_eq!((only(&foreign).failed, only(&foreign).duration_s), (Some(20.0), Some(10.0)));
}

#[test]
fn what_is_nothing_is_refused_with_a_sentence() {
    let refused = |name: &str, text: &[u8]| Scratch::new(name, text).read().unwrap_err().to_string();
    assert!(refused("poem.txt", b"Roses are red").contains("known are: k6"));
    assert!(refused("broken.json", b"{\"metrics\": ").contains("looks like JSON, but"));
    assert!(refused("half.jtl", b"timeStamp,elapsed,label\n1,2,x\n").contains("lacks"));
    assert!(refused("noise.bin", &[0xff, 0xfe, 0, 1]).contains("nothing that is known"));
    assert!(read(Path::new("/nowhere/at/all"), |_| None).unwrap_err().to_string().contains("failed to read"));
}
