//! What was thrown, with the lines as they stand in the script and an excerpt of the place.

use std::fmt::Write;

/// A place in a file: line and column, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// The place that a line of a stack names: `at f (FILE:LINE:COLUMN)`, and where it stands in that line.
pub(super) fn place(frame: &str) -> Option<(std::ops::Range<usize>, Place)> {
    let start = frame.find('(').map_or_else(|| frame.find("at ").map(|at| at + 3), |at| Some(at + 1))?;
    let end = frame.rfind(')').unwrap_or(frame.len());
    let text = frame.get(start..end)?;
    let mut parts = text.rsplitn(3, ':');
    let column = parts.next()?.trim().parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    let file = parts.next()?.to_owned();
    Some((start..end, Place { file, line, column }))
}

/// The line of a place with a mark under the column.
pub(crate) fn excerpt(text: &str, place: &Place) -> Option<String> {
    let line = text.lines().nth(place.line.checked_sub(1)? as usize)?;
    let (number, gap) = (place.line.to_string(), " ".repeat(place.line.to_string().len()));
    let before: String = line
        .chars()
        .take(place.column.saturating_sub(1) as usize)
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    let mut shown = String::new();
    write!(shown, "  {number} | {line}\n  {gap} | {before}^").ok()?;
    Some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_shown() {
        let (range, found) = place("    at default (/x/a.ts:5:8)").unwrap();
        assert_eq!(found, Place { file: "/x/a.ts".to_owned(), line: 5, column: 8 });
        assert_eq!(&"    at default (/x/a.ts:5:8)"[range], "/x/a.ts:5:8");
        assert_eq!(place("    at /x/a.js:2:1").unwrap().1.line, 2);
        assert_eq!(place("    at f (native)"), None);
        let shown = excerpt("one\ntwo three\n", &Place { file: String::new(), line: 2, column: 5 }).unwrap();
        assert_eq!(shown, "  2 | two three\n    |     ^");
    }
}
