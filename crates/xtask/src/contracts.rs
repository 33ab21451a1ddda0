//! What every protocol does when the other side misbehaves: the contract suite, run and shown as a table.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell::root;

/// Protocols in the order of the columns.
const PROTOCOLS: [&str; 3] = ["http", "nats", "redis"];

/// Every case with the test of each protocol.
const CASES: [(&str, [&str; 3]); 9] = [
    (
        "connect refused",
        ["http_breaks::nobody_listens", "nats::there_is_no_server", "redis::there_is_no_server"],
    ),
    (
        "timeout",
        [
            "http_breaks::every_fault_is_an_outcome_with_a_class",
            "nats::an_answer_that_does_not_come_is_a_timeout_and_harms_nobody",
            "redis::a_reply_that_does_not_come_is_a_timeout_and_is_not_taken_for_another",
        ],
    ),
    (
        "reset in mid-reply",
        [
            "http_breaks::every_fault_is_an_outcome_with_a_class",
            "nats::a_reply_that_breaks_off_is_no_success",
            "redis::a_reply_that_breaks_off_is_no_success",
        ],
    ),
    (
        "slow reply",
        [
            "http_breaks::a_trickle_that_ends_in_time_is_a_success",
            "nats::a_request_is_answered_with_what_it_brought",
            "redis::a_slow_reply_is_waited_for",
        ],
    ),
    (
        "wrong credentials",
        [
            "http_tls::a_client_shows_its_certificate",
            "nats::a_stranger_is_refused",
            "redis::a_stranger_is_refused",
        ],
    ),
    (
        "server restart",
        [
            "http_breaks::a_stale_connection_is_replaced_once_and_counted",
            "nats::a_server_that_comes_back_is_found_again_and_that_is_counted",
            "redis::a_server_that_comes_back_is_dialled_again_and_that_is_counted",
        ],
    ),
    (
        "cancel",
        [
            "http_breaks::a_request_that_is_given_up_harms_nobody",
            "nats::an_answer_that_does_not_come_is_a_timeout_and_harms_nobody",
            "redis::a_reply_that_does_not_come_is_a_timeout_and_is_not_taken_for_another",
        ],
    ),
    (
        "large payload",
        [
            "http_behaves::large_responses_are_counted_whether_kept_or_not",
            "nats::a_message_that_is_too_large_is_not_sent_and_a_large_one_is",
            "redis::a_large_value_travels_whole",
        ],
    ),
    (
        "unexpected reply",
        [
            "http_breaks::every_fault_is_an_outcome_with_a_class",
            "nats::what_is_no_nats_is_no_connection",
            "redis::what_is_no_redis_is_said_to_be_none",
        ],
    ),
];

/// Runs the suite and prints the table.
pub(crate) fn contracts() -> Result<()> {
    let output = Command::new("cargo")
        .args(["test", "--locked", "-p", "plimsoll-protocols", "--test", "contract"])
        .current_dir(root())
        .output()
        .context("failed to run cargo")?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let results = results(&printed);
    if results.is_empty() {
        bail!("no test was run:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let mut wrong = Vec::new();
    println!("{:<20} {:<8} {:<8} {:<8}", "case", PROTOCOLS[0], PROTOCOLS[1], PROTOCOLS[2]);
    for (case, tests) in CASES {
        let cells =
            tests.map(|test| results.get(test).map_or("missing", |ok| if *ok { "ok" } else { "FAILED" }));
        println!("{case:<20} {:<8} {:<8} {:<8}", cells[0], cells[1], cells[2]);
        wrong.extend(tests.into_iter().zip(cells).filter(|(_, cell)| *cell != "ok").map(|(test, _)| test));
    }
    println!("{} tests of {} protocols in all", results.len(), PROTOCOLS.len());
    if wrong.is_empty() && output.status.success() {
        Ok(())
    } else {
        bail!("not as they should be: {}", wrong.join(", "))
    }
}

/// What `cargo test` says of each test.
fn results(printed: &str) -> BTreeMap<&str, bool> {
    let tests = printed.lines().filter_map(|line| line.strip_prefix("test ")?.split_once(" ... "));
    tests.map(|(name, result)| (name, result.starts_with("ok"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read() {
        let printed = "running 2 tests\ntest nats::a ... ok\ntest redis::b ... FAILED\n\nfailures:\n";
        assert_eq!(results(printed), BTreeMap::from([("nats::a", true), ("redis::b", false)]));
    }
}
