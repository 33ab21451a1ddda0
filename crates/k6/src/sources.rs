//! The files of a script: read once, whatever the number of users.

mod commonjs;
mod excerpt;
mod imports;

pub(crate) use excerpt::{Place, excerpt};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What is wrong with a script, in words for whoever wrote it.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// It cannot be read, or its init code threw.
    #[error("{0}")]
    Broken(String),
    /// Its options make no sense: every mistake on a line of its own.
    #[error("{0}")]
    Options(String),
}

const HTTP: &str = "k6/http";

/// The directory beside a script that remote modules are kept in.
const CACHE: &str = "remote_modules";

/// The files of a script.
pub(crate) struct Sources {
    /// The script itself.
    pub(crate) entry: String,
    texts: Mutex<BTreeMap<String, Text>>,
    /// As they were written, and how lines of what the engine was given lead back to them.
    written: Mutex<BTreeMap<String, Written>>,
    files: Mutex<BTreeMap<PathBuf, Arc<[u8]>>>,
    /// Addresses to files that stand in for them.
    map: BTreeMap<String, PathBuf>,
}

/// A module as the engine is given it.
#[derive(Clone)]
struct Text {
    text: Arc<str>,
    /// Whether it takes nothing of `k6/http` by name.
    takes_http_whole: bool,
}

/// A file as it was written.
struct Written {
    text: String,
    /// For one whose types were taken out.
    back: Option<crate::typescript::Back>,
}

/// Whether a text was a module of the older kind before it was adapted.
pub(crate) fn is_older(text: &str) -> bool {
    commonjs::is_adapted(text)
}

impl Sources {
    /// The script at `path`. `map` says which files stand in for which remote modules.
    pub(crate) fn open(path: &Path, map: BTreeMap<String, PathBuf>) -> Result<Self, ScriptError> {
        let failed = |e| ScriptError::Broken(format!("failed to read the script {}: {e}", path.display()));
        let entry = path.canonicalize().map_err(failed)?.display().to_string();
        let sources =
            Self { entry, texts: Mutex::default(), written: Mutex::default(), files: Mutex::default(), map };
        sources.module(&sources.entry).map_err(ScriptError::Broken)?;
        Ok(sources)
    }

    /// Where the script stands.
    pub(crate) fn directory(&self) -> &Path {
        Path::new(&self.entry).parent().unwrap_or(Path::new("/"))
    }

    /// The name under which a module is known, given who imports it.
    pub(crate) fn resolve(&self, base: &str, name: &str) -> Result<String, String> {
        if crate::modules::is_built_in(name) {
            return Ok(name.to_owned());
        }
        if name.starts_with("https://") || name.starts_with("http://") {
            let name = name.split('?').next().unwrap_or(name);
            if let Some(file) = self.map.get(name) {
                return Ok(file.display().to_string());
            }
            let cached = self.cached(name);
            if cached.is_file() {
                return Ok(cached.display().to_string());
            }
            return crate::modules::stand_in(name).map(str::to_owned).ok_or_else(|| {
                format!("nothing is fetched: save it as {}, or use --module-map URL=FILE", cached.display())
            });
        }
        if name == "k6" || name.starts_with("k6/") {
            return Err(crate::modules::refusal(name));
        }
        let path = name.strip_prefix("file://").unwrap_or(name);
        let base = Path::new(base).parent().filter(|p| p.is_absolute()).unwrap_or(self.directory());
        let path = if Path::new(path).is_absolute() { PathBuf::from(path) } else { base.join(path) };
        let tries =
            [path.clone(), with_suffix(&path, ".js"), with_suffix(&path, ".ts"), path.join("index.js")];
        let found = tries.iter().find(|p| p.is_file()).and_then(|p| p.canonicalize().ok());
        found
            .map(|p| p.display().to_string())
            .ok_or_else(|| format!("there is no file {} (imported as \"{name}\")", path.display()))
    }

    /// The same for a static import. Who takes nothing of `k6/http` by name is given it without names: thousands of users hold no more of
    /// it than they use.
    pub(crate) fn imported(&self, base: &str, name: &str) -> Result<String, String> {
        let found = self.resolve(base, name)?;
        let takes_whole = found == HTTP && self.texts().get(base).is_some_and(|base| base.takes_http_whole);
        Ok(if takes_whole { crate::modules::HTTP_DEFAULT.to_owned() } else { found })
    }

    /// Where a remote module is looked for: beside the script, under its address.
    fn cached(&self, address: &str) -> PathBuf {
        let (_, path) = address.split_once("://").unwrap_or(("", address));
        self.directory().join(CACHE).join(path)
    }

    /// The name under which a module is known that is asked for by `require`, with k6's words for what is wrong.
    pub(crate) fn required(&self, base: &str, name: &str) -> Result<String, String> {
        let is_path = name.starts_with(['.', '/']) || name.contains("://");
        if name.starts_with("k6/") && !crate::modules::is_built_in(name) {
            return Err(format!("unknown module: {name}"));
        }
        if !is_path && name != "k6" && !name.starts_with("k6/") {
            return Err(format!(
                "The moduleSpecifier \"{name}\" couldn't be recognised as something k6 supports."
            ));
        }
        self.resolve(base, name).map_err(|problem| {
            format!("The moduleSpecifier \"{name}\" couldn't be found on local disk. {problem}")
        })
    }

    /// The source text of a module, without types.
    pub(crate) fn module(&self, name: &str) -> Result<Arc<str>, String> {
        if let Some(known) = self.texts().get(name) {
            return Ok(known.text.clone());
        }
        let text: Arc<str> = match crate::modules::source(name) {
            Some(own) => own.into(),
            None => self.read(name)?,
        };
        let takes_http_whole = imports::only_default(&text, HTTP);
        self.texts().insert(name.to_owned(), Text { text: text.clone(), takes_http_whole });
        Ok(text)
    }

    fn texts(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Text>> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The text of a file as the engine is given it.
    fn read(&self, name: &str) -> Result<Arc<str>, String> {
        let text = std::fs::read_to_string(name).map_err(|e| format!("failed to read {name}: {e}"))?;
        let mut back = None;
        let given = match Path::new(name).extension().and_then(|e| e.to_str()) {
            Some("ts" | "mts" | "cts" | "tsx") => {
                let stripped = crate::typescript::strip(name, &text)?;
                back = Some(stripped.back);
                commonjs::adapted(name, &stripped.text)
            }
            Some("json") => format!("export default {text};"),
            _ => commonjs::adapted(name, &text),
        };
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.insert(name.to_owned(), Written { text, back });
        Ok(given.into())
    }

    /// What was thrown (a message, then a stack), with places as they stand in the files, and an excerpt of the first.
    pub(crate) fn explained(&self, thrown: &str) -> String {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut lines, mut shown) = (Vec::new(), None);
        for line in thrown.lines() {
            let Some((range, mut place)) = excerpt::place(line) else {
                lines.push(line.to_owned());
                continue;
            };
            let Some(file) = written.get(&place.file) else {
                // Modules of our own are nothing to whoever wrote the script.
                continue;
            };
            if let Some(back) = &file.back {
                (place.line, place.column) = back.original(place.line, place.column);
            }
            if shown.is_none() {
                shown = excerpt(&file.text, &place);
            }
            let at = format!("{}:{}:{}", place.file, place.line, place.column);
            lines.push([&line[..range.start], &at, &line[range.end..]].concat());
        }
        lines.extend(shown);
        lines.join("\n")
    }

    /// Files of the script that were read, by name; modules of our own are not among them.
    pub(crate) fn read_so_far(&self) -> Vec<(String, Arc<str>)> {
        let own = |name: &&String| !crate::modules::is_built_in(name);
        let texts = self.texts();
        texts.iter().filter(|(name, _)| own(name)).map(|(name, t)| (name.clone(), t.text.clone())).collect()
    }

    /// Where a file is that the script opens, relative to where it stands.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        let path = path.strip_prefix("file://").unwrap_or(path);
        let whole =
            if Path::new(path).is_absolute() { PathBuf::from(path) } else { self.directory().join(path) };
        whole.components().filter(|part| !matches!(part, std::path::Component::CurDir)).collect()
    }

    /// A file that the script opens. The bytes are shared by all users.
    pub(crate) fn file(&self, path: &str) -> Result<Arc<[u8]>, String> {
        let path = self.path(path);
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = files.get(&path) {
            return Ok(known.clone());
        }
        let bytes: Arc<[u8]> =
            std::fs::read(&path).map_err(|e| format!("failed to open {}: {e}", path.display()))?.into();
        files.insert(path, bytes.clone());
        Ok(bytes)
    }
}

/// `import.meta.resolve` of the module `base`.
pub(crate) fn address(base: &str, name: &str) -> Result<String, String> {
    if name.is_empty() {
        return Err("require() can't be used with an empty specifier".to_owned());
    }
    if name.contains("://") {
        return Ok(name.to_owned());
    }
    if !name.starts_with(['.', '/']) {
        return Err(format!(
            "The moduleSpecifier \"{name}\" couldn't be recognised as something k6 supports."
        ));
    }
    let base = url::Url::from_file_path(base).map_err(|()| format!("{base} is no file"))?;
    base.join(name).map(Into::into).map_err(|e| format!("{name}: {e}"))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
