//! What the steps of a plan really send, as a server sees it.

use serde_json::Value;

use crate::plimsoll::{Place, service};

/// One user, one iteration; every step must succeed.
fn all_succeed(steps: &str, more: &str) -> Value {
    let server = service("echo");
    let plan = format!(
        "target: {}\n{more}load: {{ main: {{ closed: {{ users: 1, iterations: 1 }} }} }}\nscenarios:\n  main:\n{steps}",
        server.url()
    );
    let (ended, run) = Place::new().run_plan(&plan, &[]);
    assert_eq!(run["totals"]["failed"], 0, "{} {ended:?}", run["errors"]);
    assert_eq!(run["totals"]["iterations"], 1, "{ended:?}");
    run
}

#[test]
fn bodies_queries_and_credentials() {
    let steps = r#"
    - get: /echo
      query: { q: "a b&c", id: "${vars}" }
      expect: { $.uri: "/echo?q=a+b%26c&id=x%2Fy" }
    - post: /echo
      form: { name: "Jo & Co", id: "${vars}" }
      expect: { $.body: "name=Jo+%26+Co&id=x%2Fy", "$.headers['content-type']": application/x-www-form-urlencoded }
    - post: /echo
      multipart: { note: "hello ${user}", file: { file: upload.txt, type: text/plain } }
      expect: { $.body: { contains: "filename=\"upload.txt\"" }, "$.headers['content-type']": { matches: "^multipart/form-data; boundary=" } }
    - put: /echo
      json: { list: [1, "${int(2, 2)}"], text: "say \"${vars}\"" }
      expect: { $.body: "{\"list\":[1,2],\"text\":\"say \\\"x/y\\\"\"}", $.method: PUT }
    - post: /echo
      body: "in pieces"
      chunked: 4
      expect: { $.body: "in pieces", "$.headers['transfer-encoding']": chunked }
    - get: /echo
      auth: { basic: "user:pass" }
      expect: { $.headers.authorization: "Basic dXNlcjpwYXNz" }
    - get: /echo
      auth: { bearer: "${vars}" }
      headers: { X-Mine: "${iteration}" }
      expect: { $.headers.authorization: "Bearer x/y", "$.headers['x-mine']": "0", "$.headers['x-all']": "yes" }
    - head: /bytes/10
      expect: { headers: { content-length: "10" } }
    - get: /redirect/2
      redirects: 3
      expect: { $.uri: /echo }
    - get: /gzip
      expect: { $.coded: true, size: 14, text: coded, matches: "^\\{", schema: { required: [coded] } }
"#;
    let place = std::env::temp_dir().join(format!("plimsoll-steps-{}", std::process::id()));
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("upload.txt"), "contents").unwrap();
    let steps = steps.replace("upload.txt, type", &format!("{}, type", place.join("upload.txt").display()));
    let run = all_succeed(&steps, "vars: { vars: x/y }\nhttp: { headers: { X-All: \"yes\" } }\n");
    assert_eq!(run["totals"]["sent"], 10);
    std::fs::remove_dir_all(place).unwrap();
}

#[test]
fn control_and_saved_values() {
    let steps = r#"
    - set: { n: 3, word: "w${n}" }
    - first: { get: "/echo/${n}", save: { uri: $.uri, host: "regex:\"host\":\"([^\"]+)\"", status: status, length: "header:content-length" } }
    - if: ${status} == 200
      then: [ { yes: { get: "${uri}/again", expect: { $.uri: /echo/3/again } } } ]
      else: [ { no: { get: /status/500 } } ]
    - if: ${never}
      then: [ { never: { get: /status/500, save: { never: body } } } ]
    - repeat: 3
      steps: [ { turn: { get: "/echo/${length}" } } ]
    - group: together
      steps: [ { one: { get: /echo } }, { think: 10ms }, { two: { get: /echo } } ]
    - one_of: [ { weight: 0.000001, steps: [ { rare: { get: /status/500 } } ] }, { weight: 1000, steps: [ { usual: { get: /echo } } ] } ]
"#;
    let run = all_succeed(steps, "");
    let sent = |name: &str| {
        run["steps"].as_array().unwrap().iter().find(|s| s["name"] == name).unwrap()["sent"].clone()
    };
    let counts: Vec<_> =
        ["first", "yes", "no", "never", "turn", "one", "two", "rare", "usual"].map(sent).to_vec();
    assert_eq!(counts, [1, 1, 0, 0, 3, 1, 1, 0, 1]);
    let group = run["steps"].as_array().unwrap().iter().find(|s| s["name"] == "together").unwrap();
    assert!(group["outcomes"]["ok"]["response_time_ns"]["min"].as_u64().unwrap() >= 10_000_000);
}

#[test]
fn data_is_dealt_out_as_asked() {
    let server = service("echo");
    let place = Place::new();
    place.write("rows.csv", "name,n\nann,1\nbob,2\ncid,3\n");
    let plan = format!(
        "target: {}\ndata: {{ rows: {{ csv: rows.csv, pick: unique }} }}\nload: {{ main: {{ closed: {{ users: 2, iterations: 5 }} }} }}\nscenarios:\n  main:\n    - use: {{ get: '/echo/${{rows.name}}/${{rows.n}}', expect: {{ $.uri: {{ matches: '/(ann/1|bob/2|cid/3)$' }} }} }}\n",
        server.url()
    );
    let (_, run) = place.run_plan(&plan, &[]);
    let outcomes = &run["steps"][0]["outcomes"];
    assert_eq!(
        (outcomes["ok"]["count"].clone(), outcomes["cancelled"]["count"].clone()),
        (3.into(), 2.into())
    );
    assert!(run["errors"][0]["example"].as_str().unwrap().contains("used up"), "{}", run["errors"]);
}

/// Calls over NATS: what the envelope says is what counts, and that nobody listens is a failure of its own.
#[test]
fn calls_count_by_what_their_answers_say() {
    let server = service("rpc");
    let plan = format!(
        r#"
target: {}
load: {{ main: {{ closed: {{ users: 2, iterations: 4 }} }} }}
scenarios:
  main:
    - add: {{ rpc: calculator.add, args: {{ a: 1, b: 2 }}, expect: {{ $.result: 3 }}, save: {{ sum: $.result }} }}
    - saved: {{ rpc: calculator.echo, args: {{ value: "${{sum}}" }}, expect: {{ $.result: 3 }} }}
    - wrong sum: {{ rpc: calculator.add, args: {{ a: 1, b: 2 }}, expect: {{ $.result: 4 }} }}
    - wrong argument: {{ rpc: calculator.add, args: {{ a: 1, c: 2 }} }}
    - unknown: {{ rpc: calculator.subtract }}
    - broken: {{ rpc: calculator.divide, args: {{ a: 1, b: 0 }} }}
    - nobody: {{ rpc: nobody.there }}
    - plain: {{ request: calculator.rpc.divide, json: {{ a: 1, b: 0 }} }}
    - told: {{ publish: news, body: x }}
"#,
        server.url()
    );
    let (ended, run) = Place::new().run_plan(&plan, &[]);
    let errors = run["errors"].as_array().unwrap_or_else(|| panic!("{ended:?}"));
    let mut seen: Vec<_> = errors
        .iter()
        .map(|e| {
            let text = |key: &str| e[key].as_str().unwrap_or_default().to_owned();
            (text("step"), text("outcome"), text("class"), e["count"].as_u64().unwrap())
        })
        .collect();
    seen.sort();
    let expected = [
        ("broken", "app_error", "internal server error"),
        ("nobody", "protocol_error", "no responders"),
        ("unknown", "app_error", "unknown method"),
        ("wrong argument", "app_error", "validation failed"),
        ("wrong sum", "app_error", "$.result"),
    ];
    let expected: Vec<_> = expected.map(|(s, o, c)| (s.to_owned(), o.to_owned(), c.to_owned(), 4)).to_vec();
    assert_eq!(seen, expected, "{ended:?}");
    // A request that is no call succeeds whenever it is answered.
    assert_eq!(run["totals"]["ok"], 4 * 4, "{ended:?}");
}
