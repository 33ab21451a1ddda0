//! Modules of the older kind, with `require` and `module.exports`, as modules of the newer kind.

use oxc_allocator::Allocator;
use oxc_parser::Parser;
use oxc_span::SourceType;

/// The text as it is given to the engine. Lines stay where they are: all that is added stands in the first and behind
/// the last.
pub(super) fn adapted(name: &str, text: &str) -> String {
    let uses_require = text.contains("require");
    let looks_like_it = uses_require || text.contains("exports");
    if looks_like_it && !is_module(text) {
        return format!(
            "const {{ module: __module, require: __require }} = __plimsoll.commonJs({name:?}); (function (module, exports, require) {{{text}\n}}).call(__module.exports, __module, __module.exports, __require); export default __plimsoll.defaultOf(__module.exports);{}",
            named(text)
        );
    }
    if uses_require {
        format!("const require = __plimsoll.requireFrom({name:?}); {text}")
    } else {
        text.to_owned()
    }
}

/// Whether a text is one of the older kind that was adapted.
pub(super) fn is_adapted(text: &str) -> bool {
    text.starts_with("const { module: __module")
}

/// Names that a module exports one by one, as far as they can be seen: `exports.name =`.
fn named(text: &str) -> String {
    let mut names: Vec<&str> = text
        .split("exports.")
        .skip(1)
        .filter_map(|rest| {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$')?;
            let is_set = rest[end..].trim_start().strip_prefix('=').is_some_and(|r| !r.starts_with('='));
            (is_set && end > 0 && !["default", "__esModule"].contains(&&rest[..end])).then_some(&rest[..end])
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    let one = |name: &&str| {
        format!(" const __export_{name} = __module.exports?.{name}; export {{ __export_{name} as {name} }};")
    };
    names.iter().map(one).collect()
}

/// Whether it imports or exports: then it is of the newer kind.
fn is_module(text: &str) -> bool {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, SourceType::mjs()).parse();
    parsed.module_record.has_module_syntax
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_kind_is_wrapped_and_the_newer_left_alone() {
        let newer = "import http from 'k6/http';\nexport default function () {}\n";
        assert_eq!(adapted("a.js", newer), newer);
        let mixed = "import http from 'k6/http';\nconst x = require('./x.js');\n";
        assert_eq!(adapted("a.js", mixed).lines().count(), 2);
        assert!(
            adapted("a.js", mixed).starts_with("const require = __plimsoll.requireFrom(\"a.js\"); import")
        );
        let older = "exports.a = 1;\nmodule.exports.b = exports.a == 1;\n";
        let text = adapted("a.js", older);
        assert!(
            text.contains("export { __export_a as a }") && text.contains("export { __export_b as b }"),
            "{text}"
        );
        assert!(!text.contains("as c"));
        assert!(is_adapted(&text) && !is_adapted(newer) && !is_adapted(&adapted("a.js", mixed)));
    }
}
