//! Secrets by name, from the sources that the command line names, and kept out of what is printed.

use std::collections::BTreeMap;
use std::path::Path;

/// What stands in the place of a secret.
const REDACTED: &str = "***SECRET_REDACTED***";

/// One source of secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Source {
    name: String,
    is_default: bool,
    values: BTreeMap<String, String>,
}

/// Secrets of all sources.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Vec<Source>);

impl Secrets {
    /// Adds a source as k6's flag names it: `mock=[default,][name=NAME,]KEY=VALUE,...` or
    /// `file=[default,][name=NAME,]filename=PATH`, whose lines are `KEY=VALUE`.
    ///
    /// # Errors
    /// A sentence about what is wrong with it.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        let (kind, rest) = text.split_once('=').unwrap_or((text, ""));
        let mut source = Source { name: String::new(), is_default: false, values: BTreeMap::new() };
        let mut file = None;
        for part in rest.split(',').filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                None if part == "default" => source.is_default = true,
                None if kind == "file" => file = Some(part.to_owned()),
                None => return Err(format!("`{part}` in the secret source `{text}` is no KEY=VALUE")),
                Some(("name", name)) => name.clone_into(&mut source.name),
                Some(("filename", path)) if kind == "file" => file = Some(path.to_owned()),
                Some((key, value)) => drop(source.values.insert(key.to_owned(), value.to_owned())),
            }
        }
        match (kind, file) {
            ("mock", _) => {}
            ("file", Some(path)) => source.values = of_file(Path::new(&path))?,
            ("file", None) => {
                return Err(format!("the secret source `{text}` names no file; write file=PATH"));
            }
            _ => return Err(format!("there is no secret source `{kind}`; there are mock and file")),
        }
        self.0.push(source);
        Ok(())
    }

    /// The secret `key` of the source `name`, of the default source without a name.
    pub(crate) fn get(&self, name: Option<&str>, key: &str) -> Result<&str, String> {
        if self.0.is_empty() {
            return Err("no secret sources are configured".to_owned());
        }
        let is_default = |s: &&Source| s.is_default || self.0.len() == 1;
        let source = match name {
            None | Some("default") => self.0.iter().find(is_default),
            Some(name) => self.0.iter().find(|s| !name.is_empty() && s.name == name),
        };
        let source = source.ok_or_else(|| match name {
            Some(name) => format!("no secret source with name \"{name}\" is configured"),
            None => "no default secret source is configured".to_owned(),
        })?;
        source.values.get(key).map(String::as_str).ok_or_else(|| "no value".to_owned())
    }

    /// A text without the secrets in it.
    pub(crate) fn redacted(&self, text: &str) -> String {
        let all = self.0.iter().flat_map(|s| s.values.values()).filter(|value| !value.is_empty());
        all.fold(text.to_owned(), |text, secret| text.replace(secret, REDACTED))
    }

    /// There are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn of_file(path: &Path) -> Result<BTreeMap<String, String>, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| format!("failed to read the secrets of {}: {e}", path.display()))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pair = |line: &str| {
        let (key, value) =
            line.split_once('=').ok_or_else(|| format!("a line of {} is no KEY=VALUE", path.display()))?;
        Ok((key.trim().to_owned(), value.trim().to_owned()))
    };
    lines.map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_by_source_and_kept_out_of_texts() {
        let mut secrets = Secrets::default();
        secrets.add("mock=default,name=main,password=hunter2").unwrap();
        secrets.add("mock=name=second,other=value2").unwrap();
        assert_eq!(secrets.get(None, "password"), Ok("hunter2"));
        assert_eq!(secrets.get(Some("second"), "other"), Ok("value2"));
        assert_eq!(secrets.get(Some("second"), "password").unwrap_err(), "no value");
        assert!(secrets.get(Some("third"), "x").unwrap_err().contains("third"));
        assert_eq!(secrets.redacted("xhunter2x"), format!("x{REDACTED}x"));
        assert!(secrets.add("vault=x").is_err() && secrets.add("file=").is_err());
        assert!(Secrets::default().get(None, "a").is_err());
    }
}
