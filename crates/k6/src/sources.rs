//! The files of a script: read once, whatever the number of users.

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

/// The files of a script.
pub(crate) struct Sources {
    /// The script itself.
    pub(crate) entry: String,
    texts: Mutex<BTreeMap<String, Arc<str>>>,
    files: Mutex<BTreeMap<PathBuf, Arc<[u8]>>>,
    /// Addresses to files that stand in for them.
    map: BTreeMap<String, PathBuf>,
}

impl Sources {
    /// The script at `path`. `map` says which files stand in for which remote modules.
    pub(crate) fn open(path: &Path, map: BTreeMap<String, PathBuf>) -> Result<Self, ScriptError> {
        let failed = |e| ScriptError::Broken(format!("failed to read the script {}: {e}", path.display()));
        let entry = path.canonicalize().map_err(failed)?.display().to_string();
        let sources = Self { entry, texts: Mutex::default(), files: Mutex::default(), map };
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
            return match (self.map.get(name), crate::modules::stand_in(name)) {
                (Some(file), _) => Ok(file.display().to_string()),
                (None, Some(own)) => Ok(own.to_owned()),
                (None, None) => Err(format!(
                    "nothing is fetched from the network: save {name} and name the file with --module-map {name}=FILE"
                )),
            };
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

    /// The source text of a module, without types.
    pub(crate) fn module(&self, name: &str) -> Result<Arc<str>, String> {
        if let Some(known) = self.texts.lock().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Ok(known.clone());
        }
        let text: Arc<str> = match crate::modules::source(name) {
            Some(own) => own.into(),
            None => {
                let text =
                    std::fs::read_to_string(name).map_err(|e| format!("failed to read {name}: {e}"))?;
                match Path::new(name).extension().and_then(|e| e.to_str()) {
                    Some("ts" | "mts" | "cts" | "tsx") => crate::typescript::strip(name, &text)?.into(),
                    Some("json") => format!("export default {text};").into(),
                    _ => text.into(),
                }
            }
        };
        self.texts.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), text.clone());
        Ok(text)
    }

    /// Files of the script that were read, by name; modules of our own are not among them.
    pub(crate) fn read_so_far(&self) -> Vec<(String, Arc<str>)> {
        let texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let own = |name: &&String| !crate::modules::is_built_in(name);
        texts.iter().filter(|(name, _)| own(name)).map(|(name, text)| (name.clone(), text.clone())).collect()
    }

    /// A file that the script opens, relative to where it stands. The bytes are shared by all users.
    pub(crate) fn file(&self, path: &str) -> Result<Arc<[u8]>, String> {
        let path = path.strip_prefix("file://").unwrap_or(path);
        let path =
            if Path::new(path).is_absolute() { PathBuf::from(path) } else { self.directory().join(path) };
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

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
