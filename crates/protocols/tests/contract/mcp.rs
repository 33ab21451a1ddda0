//! The Model Context Protocol, against the built-in service, a program, and the official SDK's server where it is installed;
//! what none of them does is done by one that breaks off.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_model::http::{Connections, HttpSettings};
use plimsoll_model::tool::{INITIALIZE, SPAWN, ToolRequest, ToolSessions, ToolSettings};
use plimsoll_model::{Operation, Outcome, SECOND_NS};
use plimsoll_protocols::http::Http;
use plimsoll_protocols::mcp::Mcp;
use serde_json::{Value, json};

use crate::client::{Answer, Client, broken, request, service};
use crate::server::PythonServer;

/// A program that answers as a server does, says something else first, and sleeps or ends when asked to.
const PROGRAM: &str = r"
import json, sys, time, os
for line in sys.stdin:
    m = json.loads(line)
    if 'id' not in m: continue
    p = m.get('params', {}).get('arguments', {})
    if 'sleep' in p: time.sleep(p['sleep'])
    if 'end' in p: os._exit(0)
    if 'noise' in p: print('this is no message', flush=True)
    print(json.dumps({'jsonrpc': '2.0', 'method': 'notifications/message', 'params': {}}), flush=True)
    print(json.dumps({'jsonrpc': '2.0', 'id': m['id'], 'result': {'method': m['method'], 'pid': os.getpid(), 'got': p}}), flush=True)
";

fn protocol(settings: ToolSettings) -> Mcp {
    Mcp::new(Arc::new(Http::new(HttpSettings::default()).unwrap()), settings)
}

fn client(settings: ToolSettings) -> Client {
    Client::of(&protocol(settings))
}

fn operation(server: &str, method: &str, params: &Value) -> Operation {
    let params = params.to_string();
    let timeout_ns = 10 * SECOND_NS;
    Operation::Tool(ToolRequest {
        server: server.into(),
        method: method.into(),
        params,
        timeout_ns,
        network: None,
    })
}

fn call(client: &mut Client, server: &str, tool: &str, arguments: &Value) -> Answer {
    client.perform(operation(server, "tools/call", &json!({ "name": tool, "arguments": arguments })))
}

fn search(client: &mut Client, server: &str) -> Answer {
    call(client, server, "context.search", &json!({ "query": "load" }))
}

fn result(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|e| panic!("{e}: {answer:?}"))
}

fn stats(server: &str) -> Value {
    let answer = Client::new(HttpSettings::default()).send(request("GET", &format!("{server}/stats")));
    serde_json::from_slice(&answer.body).unwrap()
}

/// The program as a target: written to a place of its own.
fn program(place: &tempfile::TempDir) -> String {
    let path = place.path().join("server.py");
    std::fs::write(&path, PROGRAM).unwrap();
    format!("stdio:python3 {}", path.display())
}

#[test]
fn a_tool_is_called_in_a_session_of_the_user() {
    let server = service("mcp");
    let mut client = client(ToolSettings::default());
    let first = search(&mut client, &server.url());
    assert_eq!(first.reply.outcome, Outcome::Ok, "{first:?}");
    assert_eq!(first.parts.iter().map(|p| p.part).collect::<Vec<_>>(), [INITIALIZE]);
    assert!(result(&first)["structuredContent"]["total"].as_u64() > Some(1));
    let second = search(&mut client, &server.url());
    assert_eq!((second.reply.connects, second.parts.len()), (0, 0));
    let stats = stats(&server.url());
    assert_eq!((&stats["opened"], &stats["live"], &stats["calls"]), (&json!(1), &json!(1), &json!(2)));
}

#[test]
fn sessions_are_the_users_the_iterations_or_nobodys() {
    for (sessions, opened) in
        [(ToolSessions::PerUser, 1), (ToolSessions::PerIteration, 3), (ToolSessions::Stateless, 0)]
    {
        let server = service("mcp");
        let stateless = if sessions == ToolSessions::Stateless { "/mcp?stateless=" } else { "/mcp" };
        let mut client = client(ToolSettings { sessions, ..ToolSettings::default() });
        for _ in 0..3 {
            client.begin_iteration();
            let answer = search(&mut client, &format!("{}{stateless}", server.url()));
            assert_eq!(answer.reply.outcome, Outcome::Ok, "{answer:?}");
        }
        assert_eq!(stats(&server.url())["opened"], opened);
    }
}

#[test]
fn every_server_has_a_session_of_its_own() {
    let (one, two) = (service("mcp"), service("mcp"));
    let mut client = client(ToolSettings::default());
    for server in [&one, &two, &one, &two] {
        assert_eq!(search(&mut client, &server.url()).reply.outcome, Outcome::Ok);
    }
    assert_eq!([&one, &two].map(|server| stats(&server.url())["opened"].clone()), [1, 1]);
}

#[test]
fn answers_in_a_stream_are_found_behind_notifications() {
    let server = service("mcp");
    let url = format!("{}/mcp?stream=", server.url());
    let mut client = client(ToolSettings::default());
    let answer = call(&mut client, &url, "math.sum", &json!({ "numbers": [1, 2, 4] }));
    assert_eq!(result(&answer)["structuredContent"]["sum"], 7.0);
    // The stream ended behind it, so the connection is there for the next one.
    assert_eq!(search(&mut client, &url).reply.connects, 0);
}

#[test]
fn errors_with_status_200_are_failures() {
    let server = service("mcp");
    let mut client = client(ToolSettings::default());
    let table = [
        ("context.search", json!({}), "invalid params"),
        ("no.such.tool", json!({}), "invalid params"),
        ("demo.flaky", json!({ "every": 1 }), "tool error"),
    ];
    for (tool, arguments, class) in table {
        let answer = call(&mut client, &server.url(), tool, &arguments);
        assert_eq!(answer.end(), (Outcome::AppError, class), "{answer:?}");
    }
    let unknown = client.perform(operation(&server.url(), "tools/fly", &json!({})));
    assert_eq!(unknown.end(), (Outcome::AppError, "no such method"));
    // Every tenth request fails, and says so in a result.
    let flaky = |_| call(&mut client, &server.url(), "demo.flaky", &json!({ "every": 10 }));
    assert_eq!((0..100).map(flaky).filter(|a| a.class() == "tool error").count(), 10);
}

#[test]
fn a_session_that_the_server_forgets_is_lost_once_and_begun_again() {
    let server = service("mcp");
    let url = format!("{}/mcp?forget=4", server.url());
    let mut client = client(ToolSettings::default());
    let ends: Vec<_> = (0..12).map(|_| search(&mut client, &url).class().to_owned()).collect();
    let lost: Vec<_> = (0..12).filter(|at| ends[*at] == "session lost").collect();
    assert_eq!(lost, [4, 9], "{ends:?}");
    let stats = stats(&server.url());
    assert_eq!((&stats["opened"], &stats["forgotten"], &stats["live"]), (&json!(3), &json!(2), &json!(1)));
}

#[test]
fn there_is_no_server() {
    let mut client = client(ToolSettings::default());
    let answer = search(&mut client, "http://127.0.0.1:1/mcp");
    assert_eq!(answer.end(), (Outcome::ConnectError, "refused"));
    let answer = search(&mut client, "stdio:/no/such/program");
    assert_eq!(answer.end(), (Outcome::ConnectError, "not started"));
}

#[test]
fn what_the_server_breaks_off_is_told_by_http() {
    let mut client = client(ToolSettings { sessions: ToolSessions::Stateless, ..ToolSettings::default() });
    for (fault, outcome) in [("reset=1", Outcome::ConnectError), ("truncate=1", Outcome::ProtocolError)] {
        let server = broken(&[fault]);
        let answer = search(&mut client, &server.url());
        assert_eq!(answer.reply.outcome, outcome, "{fault}: {answer:?}");
    }
}

/// A server that answers every request by what it says.
fn answering(answer: impl Fn(&str) -> String + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        // Connections stay open until their client is gone.
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept() {
            let mut buffer = [0; 4096];
            let count = stream.read(&mut buffer).unwrap_or(0);
            let _gone = stream.write_all(answer(&String::from_utf8_lossy(&buffer[..count])).as_bytes());
            open.push(stream);
        }
    });
    format!("http://{address}/mcp")
}

fn json_answer(body: &str) -> String {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn what_is_no_answer_is_said_to_be_none() {
    let mut client = client(ToolSettings { sessions: ToolSessions::Stateless, ..ToolSettings::default() });
    let table = [
        ("<html>", "not json-rpc"),
        ("{\"jsonrpc\":\"2.0\",\"id\":99,\"result\":{}}", "wrong id"),
        ("{\"jsonrpc\":\"2.0\",\"id\":3}", "not json-rpc"),
    ];
    for (answer, class) in table {
        assert_eq!(
            search(&mut client, &answering(|_| json_answer(answer))).end(),
            (Outcome::ProtocolError, class),
            "{answer}"
        );
    }
}

#[test]
fn a_stream_that_stays_open_behind_the_answer_is_not_waited_for() {
    let server = answering(|_| {
        let event = "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"n\":1}}\n\n";
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        format!("{head}{:x}\r\n{event}\r\n", event.len())
    });
    let mut client = client(ToolSettings { sessions: ToolSessions::Stateless, ..ToolSettings::default() });
    let answer = search(&mut client, &server);
    assert_eq!((answer.reply.outcome, result(&answer)["n"].as_u64()), (Outcome::Ok, Some(1)), "{answer:?}");
}

#[test]
fn a_stranger_is_refused_and_one_who_shows_a_token_is_not() {
    let guarded = || {
        answering(|asked| {
            if asked.to_ascii_lowercase().contains("authorization: bearer right") {
                return json_answer("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
            }
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()
        })
    };
    let with = |token: &str| {
        let headers = vec![("Authorization".to_owned(), format!("Bearer {token}"))];
        client(ToolSettings { headers, sessions: ToolSessions::Stateless, ..ToolSettings::default() })
    };
    let refused = search(&mut with("wrong"), &guarded());
    assert_eq!((refused.end(), refused.reply.status), ((Outcome::AppError, "status 401"), 401));
    assert_eq!(search(&mut with("right"), &guarded()).reply.outcome, Outcome::Ok);
}

/// The protocol's official SDK, over HTTP and as a program.
#[test]
fn the_official_server_is_spoken_with() {
    let server = PythonServer::start("tools.py", &["http"]);
    let [python, script] = PythonServer::command("tools.py");
    let mut client = client(ToolSettings::default());
    for url in [format!("http://127.0.0.1:{}/mcp", server.port), format!("stdio:{python} {script} stdio")] {
        let sum = call(&mut client, &url, "add", &json!({ "a": 2, "b": 3 }));
        assert_eq!(result(&sum)["structuredContent"]["result"], 5, "{sum:?}");
        let negative = call(&mut client, &url, "add", &json!({ "a": -1, "b": 3 }));
        assert_eq!(negative.end(), (Outcome::AppError, "tool error"), "{url}");
        let tools = client.perform(operation(&url, "tools/list", &json!({})));
        assert_eq!(result(&tools)["tools"][0]["name"], "add");
    }
}

#[test]
fn a_program_is_started_once_and_spoken_with() {
    let place = tempfile::tempdir().unwrap();
    let server = program(&place);
    let [mut one, mut two] = Client::two_of(&protocol(ToolSettings::default()));
    let first = call(&mut one, &server, "any", &json!({ "n": 1 }));
    assert_eq!(first.reply.outcome, Outcome::Ok, "{first:?}");
    assert_eq!(first.parts.iter().map(|p| p.part).collect::<Vec<_>>(), [SPAWN, INITIALIZE]);
    let second = call(&mut two, &server, "any", &json!({ "n": 2 }));
    assert_eq!((second.reply.connects, result(&second)["got"]["n"].as_u64()), (0, Some(2)));
    assert_eq!(result(&first)["pid"], result(&second)["pid"]);
    let own = ToolSettings { programs: Connections::PerUser, ..ToolSettings::default() };
    let [mut one, mut two] = Client::two_of(&protocol(own));
    let pids =
        [&mut one, &mut two].map(|client| result(&call(client, &server, "any", &json!({})))["pid"].clone());
    assert_ne!(pids[0], pids[1]);
}

#[test]
fn an_answer_that_was_given_up_is_not_taken_for_another() {
    let place = tempfile::tempdir().unwrap();
    let server = program(&place);
    let mut client = client(ToolSettings::default());
    let pid = result(&call(&mut client, &server, "any", &json!({})))["pid"].clone();
    let slow = json!({ "name": "any", "arguments": { "sleep": 0.3, "n": 1 } });
    client.give_up(operation(&server, "tools/call", &slow), Duration::from_millis(50));
    let next = result(&call(&mut client, &server, "any", &json!({ "n": 2 })));
    assert_eq!((next["got"]["n"].as_u64(), &next["pid"]), (Some(2), &pid));
    let late = ToolRequest {
        server: server.as_str().into(),
        method: "tools/call".into(),
        params: slow.to_string(),
        timeout_ns: SECOND_NS / 20,
        network: None,
    };
    assert_eq!(client.perform(Operation::Tool(late)).end(), (Outcome::Timeout, "timeout"));
    assert_eq!(result(&call(&mut client, &server, "any", &json!({ "n": 3 })))["got"]["n"], 3);
}

#[test]
fn a_program_that_ends_or_talks_nonsense_is_started_again() {
    let place = tempfile::tempdir().unwrap();
    let server = program(&place);
    let mut client = client(ToolSettings::default());
    let ended = call(&mut client, &server, "any", &json!({ "end": true }));
    assert_eq!(ended.end(), (Outcome::ConnectError, "program ended"));
    let again = call(&mut client, &server, "any", &json!({}));
    assert_eq!((again.reply.outcome, again.reply.connects), (Outcome::Ok, 1));
    let noise = call(&mut client, &server, "any", &json!({ "noise": true }));
    assert_eq!(noise.end(), (Outcome::ProtocolError, "not json-rpc"));
    assert_eq!(call(&mut client, &server, "any", &json!({})).reply.connects, 1);
}

#[test]
fn a_large_answer_travels_whole() {
    let place = tempfile::tempdir().unwrap();
    let large = "x".repeat(4 << 20);
    let mut client = client(ToolSettings::default());
    let answer = call(&mut client, &program(&place), "any", &json!({ "text": large }));
    assert_eq!(result(&answer)["got"]["text"].as_str().map(str::len), Some(4 << 20));
}
