//! What every protocol does when the other side misbehaves: the contract suite, run and shown as a table.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

use crate::shell::{from_outside, root};

/// What may go wrong with the other side, in the order of the columns.
const CASES: [&str; 9] =
    ["refused", "timeout", "reset", "slow", "stranger", "restart", "cancel", "large", "unexpected"];

/// Every protocol with the test of each case.
const PROTOCOLS: [(&str, [&str; 9]); 11] = [
    (
        "amqp",
        [
            "amqp::there_is_no_server",
            "amqp::messages_are_confirmed_consumed_and_answered",
            "amqp::messages_are_confirmed_consumed_and_answered",
            "amqp::messages_are_confirmed_consumed_and_answered",
            "amqp::messages_are_confirmed_consumed_and_answered",
            "amqp::a_server_that_comes_back_is_connected_to_again_over_tls_too",
            "amqp::messages_are_confirmed_consumed_and_answered",
            "amqp::messages_are_confirmed_consumed_and_answered",
            "amqp::what_is_no_amqp_is_said_to_be_none",
        ],
    ),
    (
        "grpc",
        [
            "grpc::there_is_no_server",
            "grpc::a_call_that_does_not_end_is_a_timeout_and_harms_no_other",
            "grpc::a_large_answer_travels_whole_and_one_that_breaks_off_is_no_success",
            "grpc::what_the_server_says_no_to_has_its_code",
            "grpc::what_the_server_says_no_to_has_its_code",
            "grpc::papers_are_shown_on_both_sides_and_a_server_that_comes_back_is_dialled_again",
            "grpc::a_call_that_does_not_end_is_a_timeout_and_harms_no_other",
            "grpc::a_large_answer_travels_whole_and_one_that_breaks_off_is_no_success",
            "grpc::what_is_no_grpc_is_said_to_be_none",
        ],
    ),
    (
        "http",
        [
            "http_breaks::nobody_listens",
            "http_breaks::every_fault_is_an_outcome_with_a_class",
            "http_breaks::every_fault_is_an_outcome_with_a_class",
            "http_breaks::a_trickle_that_ends_in_time_is_a_success",
            "http_tls::a_client_shows_its_certificate",
            "http_breaks::a_stale_connection_is_replaced_once_and_counted",
            "http_breaks::a_request_that_is_given_up_harms_nobody",
            "http_behaves::large_responses_are_counted_whether_kept_or_not",
            "http_breaks::every_fault_is_an_outcome_with_a_class",
        ],
    ),
    (
        "http/2",
        [
            "http_two::there_is_no_server",
            "http_two::a_stream_that_does_not_end_harms_no_other",
            "http_two::what_the_server_does_to_a_stream_is_told",
            "http_two::what_the_server_does_to_a_stream_is_told",
            "http_two::what_the_server_does_to_a_stream_is_told",
            "http_two::a_connection_that_went_away_is_replaced_once_and_counted",
            "http_two::a_stream_that_does_not_end_harms_no_other",
            "http_two::large_bodies_travel_both_ways",
            "http_two::what_does_not_speak_it_is_said_not_to",
        ],
    ),
    (
        "kafka",
        [
            "kafka::there_is_no_server",
            "kafka::a_slow_answer_is_waited_for_and_one_that_does_not_come_is_a_timeout",
            "kafka::a_broker_that_comes_back_is_found_again_and_that_is_counted",
            "kafka::a_slow_answer_is_waited_for_and_one_that_does_not_come_is_a_timeout",
            "kafka::who_does_not_know_the_password_is_refused",
            "kafka::a_broker_that_comes_back_is_found_again_and_that_is_counted",
            "kafka::a_slow_answer_is_waited_for_and_one_that_does_not_come_is_a_timeout",
            "kafka::a_large_message_travels_whole_and_one_that_is_too_large_does_not",
            "kafka::what_is_no_kafka_is_no_connection",
        ],
    ),
    (
        "mcp",
        [
            "mcp::there_is_no_server",
            "mcp::an_answer_that_was_given_up_is_not_taken_for_another",
            "mcp::what_the_server_breaks_off_is_told_by_http",
            "mcp::a_stream_that_stays_open_behind_the_answer_is_not_waited_for",
            "mcp::a_stranger_is_refused_and_one_who_shows_a_token_is_not",
            "mcp::a_session_that_the_server_forgets_is_lost_once_and_begun_again",
            "mcp::an_answer_that_was_given_up_is_not_taken_for_another",
            "mcp::a_large_answer_travels_whole",
            "mcp::what_is_no_answer_is_said_to_be_none",
        ],
    ),
    (
        "mqtt",
        [
            "mqtt::there_is_no_server",
            "mqtt::an_acknowledgement_that_does_not_come_is_a_timeout_and_a_slow_one_is_waited_for",
            "mqtt::a_large_message_travels_whole_and_what_breaks_off_is_no_success",
            "mqtt::an_acknowledgement_that_does_not_come_is_a_timeout_and_a_slow_one_is_waited_for",
            "mqtt::a_stranger_is_refused",
            "mqtt::a_server_that_comes_back_is_connected_to_again_over_tls_too",
            "mqtt::an_acknowledgement_that_does_not_come_is_a_timeout_and_a_slow_one_is_waited_for",
            "mqtt::a_large_message_travels_whole_and_what_breaks_off_is_no_success",
            "mqtt::what_is_no_mqtt_is_said_to_be_none",
        ],
    ),
    (
        "nats",
        [
            "nats::there_is_no_server",
            "nats::an_answer_that_does_not_come_is_a_timeout_and_harms_nobody",
            "nats::a_reply_that_breaks_off_is_no_success",
            "nats::a_request_is_answered_with_what_it_brought",
            "nats::a_stranger_is_refused",
            "nats::a_server_that_comes_back_is_found_again_and_that_is_counted",
            "nats::an_answer_that_does_not_come_is_a_timeout_and_harms_nobody",
            "nats::a_message_that_is_too_large_is_not_sent_and_a_large_one_is",
            "nats::what_is_no_nats_is_no_connection",
        ],
    ),
    (
        "redis",
        [
            "redis::there_is_no_server",
            "redis::a_reply_that_does_not_come_is_a_timeout_and_is_not_taken_for_another",
            "redis::a_reply_that_breaks_off_is_no_success",
            "redis::a_slow_reply_is_waited_for",
            "redis::a_stranger_is_refused",
            "redis::a_server_that_comes_back_is_dialled_again_and_that_is_counted",
            "redis::a_reply_that_does_not_come_is_a_timeout_and_is_not_taken_for_another",
            "redis::a_large_value_travels_whole",
            "redis::what_is_no_redis_is_said_to_be_none",
        ],
    ),
    (
        "sql",
        [
            "sql::there_is_no_server",
            "sql::what_is_given_up_is_not_taken_for_another",
            "sql::a_reply_that_breaks_off_is_no_success",
            "sql::postgres_is_spoken_with",
            "sql::a_stranger_is_refused",
            "sql::a_server_that_comes_back_is_connected_to_again",
            "sql::what_is_given_up_is_not_taken_for_another",
            "sql::postgres_is_spoken_with",
            "sql::what_is_no_database_is_said_to_be_none",
        ],
    ),
    (
        "talk",
        [
            "talk::there_is_no_server",
            "talk::what_does_not_come_is_a_timeout_and_no_late_answer_is_taken_for_another",
            "talk::bytes_over_tcp_are_cut_into_messages",
            "talk::bytes_over_tcp_are_cut_into_messages",
            "talk::a_handshake_that_is_refused_says_with_what",
            "talk::the_other_side_may_end_it",
            "talk::what_does_not_come_is_a_timeout_and_no_late_answer_is_taken_for_another",
            "talk::a_large_message_travels_whole",
            "talk::a_handshake_that_is_refused_says_with_what",
        ],
    ),
];

/// Runs the suite and prints the table.
pub(crate) fn contracts() -> Result<()> {
    let output = from_outside("cargo")
        .args(["test", "--locked", "--workspace", "--test", "contract"])
        .current_dir(root())
        .output()
        .context("failed to run cargo")?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let results = results(&printed);
    if results.is_empty() {
        bail!("no test was run:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let mut wrong = Vec::new();
    println!("{:<10} {}", "protocol", CASES.map(|case| format!("{case:<11}")).concat());
    for (protocol, tests) in PROTOCOLS {
        let cells =
            tests.map(|test| results.get(test).map_or("missing", |ok| if *ok { "ok" } else { "FAILED" }));
        println!("{protocol:<10} {}", cells.map(|cell| format!("{cell:<11}")).concat());
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
