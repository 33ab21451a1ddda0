//! Statements to a database, and their parameters.

use std::sync::Arc;

use plimsoll_model::Operation;
use plimsoll_model::query::{self, QueryRequest, Scalar, Statement};
use serde_json::Value;

use super::super::super::diagnostics::Place;
use super::super::super::read::Placed;
use super::super::super::types::QueryStep;
use super::super::Lowering;
use super::server::Speaks;
use super::{Draft, Scope, Sent};
use crate::behaviour::program::{Filled, RequestTemplate};
use crate::behaviour::template::Template;

/// A statement as it is written: text and parameters.
type Written = (String, Vec<Value>);

impl Lowering<'_> {
    pub(super) fn query_sent(&mut self, step: &QueryStep, draft: &mut Draft, scope: &Scope) -> Option<Sent> {
        draft.without_status();
        let server = self.server(step.on.as_ref(), Speaks::Sql, &step.sql);
        let Some(written) = statements(&step.sql.value, step.params.as_ref().map(|p| &p.value)) else {
            self.diagnostics.error(
                &step.sql.place,
                "these are no statements",
                "write `sql: SELECT ...` with `params: [...]`, or a list of texts and `{ sql: ..., params: [...] }`",
            );
            return None;
        };
        let is_transaction = step.sql.value.is_array();
        let keep = draft.looks();
        let section = self.file.sql.as_ref().and_then(|section| section.timeout);
        let timeout_ns = self.timeout(step.timeout.or(section));
        let place = step.params.as_ref().map_or(&step.sql.place, |params| &params.place).clone();
        let mut holes = Vec::new();
        let mut texts = Vec::new();
        for (text, parameters) in &written {
            // What is prepared once cannot change with every operation; parameters are for that.
            texts.push((self.statement(text, &step.sql.place)?, parameters.len()));
            holes.extend(self.parameters(parameters, &place, scope)?);
        }
        let server: Arc<str> = server?.into();
        let request = Filled::new(holes, move |values| {
            let statement = |(text, count): &(Arc<str>, usize)| {
                let parameters = values.take(*count).map(|json| scalar(&json)).collect();
                Statement { text: text.clone(), parameters }
            };
            let statements = texts.iter().map(statement).collect();
            let server = server.clone();
            Operation::Query(QueryRequest { server, statements, is_transaction, keep, timeout_ns })
        });
        let request = RequestTemplate::Other(request);
        let parts = if self.file.sql.as_ref().is_some_and(|s| s.pool.is_some()) {
            &query::PARTS[..]
        } else {
            &query::PARTS[..1]
        };
        Some(Sent { protocol: "sql", request, parts, good: None })
    }

    fn statement(&mut self, text: &str, place: &Place) -> Option<Arc<str>> {
        let written = Placed { value: text.to_owned(), place: place.clone() };
        Some(self.known_before_the_run(&written)?.into())
    }

    fn parameters(&mut self, written: &[Value], place: &Place, scope: &Scope) -> Option<Vec<Template>> {
        let template = |value: &Value| {
            self.json_template(&Placed { value: value.clone(), place: place.clone() }, &scope.names)
        };
        written.iter().map(template).collect()
    }
}

/// Statements with their parameters.
fn statements(written: &Value, params: Option<&Value>) -> Option<Vec<Written>> {
    let list = |params: Option<&Value>| match params {
        None => Some(Vec::new()),
        Some(Value::Array(params)) => Some(params.clone()),
        Some(_) => None,
    };
    let one = |item: &Value| match item {
        Value::String(text) => Some((text.clone(), Vec::new())),
        Value::Object(map) if map.keys().all(|key| matches!(key.as_str(), "sql" | "params")) => {
            Some((map.get("sql")?.as_str()?.to_owned(), list(map.get("params"))?))
        }
        _ => None,
    };
    match written {
        Value::String(text) => Some(vec![(text.clone(), list(params)?)]),
        Value::Array(items) if !items.is_empty() && params.is_none() => items.iter().map(one).collect(),
        _ => None,
    }
}

/// A value as a database knows it.
fn scalar(json: &str) -> Scalar {
    match serde_json::from_str(json) {
        Ok(Value::Null) => Scalar::Null,
        Ok(Value::Bool(truth)) => Scalar::Bool(truth),
        Ok(Value::Number(number)) => match number.as_i64() {
            Some(whole) => Scalar::Int(whole),
            None => number.as_f64().map_or_else(|| Scalar::Text(json.to_owned()), Scalar::Float),
        },
        Ok(Value::String(text)) => Scalar::Text(text),
        // Lists and mappings are for columns that hold JSON.
        Ok(Value::Array(_) | Value::Object(_)) | Err(_) => Scalar::Text(json.to_owned()),
    }
}

/// The first word of the first statement.
pub(super) fn usual_name(step: &QueryStep) -> String {
    let written = statements(&step.sql.value, None);
    let first = written.as_ref().and_then(|all| all.first()?.0.split_whitespace().next());
    first.map_or_else(|| "sql".to_owned(), str::to_uppercase)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn statements_are_one_or_several() {
        let one = statements(&json!("SELECT $1"), Some(&json!([1, "a"]))).unwrap();
        assert_eq!(one, [("SELECT $1".to_owned(), vec![json!(1), json!("a")])]);
        let two = json!(["DELETE FROM a", { "sql": "INSERT INTO a VALUES ($1)", "params": [7] }]);
        assert_eq!(statements(&two, None).unwrap()[1].1, [json!(7)]);
        for wrong in [json!([]), json!(7), json!([{ "sql": "a", "param": [1] }]), json!([{ "params": [] }])] {
            assert_eq!(statements(&wrong, None), None, "{wrong}");
        }
        assert_eq!(statements(&two, Some(&json!([1]))), None);
    }

    #[test]
    fn values_are_what_they_were_written_as() {
        assert_eq!(scalar("7"), Scalar::Int(7));
        assert_eq!(scalar("7.5"), Scalar::Float(7.5));
        assert_eq!(scalar("\"a\""), Scalar::Text("a".to_owned()));
        assert_eq!((scalar("null"), scalar("true")), (Scalar::Null, Scalar::Bool(true)));
        assert_eq!(scalar("{\"a\":1}"), Scalar::Text("{\"a\":1}".to_owned()));
    }
}
