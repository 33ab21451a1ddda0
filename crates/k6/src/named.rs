//! What a module names of all that a world may hold: a world has what its modules name, and no more.
//!
//! Every word of a text counts, in strings and remarks as well: `new Function("return new Map()")` is code.

use crate::intrinsics::Objects;

/// Globals that are functions of ours, objects that come with them, and `Math`, whose chance is the run's.
pub(crate) const GLOBALS: [&str; 10] = [
    "Math",
    "TextDecoder",
    "TextEncoder",
    "clearInterval",
    "clearTimeout",
    "console",
    "crypto",
    "open",
    "setInterval",
    "setTimeout",
];

const ENVIRONMENT: &str = "__ENV";

/// What a text names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) objects: Objects,
    pub(crate) globals: Vec<&'static str>,
    pub(crate) variables: Variables,
}

/// Variables of the environment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Variables {
    These(Vec<String>),
    All,
}

impl Default for Variables {
    fn default() -> Self {
        Self::These(Vec::new())
    }
}

impl Named {
    pub(crate) fn of(text: &str) -> Self {
        let mut named = Self { variables: Variables::of(text), ..Self::default() };
        for word in text.split(|c| !is_inside(c)) {
            named.objects.add(word);
            if let Some(global) = GLOBALS.iter().find(|global| **global == word)
                && !named.globals.contains(global)
            {
                named.globals.push(global);
            }
        }
        named
    }
}

impl Variables {
    fn of(text: &str) -> Self {
        let mut names = Vec::new();
        for (at, _) in text.match_indices(ENVIRONMENT) {
            let rest = &text[at + ENVIRONMENT.len()..];
            if text[..at].ends_with(is_inside) || rest.starts_with(is_inside) {
                continue;
            }
            let rest = rest.strip_prefix('?').unwrap_or(rest);
            let rest = rest.strip_prefix('.').unwrap_or_default();
            let name = &rest[..rest.find(|c| !is_inside(c)).unwrap_or(rest.len())];
            // Whatever else is done with them may be done with all of them.
            if name.is_empty() {
                return Self::All;
            }
            names.push(name.to_owned());
        }
        Self::These(names)
    }

    pub(crate) fn contain(&self, name: &str) -> bool {
        match self {
            Self::These(names) => names.iter().any(|known| known == name),
            Self::All => true,
        }
    }
}

/// Whether a character may stand inside a name.
pub(crate) fn is_inside(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(words: &[&str]) -> Objects {
        let mut objects = Objects::default();
        words.iter().for_each(|word| objects.add(word));
        objects
    }

    #[test]
    fn words_are_names_and_parts_of_words_are_not() {
        assert_eq!(Named::of("const when = new Date();").objects, objects(&["Date"]));
        assert_eq!(
            Named::of("eval('new Uint8Array(3)'), new Map([])").objects,
            objects(&["Map", "DataView"])
        );
        assert_eq!(Named::of("DateTime, aMap, Set_, $Set, setTimeout_, charts.map()"), Named::default());
        assert_eq!(Named::of("console.log(1); console.log(Math.random())").globals, ["console", "Math"]);
    }

    #[test]
    fn variables_that_are_asked_for_by_name_are_known() {
        let these = |names: &[&str]| Variables::These(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(Variables::of("get(__ENV.URL, __ENV?.TOKEN)"), these(&["URL", "TOKEN"]));
        assert_eq!(Variables::of("my__ENV, __ENVIRONMENT"), these(&[]));
        for all in [
            "Object.keys(__ENV)",
            "const { URL } = __ENV;",
            "__ENV[name]",
            "__ENV",
            "a(__ENV.A, __ENV ['B'])",
        ] {
            assert_eq!(Variables::of(all), Variables::All, "{all}");
        }
    }
}
