//! How a module is imported, as far as its text says it for certain.

use crate::named::is_inside;

/// Whether a text takes a module by `import name from "module"` and in no other way.
pub(super) fn only_default(text: &str, module: &str) -> bool {
    let is_quoted = |at: usize| {
        let quote = |c: Option<char>| matches!(c, Some('"' | '\''));
        quote(text[..at].chars().next_back()) && quote(text[at + module.len()..].chars().next())
    };
    let mut places = text.match_indices(module).map(|(at, _)| at).filter(|at| is_quoted(*at)).peekable();
    places.peek().is_some() && places.all(|at| is_default_import(&text[..at - 1]))
}

/// Whether a text ends with `import name from`.
fn is_default_import(before: &str) -> bool {
    let Some(named) = before.trim_end().strip_suffix("from") else { return false };
    let name = named.trim_end();
    let head = name.trim_end_matches(is_inside);
    let Some(first) = head.trim_end().strip_suffix("import") else { return false };
    let apart = name.len() < named.len() && head.len() < name.len() && head.trim_end().len() < head.len();
    apart && !first.ends_with(|c| is_inside(c) || c == '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_default_import_is_one() {
        let only = |text| only_default(text, "k6/http");
        assert!(only("import http from 'k6/http';\nimport { check } from 'k6';"));
        assert!(only("import e from\"k6/http\";import{check}from\"k6\";"));
        for other in [
            "import { get } from 'k6/http';",
            "import http, { get } from 'k6/http';",
            "import * as http from 'k6/http';",
            "import 'k6/http';",
            "export { get } from 'k6/http';",
            "const http = require('k6/http');",
            "const { get } = await import('k6/http');",
            "import http from 'k6/http'; import { get } from 'k6/http';",
            "import http from name;",
            "reimport http from 'k6/http'",
        ] {
            assert!(!only(other), "{other}");
        }
    }
}
