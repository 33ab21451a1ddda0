//! Statements of a function as steps of a scenario.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::syntax::{Node, Refusal, Source, body, callee, kind};
use super::values::Names;

/// Makes steps, and notes what they need of the plan.
pub(super) struct Steps<'a> {
    names: Names<'a>,
    /// Scheme, host and port of all requests.
    pub(super) target: Option<String>,
    pub(super) environment: BTreeMap<String, String>,
}

/// Steps so far, and which of them a variable of the script holds the response of.
#[derive(Default)]
struct Made {
    list: Vec<Value>,
    responses: BTreeMap<String, usize>,
}

type Done<T> = Result<T, Refusal>;

impl<'a> Steps<'a> {
    pub(super) fn new(source: &'a Source, given: &'a BTreeMap<String, String>) -> Self {
        let names = Names {
            source,
            constants: source.constants().collect(),
            saved: Vec::new(),
            environment: BTreeMap::new(),
            given,
        };
        Self { names, target: None, environment: BTreeMap::new() }
    }

    /// The steps of a function; what cannot be one is added to `refusals`.
    pub(super) fn of_body(&mut self, body: &Node, refusals: &mut Vec<Refusal>) -> Vec<Value> {
        let mut made = Made::default();
        // An arrow without braces is one expression.
        let alone = [
            json!({ "type": "ExpressionStatement", "expression": body, "start": body["start"], "end": body["end"] }),
        ];
        let statements = body["body"].as_array().map_or(&alone[..], Vec::as_slice);
        for statement in statements {
            if let Err(refusal) = self.statement(statement, &mut made) {
                refusals.push(refusal);
            }
        }
        made.list
    }

    fn statement(&mut self, statement: &Node, made: &mut Made) -> Done<()> {
        match kind(statement) {
            "ExpressionStatement" => self.expression(&statement["expression"], made),
            "VariableDeclaration" => {
                let declared = statement["declarations"].as_array().cloned().unwrap_or_default();
                declared.iter().try_for_each(|one| self.declared(one, made))
            }
            "EmptyStatement" => Ok(()),
            "ReturnStatement" if statement["argument"].is_null() => Ok(()),
            other => {
                let why = match other {
                    "IfStatement" | "SwitchStatement" => {
                        "a choice is `if` or `one_of` in a plan; write it there"
                    }
                    "ForStatement" | "ForOfStatement" | "ForInStatement" | "WhileStatement" => {
                        "a loop is `repeat` in a plan; write it there"
                    }
                    _ => "a plan has no statement like it",
                };
                Err(self.names.source.refuse(statement, why))
            }
        }
    }

    fn declared(&mut self, one: &Node, made: &mut Made) -> Done<()> {
        let (name, value) = (one["id"]["name"].as_str(), &one["init"]);
        let Some(name) = name else {
            return Err(self.names.source.refuse(one, "only single names can be given to values"));
        };
        if let Some(request) = self.request(value)? {
            made.list.push(request);
            made.responses.insert(name.to_owned(), made.list.len() - 1);
            return Ok(());
        }
        // `const id = res.json('path')` is a value that the step saves.
        if let Some((response, path)) = json_path(value)
            && let Some(at) = made.responses.get(response)
        {
            let fields = step(&mut made.list[*at]);
            let save = fields.entry("save").or_insert_with(|| json!({}));
            save[name] = json!(path);
            self.names.saved.push(name.to_owned());
            return Ok(());
        }
        Err(self.names.source.refuse(one, "only responses and what json() finds in them can be given names"))
    }

    fn expression(&mut self, node: &Node, made: &mut Made) -> Done<()> {
        if let Some(request) = self.request(node)? {
            made.list.push(request);
            return Ok(());
        }
        let arguments = &node["arguments"];
        match callee(node).as_deref() {
            Some("sleep") => {
                let seconds = self.names.json(&arguments[0])?;
                let Some(seconds) = seconds.as_f64() else {
                    return Err(self.names.source.refuse(node, "how long it sleeps must be a number"));
                };
                made.list.push(json!({ "think": format!("{seconds}s") }));
                Ok(())
            }
            Some("group") => {
                let name = self.names.template(&arguments[0])?;
                let Some(inner) = body(&arguments[1]) else {
                    return Err(self.names.source.refuse(node, "a group needs its function written out"));
                };
                let mut refusals = Vec::new();
                let steps = self.of_body(inner, &mut refusals);
                if let Some(refusal) = refusals.into_iter().next() {
                    return Err(refusal);
                }
                made.list.push(json!({ "group": name, "steps": steps }));
                Ok(())
            }
            Some("check") => self.check(node, made),
            _ => Err(self.names.source.refuse(node, "a plan has no step like it")),
        }
    }

    /// The step of a request, if it is one.
    fn request(&mut self, node: &Node) -> Done<Option<Value>> {
        let called = callee(node).unwrap_or_default();
        let Some(method) = called.strip_prefix("http.") else { return Ok(None) };
        let arguments = &node["arguments"];
        let (key, params) = match method {
            "get" | "head" => (method, &arguments[1]),
            "post" | "put" | "patch" | "options" => (method, &arguments[2]),
            "del" => ("delete", &arguments[2]),
            _ => return Err(self.names.source.refuse(node, "a plan has no request like it")),
        };
        let address = self.names.template(&arguments[0])?;
        let mut fields = Map::new();
        fields.insert(key.to_owned(), self.path(node, &address)?.into());
        if !matches!(method, "get" | "head") {
            self.body(&arguments[1], &mut fields)?;
        }
        let name = self.params(params, &mut fields)?;
        Ok(Some(match name {
            Some(name) => json!({ name: fields }),
            None => Value::Object(fields),
        }))
    }

    /// The path of an address; everything before it must be the same for all.
    fn path(&mut self, node: &Node, address: &str) -> Done<String> {
        let (mut known, mut path) = split(address);
        if let Some(name) = known.strip_prefix("${env.").and_then(|rest| rest.strip_suffix('}')) {
            let value = self.names.environment.get(name).cloned().unwrap_or_default();
            if !value.contains("://") {
                let why = format!("give the address of the target with -e {name}=http://...");
                return Err(self.names.source.refuse(node, &why));
            }
            let (base, before) = split(&value);
            path = format!("{}{path}", before.trim_end_matches('/'));
            known = base;
        }
        if known.contains("${") || !known.contains("://") {
            return Err(self.names.source.refuse(node, "scheme, host and port must be written out"));
        }
        if self.target.get_or_insert_with(|| known.clone()) != &known {
            return Err(self.names.source.refuse(node, "all requests of a plan go to one target"));
        }
        // What only stood for the target is no part of the plan.
        self.environment = self
            .names
            .environment
            .iter()
            .filter(|(_, value)| !value.contains("://"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        Ok(if path.starts_with('/') { path } else { format!("/{path}") })
    }

    fn body(&mut self, node: &Node, fields: &mut Map<String, Value>) -> Done<()> {
        match kind(node) {
            "" => {}
            "Literal" if node["value"].is_null() => {}
            "CallExpression" if callee(node).as_deref() == Some("JSON.stringify") => {
                fields.insert("json".to_owned(), self.names.json(&node["arguments"][0])?);
            }
            "ObjectExpression" => {
                fields.insert("form".to_owned(), self.names.json(node)?);
            }
            "Identifier" => {
                let named = node["name"].as_str().and_then(|name| self.names.constants.get(name)).copied();
                let Some(value) = named.filter(|v| kind(v) != "Identifier") else {
                    return Err(self.names.source.refuse(node, "a body must be written out"));
                };
                return self.body(&value.clone(), fields);
            }
            _ => {
                fields.insert("body".to_owned(), self.names.template(node)?.into());
            }
        }
        Ok(())
    }

    /// Headers, tags and the like; the name that samples get.
    fn params(&mut self, node: &Node, fields: &mut Map<String, Value>) -> Done<Option<String>> {
        let node = match kind(node) {
            "" => return Ok(None),
            "Identifier" => {
                let named = node["name"].as_str().and_then(|name| self.names.constants.get(name)).copied();
                named.ok_or_else(|| self.names.source.refuse(node, "parameters must be written out"))?.clone()
            }
            _ => node.clone(),
        };
        let mut name = None;
        for property in node["properties"].as_array().into_iter().flatten() {
            let value = self.names.json(&property["value"])?;
            match self.names.key(property)?.as_str() {
                "headers" => headers(&value, fields),
                "tags" => {
                    let mut tags = value.as_object().cloned().unwrap_or_default();
                    name = tags.remove("name").and_then(|n| n.as_str().map(str::to_owned));
                    if !tags.is_empty() {
                        fields.insert("tags".to_owned(), tags.into());
                    }
                }
                "timeout" => {
                    let text = value.as_f64().map_or_else(|| value.clone(), |ms| json!(format!("{ms}ms")));
                    fields.insert("timeout".to_owned(), text);
                }
                "redirects" => {
                    fields.insert("redirects".to_owned(), value);
                }
                other => {
                    let why = format!("a plan has no parameter like `{other}`");
                    return Err(self.names.source.refuse(property, &why));
                }
            }
        }
        Ok(name)
    }

    /// Predicates over a response are what its step expects.
    fn check(&mut self, node: &Node, made: &mut Made) -> Done<()> {
        let arguments = &node["arguments"];
        let named = arguments[0]["name"].as_str().and_then(|name| made.responses.get(name)).copied();
        let at = match (named, self.request(&arguments[0])?) {
            (Some(at), _) => at,
            (None, Some(request)) => {
                made.list.push(request);
                made.list.len() - 1
            }
            (None, None) => return Err(self.names.source.refuse(node, "only responses can be checked")),
        };
        for property in arguments[1]["properties"].as_array().into_iter().flatten() {
            let predicate = &property["value"];
            let parameter = predicate["params"][0]["name"].as_str().unwrap_or_default();
            let Some((key, value)) = expectation(&predicate["body"], parameter) else {
                let why = "a plan can expect a status, a text in the body, and values by JSON path";
                return Err(self.names.source.refuse(property, why));
            };
            let expect = step(&mut made.list[at]).entry("expect").or_insert_with(|| json!({}));
            expect[key] = value;
        }
        Ok(())
    }
}

/// Headers, without those that the body brings anyway.
fn headers(value: &Value, fields: &mut Map<String, Value>) {
    let mut headers = value.as_object().cloned().unwrap_or_default();
    if fields.contains_key("json") {
        headers.retain(|name, value| {
            !name.eq_ignore_ascii_case("content-type") || *value != json!("application/json")
        });
    }
    if !headers.is_empty() {
        fields.insert("headers".to_owned(), headers.into());
    }
}

/// The fields of a step, whether it has a name or not.
fn step(value: &mut Value) -> &mut Map<String, Value> {
    let is_named = value.as_object().is_some_and(|o| o.len() == 1 && o.values().all(Value::is_object));
    let fields =
        if is_named { value.as_object_mut().and_then(|o| o.values_mut().next()) } else { Some(value) };
    fields.and_then(Value::as_object_mut).expect("a step is an object")
}

/// Scheme, host and port of an address, and the rest.
fn split(address: &str) -> (String, String) {
    if address.starts_with("${env.") {
        let end = address.find('}').map_or(address.len(), |at| at + 1);
        return (address[..end].to_owned(), address[end..].to_owned());
    }
    let from = address.find("://").map_or(0, |at| at + 3);
    let at = address[from..].find(['/', '?']).map_or(address.len(), |at| from + at);
    (address[..at].to_owned(), address[at..].to_owned())
}

/// `res.json('a.b')` or `res.json().a.b`: the response and the path in a plan's words.
fn json_path(node: &Node) -> Option<(&str, String)> {
    if kind(node) == "MemberExpression" && node["computed"] == false {
        let (response, path) = json_path(&node["object"])?;
        return Some((response, format!("{path}.{}", node["property"]["name"].as_str()?)));
    }
    let called = &node["callee"];
    if kind(node) != "CallExpression" || called["property"]["name"] != "json" {
        return None;
    }
    let response = called["object"]["name"].as_str()?;
    let path = match &node["arguments"][0]["value"] {
        Value::String(path) => path.split('.').fold("$".to_owned(), |all, part| {
            // gjson counts elements of a list as if they were names.
            if part.parse::<u32>().is_ok() { format!("{all}[{part}]") } else { format!("{all}.{part}") }
        }),
        Value::Null if node["arguments"].as_array().is_some_and(Vec::is_empty) => "$".to_owned(),
        _ => return None,
    };
    (!path.contains('#')).then_some((response, path))
}

/// What a predicate expects of a response: key and value of `expect`.
fn expectation(node: &Node, parameter: &str) -> Option<(String, Value)> {
    let is = |node: &Node, property: &str| {
        kind(node) == "MemberExpression"
            && node["object"]["name"] == parameter
            && node["property"]["name"] == property
    };
    if kind(node) == "CallExpression" {
        let called = &node["callee"];
        let holds = called["property"]["name"] == "includes" && is(&called["object"], "body");
        return holds.then(|| ("text".to_owned(), node["arguments"][0]["value"].clone()));
    }
    let (left, right) = (&node["left"], &node["right"]["value"]);
    let (operator, is_written) = (node["operator"].as_str()?, !right.is_null());
    match operator {
        "===" | "==" if is(left, "status") && is_written => Some(("status".to_owned(), right.clone())),
        "===" | "==" if is_written => {
            let (response, path) = json_path(left)?;
            (response == parameter).then(|| (path, right.clone()))
        }
        "!==" | "!=" if node["right"]["name"] == "undefined" => {
            let (response, path) = json_path(left)?;
            (response == parameter).then(|| (path, json!({ "exists": true })))
        }
        _ => None,
    }
}
