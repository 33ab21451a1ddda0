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
        if may_hold_patterns(text) {
            named.objects.add_patterns();
        }
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

/// Whether there is a `/` in the code that begins no remark: a pattern, or a division. Behind the first of them nothing is looked at, so
/// that a pattern's own signs cannot be taken for others.
fn may_hold_patterns(text: &str) -> bool {
    let mut rest = text.bytes().peekable();
    // How many braces are open, outside templates and in the code within each.
    let mut open = vec![0_u32];
    while let Some(byte) = rest.next() {
        match byte {
            b'\'' | b'"' => pass_text(&mut rest, byte),
            b'`' => in_template(&mut rest, &mut open),
            b'{' => *open.last_mut().expect("there is code around") += 1,
            b'}' if open.len() > 1 && open.last() == Some(&0) => {
                open.pop();
                in_template(&mut rest, &mut open);
            }
            b'}' => {
                let open = open.last_mut().expect("there is code around");
                *open = open.saturating_sub(1);
            }
            b'/' => match rest.next() {
                Some(b'/') => rest.by_ref().take_while(|byte| *byte != b'\n').for_each(drop),
                Some(b'*') => pass_remark(&mut rest),
                _ => return true,
            },
            _ => {}
        }
    }
    false
}

type Bytes<'a> = std::iter::Peekable<std::str::Bytes<'a>>;

fn pass_text(rest: &mut Bytes<'_>, quote: u8) {
    while let Some(byte) = rest.next() {
        match byte {
            b'\\' => drop(rest.next()),
            _ if byte == quote => return,
            _ => {}
        }
    }
}

fn pass_remark(rest: &mut Bytes<'_>) {
    while let Some(byte) = rest.next() {
        if byte == b'*' && rest.next_if_eq(&b'/').is_some() {
            return;
        }
    }
}

/// Passes the text of a template, to its end or to code within it.
fn in_template(rest: &mut Bytes<'_>, open: &mut Vec<u32>) {
    while let Some(byte) = rest.next() {
        match byte {
            b'\\' => drop(rest.next()),
            b'`' => return,
            b'$' if rest.next_if_eq(&b'{').is_some() => return open.push(0),
            _ => {}
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
            objects(&["Map", "DataView", "eval"])
        );
        assert_eq!(Named::of("DateTime, aMap, Set_, $Set, setTimeout_, charts.map()"), Named::default());
        assert_eq!(Named::of("console.log(1); console.log(Math.random())").globals, ["console", "Math"]);
    }

    #[test]
    fn patterns_are_found_where_they_may_be() {
        for without in [
            "import http from 'k6/http'; // a/b",
            "/* a / b ' */ const url = `${base}/x/${ids[{ a: 1 }.a]}/y` + \"/\" + '\\'/';",
            "`a\\`/` + { a: { b: `}/` } }.a.b",
        ] {
            assert!(!may_hold_patterns(without), "{without}");
        }
        for with in [
            "/a/.test(b)",
            "`${/`/.test(a)}`",
            "'it\\'s'; x = /'/",
            "a / b",
            "`${`${a}/`.replace(/\\//, '')}`",
        ] {
            assert!(may_hold_patterns(with), "{with}");
        }
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
