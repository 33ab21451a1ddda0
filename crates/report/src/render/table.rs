//! Plain text tables, aligned.

use unicode_width::UnicodeWidthStr;

/// Which side a column leans to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lean {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Lays out rows in columns, two spaces apart, indented by two. The first row is the head.
pub fn table(leans: &[Lean], rows: &[Vec<String>]) -> String {
    let width =
        |column: usize| rows.iter().map(|r| r.get(column).map_or(0, |c| c.width())).max().unwrap_or(0);
    let widths: Vec<_> = (0..leans.len()).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for ((cell, lean), width) in row.iter().zip(leans).zip(&widths) {
            let padding = " ".repeat(width - cell.width());
            line.push_str("  ");
            match lean {
                Lean::Left => line.push_str(&format!("{cell}{padding}")),
                Lean::Right => line.push_str(&format!("{padding}{cell}")),
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
