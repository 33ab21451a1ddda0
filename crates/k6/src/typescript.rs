//! TypeScript without its types.

use std::path::Path;

use oxc_allocator::Allocator;
use oxc_codegen::{Codegen, CodegenOptions};
use oxc_parser::Parser;
use oxc_semantic::SemanticBuilder;
use oxc_span::{LabeledSpan, SourceType};
use oxc_transformer::{TransformOptions, Transformer};

use crate::sources::{Place, excerpt};

/// A script without types.
pub(crate) struct Stripped {
    pub(crate) text: String,
    /// Leads back to where it came from.
    pub(crate) back: Back,
}

/// Leads from places in a text without types to those in the text with them.
///
/// Pairs of a line and a column, both from 0, in order: where something stands, and where it stood.
pub(crate) struct Back(Vec<((u32, u32), (u32, u32))>);

impl Back {
    /// Line and column, both from 1, of what has come to stand at a line and column.
    pub(crate) fn original(&self, line: u32, column: u32) -> (u32, u32) {
        let here = (line.saturating_sub(1), column.saturating_sub(1));
        let found = self.0.partition_point(|(stands, _)| *stands <= here).checked_sub(1).map(|at| self.0[at]);
        found
            .filter(|(stands, _)| stands.0 == here.0)
            .map_or((line, column), |(_, stood)| (stood.0 + 1, stood.1 + 1))
    }
}

/// The script without types; what is wrong with it otherwise.
pub(crate) fn strip(name: &str, text: &str) -> Result<Stripped, String> {
    let (allocator, path) = (Allocator::default(), Path::new(name));
    let kind = SourceType::from_path(path).map_err(|e| format!("{name}: {e}"))?;
    let parsed = Parser::new(&allocator, text, kind).parse();
    let wrong = |found: Vec<(String, Option<u32>)>| {
        found.iter().map(|(what, at)| said(name, text, what, *at)).collect::<Vec<_>>().join("\n")
    };
    if parsed.panicked {
        let found = parsed.diagnostics.iter();
        return Err(wrong(
            found.map(|d| (d.to_string(), d.labels.first().map(LabeledSpan::offset))).collect(),
        ));
    }
    let mut program = parsed.program;
    let names = SemanticBuilder::new().with_enum_eval(true).build(&program).semantic.into_scoping();
    let done = Transformer::new(&allocator, path, &TransformOptions::default())
        .build_with_scoping(names, &mut program);
    if !done.diagnostics.is_empty() {
        let found = done.diagnostics.iter();
        return Err(wrong(
            found.map(|d| (d.to_string(), d.labels.first().map(LabeledSpan::offset))).collect(),
        ));
    }
    let options = CodegenOptions { source_map_path: Some(path.to_owned()), ..CodegenOptions::default() };
    let made = Codegen::new().with_options(options).build(&program);
    let tokens = made.map.iter().flat_map(|map| map.get_tokens().collect::<Vec<_>>());
    let places = tokens.map(|t| ((t.get_dst_line(), t.get_dst_col()), (t.get_src_line(), t.get_src_col())));
    let places = places.collect();
    Ok(Stripped { text: made.code, back: Back(places) })
}

/// A mistake with its place, and the line it is in.
fn said(name: &str, text: &str, what: &str, at: Option<u32>) -> String {
    let Some(before) = at.and_then(|at| text.get(..at as usize)) else { return format!("{name}: {what}") };
    let (line, column) =
        (before.matches('\n').count() + 1, before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1);
    let place = Place { file: name.to_owned(), line: line as u32, column: column as u32 };
    let shown = excerpt(text, &place).unwrap_or_default();
    format!("SyntaxError: {what}\n    at {name}:{line}:{column}\n{shown}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_go_and_what_they_leave_at_run_time_stays() {
        let text = "import type { A } from './a';\nenum E { One = 1 }\nclass C { constructor(private n: number) {} get() { return this.n as number; } }\nexport default function (d: A): void { console.log(E.One, new C(2).get()!); }\n";
        let plain = strip("a.ts", text).unwrap().text;
        assert!(
            !plain.contains("./a") && !plain.contains(": number") && !plain.contains("private"),
            "{plain}"
        );
        assert!(plain.contains("this.n = n") && plain.contains("E[E[\"One\"] = 1]"), "{plain}");
        let wrong = strip("a.ts", "let a;\nconst x: = 1;").err().unwrap();
        assert!(
            wrong.contains("a.ts:2:10") && wrong.ends_with("  2 | const x: = 1;\n    |          ^"),
            "{wrong}"
        );
    }

    #[test]
    fn places_lead_back() {
        let text = "interface A {\n  b: string;\n}\nexport default function () {\n  nothing();\n}\n";
        let Stripped { text, back } = strip("a.ts", text).unwrap();
        let line = text.lines().position(|l| l.contains("nothing")).unwrap() as u32 + 1;
        let column = text.lines().nth(line as usize - 1).unwrap().find("nothing").unwrap() as u32 + 1;
        assert_eq!(back.original(line, column), (5, 3));
    }
}
