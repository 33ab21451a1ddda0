//! Source files: a header, a size, a name, and none of the things that rot.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::shell::root;

/// Lines of a file without its tests.
const LINES_MAX: usize = 700;

/// Lines of a file of tests.
const TEST_LINES_MAX: usize = 1_200;

/// Lines of tests inside a file; more belong beside it.
const INLINE_TEST_LINES_MAX: usize = 150;

/// Names that say nothing.
const BANNED_NAMES: [&str; 8] = ["common", "helper", "helpers", "imp", "manager", "misc", "util", "utils"];

/// Text that may not stand in a source file, with what to do instead. Split so that this file passes.
const BANNED_TEXT: [(&str, &str); 3] = [
    (concat!("#[ign", "ore"), "assert what happens now, or remove the test"),
    (concat!("FIX", "ME"), "mend it, or write an issue"),
    (concat!("TO", "DO"), "do it, or write an issue"),
];

/// The files that may hold unsafe code (docs/decisions/0010): everywhere else the compiler refuses it.
const UNSAFE: [&str; 5] = [
    "crates/k6/src/allocator.rs",
    "crates/k6/src/bytecode.rs",
    "crates/k6/src/coroutine.rs",
    "crates/k6/src/intrinsics.rs",
    "crates/k6/src/natives/class.rs",
];

/// See the module.
pub(super) fn check() -> Result<Vec<String>> {
    let mut files = Vec::new();
    collect(&root().join("crates"), &mut files)?;
    let mut problems = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
        let name = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
        problems.extend(check_file(&name, &path, &text).into_iter().map(|p| format!("{name}: {p}")));
    }
    Ok(problems)
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(directory).with_context(|| format!("failed to list {}", directory.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

fn check_file(name: &str, path: &Path, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if !text.starts_with("//!") {
        problems.push("begins without a header that says what the file is responsible for".to_owned());
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    if BANNED_NAMES.contains(&stem.as_ref()) {
        problems.push(format!("`{stem}` says nothing; name the file after its main noun"));
    }
    if text.contains(concat!("expect(unsafe", "_code")) && !UNSAFE.contains(&name) {
        problems.push("unsafe code belongs to the files that docs/decisions/0010 names".to_owned());
    }
    for (banned, instead) in BANNED_TEXT {
        if text.contains(banned) {
            problems.push(format!("`{banned}`: {instead}"));
        }
    }
    if text.lines().any(|l| l.ends_with([' ', '\t'])) {
        problems.push("trailing space".to_owned());
    }
    let is_test = name.contains("/tests") || stem == "tests";
    let (code, tests) = text.split_once("#[cfg(test)]\nmod tests {").unwrap_or((text, ""));
    let (lines, inline) = (code.lines().count(), tests.lines().count());
    if lines > if is_test { TEST_LINES_MAX } else { LINES_MAX } {
        problems.push(format!("{lines} lines; split it by subject"));
    }
    if inline > INLINE_TEST_LINES_MAX {
        problems.push(format!("{inline} lines of tests inside; move them beside the file"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untidy_files_are_found() {
        let check = |name: &str, text: &str| check_file(name, Path::new(name), text).len();
        assert_eq!(check("a.rs", "//! Fine.\n"), 0);
        assert_eq!(check("a.rs", "fn f() {}\n"), 1);
        assert_eq!(check("util.rs", "//! Fine.\n"), 1);
        assert_eq!(check("a.rs", "//! Fine. \n"), 1);
        assert_eq!(check("a.rs", &format!("//! Long.\n{}", "//\n".repeat(LINES_MAX))), 1);
    }
}
