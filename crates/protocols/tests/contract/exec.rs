//! Programs as operations, with those that every system has.

use std::path::Path;
use std::time::Duration;

use plimsoll_model::exec::ExecRequest;
use plimsoll_model::{Operation, Outcome, SECOND_NS};
use plimsoll_protocols::exec::Exec;

use crate::client::{Answer, Client};

fn shell(line: &str) -> ExecRequest {
    ExecRequest {
        words: ["sh", "-c", line].map(str::to_owned).to_vec(),
        input: String::new(),
        environment: vec![("WHO".to_owned(), "world".to_owned())],
        directory: Path::new("/").into(),
        exit: 0,
        timeout_ns: 10 * SECOND_NS,
    }
}

fn run(request: ExecRequest) -> Answer {
    Client::of(&Exec).perform(Operation::Exec(request))
}

#[test]
fn what_a_program_writes_is_the_answer() {
    let answer = run(ExecRequest { input: "hello ".to_owned(), ..shell("cat; printf \"$WHO\"; pwd") });
    assert_eq!((answer.reply.outcome, answer.text().as_str()), (Outcome::Ok, "hello world/\n"), "{answer:?}");
    assert_eq!((answer.reply.bytes_sent, answer.reply.bytes_received), (6, 13));
}

#[test]
fn an_exit_code_is_a_success_if_it_is_the_one_that_was_meant() {
    let failed = run(shell("echo no such order >&2; exit 3"));
    assert_eq!(failed.end(), (Outcome::AppError, "exit 3"));
    assert_eq!(failed.reply.failure.unwrap().message, "no such order");
    assert_eq!(run(ExecRequest { exit: 3, ..shell("exit 3") }).reply.outcome, Outcome::Ok);
    assert_eq!(run(shell("kill -9 $$")).end(), (Outcome::AppError, "killed"));
}

#[test]
fn there_is_no_program() {
    let words = vec!["/no/such/program".to_owned()];
    assert_eq!(run(ExecRequest { words, ..shell("") }).end(), (Outcome::ConnectError, "not started"));
}

#[test]
fn a_program_that_does_not_end_is_killed() {
    let place = tempfile::tempdir().unwrap();
    let late = place.path().join("late");
    let line = format!("sleep 0.4; touch {}", late.display());
    let timed_out = run(ExecRequest { timeout_ns: SECOND_NS / 20, ..shell(&line) });
    assert_eq!(timed_out.end(), (Outcome::Timeout, "timeout"));
    let mut client = Client::of(&Exec);
    client.give_up(Operation::Exec(shell(&line)), Duration::from_millis(50));
    // Longer than either would have needed.
    assert_eq!(run(shell("sleep 0.6")).reply.outcome, Outcome::Ok);
    assert!(!late.exists());
}

#[test]
fn a_large_output_is_read_while_a_large_input_is_written() {
    let input = "x".repeat(4 << 20);
    let answer = run(ExecRequest { input, ..shell("cat") });
    assert_eq!((answer.reply.outcome, answer.body.len()), (Outcome::Ok, 4 << 20));
}
