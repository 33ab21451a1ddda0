//! TypeScript without its types.

use std::path::Path;

use oxc_allocator::Allocator;
use oxc_codegen::Codegen;
use oxc_parser::Parser;
use oxc_semantic::SemanticBuilder;
use oxc_span::SourceType;
use oxc_transformer::{TransformOptions, Transformer};

/// The script without types; what is wrong with it otherwise.
pub(crate) fn strip(name: &str, text: &str) -> Result<String, String> {
    let (allocator, path) = (Allocator::default(), Path::new(name));
    let kind = SourceType::from_path(path).map_err(|e| format!("{name}: {e}"))?;
    let parsed = Parser::new(&allocator, text, kind).parse();
    let wrong = |problems: Vec<String>| format!("{name}: {}", problems.join("; "));
    if parsed.panicked {
        return Err(wrong(parsed.diagnostics.iter().map(ToString::to_string).collect()));
    }
    let mut program = parsed.program;
    let names = SemanticBuilder::new().with_enum_eval(true).build(&program).semantic.into_scoping();
    let done = Transformer::new(&allocator, path, &TransformOptions::default())
        .build_with_scoping(names, &mut program);
    if !done.diagnostics.is_empty() {
        return Err(wrong(done.diagnostics.iter().map(ToString::to_string).collect()));
    }
    Ok(Codegen::new().build(&program).code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_go_and_what_they_leave_at_run_time_stays() {
        let text = "import type { A } from './a';\nenum E { One = 1 }\nclass C { constructor(private n: number) {} get() { return this.n as number; } }\nexport default function (d: A): void { console.log(E.One, new C(2).get()!); }\n";
        let plain = strip("a.ts", text).unwrap();
        assert!(
            !plain.contains("./a") && !plain.contains(": number") && !plain.contains("private"),
            "{plain}"
        );
        assert!(plain.contains("this.n = n") && plain.contains("E[E[\"One\"] = 1]"), "{plain}");
        assert!(strip("a.ts", "const x: = 1;").is_err());
    }
}
