//! Everything wrong with a plan, at once, each with its place and what to write instead.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::source::{Node, NodeKind};

/// A file that was read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its path, as the user gave it.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// A place in a file: byte offsets.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Place {
    /// Which file, by its position in [`Diagnostics::files`].
    pub file: usize,
    /// Which bytes.
    pub span: Range<usize>,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where; `None` if it concerns no place in a file.
    pub place: Option<Place>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

/// All mistakes of a plan and the files they stand in.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    /// The files.
    pub files: Vec<SourceFile>,
    /// The mistakes, in order of discovery.
    pub found: Vec<Diagnostic>,
    /// Names in whatever could not be read: to use one is no further mistake.
    pub lost: BTreeSet<String>,
    /// Mappings of which a part could not be read: that the part is missing is no further mistake.
    damaged: Vec<Place>,
}

impl Diagnostics {
    /// Adds a mistake at a place.
    pub fn error(&mut self, place: &Place, message: impl Into<String>, hint: impl Into<String>) {
        self.found.push(Diagnostic {
            place: Some(place.clone()),
            message: message.into(),
            hint: hint.into(),
        });
    }

    /// Adds a mistake that has no place.
    pub fn general(&mut self, message: impl Into<String>, hint: impl Into<String>) {
        self.found.push(Diagnostic { place: None, message: message.into(), hint: hint.into() });
    }

    /// Adds a mistake about what a mapping holds as a whole, unless a part of it could not be read: then that has
    /// been said already, and the rest may be right.
    pub fn error_of_whole(
        &mut self,
        whole: &Place,
        shown: &Place,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        if !self.damaged.contains(whole) {
            self.error(shown, message, hint);
        }
    }

    /// Adds the mistake that no `what` has the name `written`, unless it stands where nothing could be read.
    pub fn unknown(&mut self, place: &Place, what: &str, written: &str, known: &[&str]) {
        if !self.lost.contains(written) {
            let hint = suggest(written, known.iter().copied());
            self.error(place, format!("no {what} is called `{written}`"), hint);
        }
    }

    /// `part` of the mapping at `whole` could not be read.
    pub fn damage(&mut self, whole: &Place, part: &Node) {
        self.damaged.push(whole.clone());
        self.lose(part);
    }

    /// `node` could not be read; what it defines is unknown.
    pub fn lose(&mut self, node: &Node) {
        self.lost.extend(node.scalar().map(str::to_owned));
        for (key, value) in node.entries() {
            self.lost.insert(key.text.clone());
            self.lose(value);
        }
        if let NodeKind::Seq(items) = &node.kind {
            items.iter().for_each(|item| self.lose(item));
        }
    }

    /// Whether something is wrong within a place.
    pub fn is_in(&self, place: &Place) -> bool {
        let within = |found: &Place| {
            found.file == place.file
                && found.span.start >= place.span.start
                && found.span.end <= place.span.end
        };
        self.found.iter().filter_map(|d| d.place.as_ref()).any(within)
    }

    /// Whether nothing is wrong.
    pub const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// `file:line:column` of a place, line and column counted from 1 in characters.
    pub fn position(&self, place: &Place) -> String {
        let Some(file) = self.files.get(place.file) else { return String::new() };
        let before = &file.text[..place.span.start.min(file.text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{}:{line}:{column}", file.path.display())
    }

    /// All mistakes as text for a terminal, in the order of their places.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let mut sorted: Vec<_> = self.found.iter().collect();
        sorted.sort_by_key(|d| d.place.as_ref().map_or((0, 0), |p| (p.file, p.span.start)));
        sorted.dedup();
        let mut text = String::new();
        for diagnostic in sorted {
            text.push_str(&self.render_one(diagnostic, &renderer));
            text.push_str("\n\n");
        }
        text.truncate(text.trim_end().len());
        text
    }

    fn render_one(&self, diagnostic: &Diagnostic, renderer: &Renderer) -> String {
        let title = Level::ERROR.primary_title(&diagnostic.message);
        let hint = (!diagnostic.hint.is_empty()).then(|| Level::HELP.message(&diagnostic.hint));
        let file = diagnostic.place.as_ref().and_then(|p| Some((p, self.files.get(p.file)?)));
        let Some((place, file)) = file else {
            return match hint {
                Some(hint) => renderer.render(&[title.element(hint)]),
                None => renderer.render(&[annotate_snippets::Group::with_title(title)]),
            };
        };
        let end = place.span.end.min(file.text.len());
        let span = place.span.start.min(end)..end;
        let path = file.path.display().to_string();
        let snippet = Snippet::source(&file.text).path(&path).annotation(AnnotationKind::Primary.span(span));
        match hint {
            Some(hint) => renderer.render(&[title.element(snippet).element(hint)]),
            None => renderer.render(&[title.element(snippet)]),
        }
    }
}

/// The known name most like `written`, if any is like it.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.into_iter().map(|name| (strsim::jaro_winkler(written, name), name));
    scored.filter(|(score, _)| *score > 0.75).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}

/// A hint that names the nearest known name, or all of them.
pub fn suggest<'a>(written: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(name) = nearest(written, known.clone()) {
        return format!("did you mean `{name}`?");
    }
    let all: Vec<_> = known.into_iter().map(|name| format!("`{name}`")).collect();
    if all.is_empty() { String::new() } else { format!("known here: {}", all.join(", ")) }
}
