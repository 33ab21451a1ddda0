//! What the service does under load, as tests. They claim shares and counts: absolute times belong to a machine that is quiet.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on is to panic where it stands")]

use std::time::Duration;

use plimsoll::{Outcome, Plan, Report, Verdict};
use plimsoll_example_cargo_test::{Stock, serve};

const PLAN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/buy.yaml");

/// The service on a runtime of its own, for as long as it is held.
fn service(tickets: u64) -> (tokio::runtime::Runtime, std::sync::Arc<Stock>, String) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let stock = Stock::of(tickets);
    let address = runtime.block_on(serve(stock.clone())).unwrap();
    (runtime, stock, format!("http://{address}"))
}

#[test]
fn what_is_sold_is_what_was_bought() -> Result<(), Box<dyn std::error::Error>> {
    let (_runtime, stock, url) = service(1_000);
    let report = Plan::from_yaml(PLAN)?.target(url).run()?;
    report.verify("count(buy) == 100")?;
    report.verify("count(look, outcome=ok) >= 100")?;
    report.verify("ok_rate >= 90%")?;
    // Both kinds of request are answered by the same process: neither may take ten times what the other does.
    assert_ne!(report.judge("ratio(mean(buy), mean(look)) <= 10").verdict, Verdict::Refuted);
    assert_eq!(stock.sold(), report.count_of("buy", Outcome::Ok));
    Ok(())
}

#[test]
fn a_claim_that_does_not_hold_fails_with_its_evidence() -> Result<(), Box<dyn std::error::Error>> {
    let (_runtime, stock, url) = service(30);
    let report = Plan::from_yaml(PLAN)?.target(url).run()?;
    // Thirty tickets for a hundred fans: seventy are told 409, which the plan does not expect.
    assert_eq!((stock.sold(), report.count(Outcome::AppError)), (30, 70));
    assert_eq!(report.count_of("buy", Outcome::Ok), 30);
    let (outcome, class, count, _) = report.failures().remove(0);
    assert_eq!((outcome, class.as_str(), count), (Outcome::AppError, "status 409", 70));
    let said = report.verify("ok_rate(buy) >= 95%").unwrap_err().to_string();
    assert!(said.starts_with("REFUTED ok_rate(buy) >= 95%: 30.0 %"), "{said}");
    // The plan's own claim is about all requests.
    let missed = report.verify_all().unwrap_err();
    assert_eq!(missed.0[0].verdict, Verdict::Refuted, "{missed}");
    // Nothing was measured that could show this.
    let unproven = report.judge("p99.99(look) < 1h");
    assert_eq!(unproven.verdict, Verdict::Unproven, "{unproven}");
    Ok(())
}

/// Within a runtime: the run has its own threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_run_within_a_runtime() {
    let stock = Stock::of(10);
    let address = serve(stock.clone()).await.unwrap();
    let report = built(&format!("http://{address}")).run().unwrap();
    assert_eq!((report.count(Outcome::Ok), stock.sold()), (10, 10));
}

/// On a runtime of one thread, which has to serve meanwhile.
#[tokio::test]
async fn a_run_that_is_awaited() {
    let stock = Stock::of(10);
    let address = serve(stock.clone()).await.unwrap();
    let report = built(&format!("http://{address}")).run_async().await.unwrap();
    assert_eq!((report.count(Outcome::Ok), stock.sold()), (10, 10));
}

/// Ten tickets, bought by two users.
fn built(url: &str) -> Plan {
    Plan::new("built")
        .target(url)
        .iterations(2, 10)
        .post("/buy", serde_json::json!({ "seat": "any" }))
        .build()
}

#[test]
fn a_plan_that_is_wrong_says_where() {
    let wrong = Plan::from_yaml("target: demo:echo\nlaod: {}\n").unwrap().check().unwrap_err().to_string();
    assert!(wrong.contains("plan.yaml:2:1") && wrong.contains("did you mean `load`?"), "{wrong}");
    let missing = Plan::from_yaml("nowhere.yaml").unwrap_err().to_string();
    assert_eq!(missing, "failed to read nowhere.yaml");
    let built =
        Plan::new("p").target("demo:echo").open(10.0, Duration::from_secs(1)).build().check().unwrap_err();
    assert!(built.to_string().contains("the scenario `users` has no steps"), "{built}");
}

#[test]
fn a_report_is_kept_as_files_and_as_a_baseline() {
    let place = tempfile::TempDir::new().unwrap();
    let (_runtime, _stock, url) = service(1_000);
    let plan = Plan::from_yaml(PLAN).unwrap().target(url).scaled(0.5);
    let runs: Vec<Report> = (0..2).map(|_| plan.clone().run().unwrap()).collect();
    runs[0].verify("count(buy) >= 50").unwrap();
    let junit = place.path().join("reports/junit.xml");
    runs[0].write_junit(&junit).unwrap();
    let cases = std::fs::read_to_string(junit).unwrap();
    assert!(
        cases.contains("name=\"ok_rate &gt;= 95%\"") && cases.contains("name=\"count(buy) &gt;= 50\""),
        "{cases}"
    );
    runs[0].save(place.path().join("run")).unwrap();
    for file in ["events.plimsoll", "run.json", "report.html", "plan.yaml"] {
        assert!(place.path().join("run").join(file).exists(), "{file}");
    }
    assert!(runs[0].save(place.path().join("run")).is_err(), "a record is not overwritten");
    let kept = plimsoll::save_baseline(place.path(), "main", &runs).unwrap();
    assert_eq!(kept, place.path().join("main.json"));
    // Two runs a side are too few for a word, whether a busy machine has spoilt them or not, and that is what is said.
    let checked = plimsoll::check_baseline(place.path(), "main", &runs).unwrap();
    assert!(checked.verdict == Verdict::Unproven && checked.text.contains("no word on "), "{checked}");
    assert!(plimsoll::save_baseline(place.path(), "../main", &runs).is_err());
}
