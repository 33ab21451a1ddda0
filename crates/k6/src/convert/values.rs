//! Expressions as templates and as JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::syntax::{Node, Refusal, Source, callee, kind};

/// What names in a script stand for.
pub(super) struct Names<'a> {
    pub(super) source: &'a Source,
    pub(super) constants: BTreeMap<&'a str, &'a Node>,
    /// Saved by an earlier step.
    pub(super) saved: Vec<String>,
    /// Variables of the environment that are used, with what they are now.
    pub(super) environment: BTreeMap<String, String>,
    pub(super) given: &'a BTreeMap<String, String>,
}

impl Names<'_> {
    /// A text with `${...}` where something is filled in.
    pub(super) fn template(&mut self, node: &Node) -> Result<String, Refusal> {
        match kind(node) {
            "Literal" => match &node["value"] {
                Value::String(text) => Ok(text.replace("${", "$${")),
                Value::Number(_) | Value::Bool(_) => Ok(node["value"].to_string()),
                _ => Err(self.refuse(node)),
            },
            "TemplateLiteral" => {
                let mut text = String::new();
                let none = Vec::new();
                let quasis = node["quasis"].as_array().unwrap_or(&none);
                let expressions = node["expressions"].as_array().unwrap_or(&none);
                for (number, quasi) in quasis.iter().enumerate() {
                    text.push_str(
                        &quasi["value"]["cooked"].as_str().unwrap_or_default().replace("${", "$${"),
                    );
                    if let Some(expression) = expressions.get(number) {
                        text.push_str(&self.template(expression)?);
                    }
                }
                Ok(text)
            }
            "BinaryExpression" if node["operator"] == "+" => {
                Ok(self.template(&node["left"])? + &self.template(&node["right"])?)
            }
            // `__ENV.NAME || 'default'`
            "LogicalExpression" => self.environment_or(node),
            "MemberExpression" if node["object"]["name"] == "__ENV" => {
                let name = node["property"]["name"].as_str().ok_or_else(|| self.refuse(node))?;
                let value = self.given.get(name).cloned().unwrap_or_default();
                Ok(self.variable(name, &value))
            }
            "Identifier" => self.named(node),
            "CallExpression" if callee(node).as_deref() == Some("String") => {
                let argument = node["arguments"][0].clone();
                self.template(&argument)
            }
            _ => Err(self.refuse(node)),
        }
    }

    fn refuse(&self, node: &Node) -> Refusal {
        self.source
            .refuse(node, "only texts, constants, __ENV, __VU, __ITER and saved values can be filled in")
    }

    fn environment_or(&mut self, node: &Node) -> Result<String, Refusal> {
        let (left, right) = (&node["left"], &node["right"]);
        let name = left["property"]["name"].as_str().filter(|_| left["object"]["name"] == "__ENV");
        let (Some(name), Some(default)) = (name, right["value"].as_str()) else {
            return Err(self.refuse(node));
        };
        let value = self.given.get(name).map_or(default, String::as_str).to_owned();
        Ok(self.variable(name, &value))
    }

    fn variable(&mut self, name: &str, value: &str) -> String {
        self.environment.insert(name.to_owned(), value.to_owned());
        format!("${{env.{name}}}")
    }

    fn named(&mut self, node: &Node) -> Result<String, Refusal> {
        let name = node["name"].as_str().unwrap_or_default();
        match name {
            "__VU" => return Ok("${user}".to_owned()),
            "__ITER" => return Ok("${iteration}".to_owned()),
            _ => {}
        }
        if self.saved.iter().any(|saved| saved == name) {
            return Ok(format!("${{{name}}}"));
        }
        match self.constants.get(name) {
            Some(value) => {
                let value = (*value).clone();
                self.template(&value)
            }
            None => Err(self.refuse(node)),
        }
    }

    /// A value of JSON; texts in it are templates.
    pub(super) fn json(&mut self, node: &Node) -> Result<Value, Refusal> {
        match kind(node) {
            "Literal" if !node["value"].is_string() => Ok(node["value"].clone()),
            "ObjectExpression" => {
                let mut all = Map::new();
                for property in node["properties"].as_array().into_iter().flatten() {
                    all.insert(self.key(property)?, self.json(&property["value"])?);
                }
                Ok(Value::Object(all))
            }
            "ArrayExpression" => {
                let list = node["elements"].as_array().cloned().unwrap_or_default();
                list.iter().map(|one| self.json(one)).collect()
            }
            "UnaryExpression" if node["operator"] == "-" && node["argument"]["value"].is_number() => {
                let number = node["argument"]["value"].as_f64().unwrap_or(0.0);
                Ok(json!(-number))
            }
            "Identifier" => match self.constants.get(node["name"].as_str().unwrap_or_default()) {
                Some(value) => {
                    let value = (*value).clone();
                    self.json(&value)
                }
                None => self.template(node).map(Value::from),
            },
            _ => self.template(node).map(Value::from),
        }
    }

    /// The name of a property of an object.
    pub(super) fn key(&self, property: &Node) -> Result<String, Refusal> {
        let key = &property["key"];
        let name = key["name"].as_str().or_else(|| key["value"].as_str());
        let is_simple = kind(property) == "Property" && property["computed"] != true;
        name.filter(|_| is_simple)
            .map(str::to_owned)
            .ok_or_else(|| self.source.refuse(property, "names of fields must be written out"))
    }
}
