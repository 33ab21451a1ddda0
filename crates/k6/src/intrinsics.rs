//! Built-in objects that few scripts name: a world has those that its modules name, and is a third smaller without the others.
#![expect(
    unsafe_code,
    reason = "rquickjs gives objects to a context while it is made, or by its raw pointer"
)]

use rquickjs::context::{Intrinsic, intrinsic};
use rquickjs::{Context, Ctx, Result, Runtime};

/// What every world has: the syntax makes these objects without naming them.
type Always =
    (intrinsic::Eval, intrinsic::RegExpCompiler, intrinsic::Json, intrinsic::Proxy, intrinsic::Promise);

/// Objects that come together, by name, and what adds them. The first tells whether a world has them.
type Group = (&'static [&'static str], fn(&Ctx<'_>));

const GROUPS: [Group; 6] = [
    (&["Date"], add::<intrinsic::Date>),
    (&["Map", "Set", "WeakMap", "WeakSet"], add::<intrinsic::MapSet>),
    (
        &[
            "ArrayBuffer",
            "SharedArrayBuffer",
            "DataView",
            "Atomics",
            "Int8Array",
            "Uint8Array",
            "Uint8ClampedArray",
            "Int16Array",
            "Uint16Array",
            "Int32Array",
            "Uint32Array",
            "BigInt64Array",
            "BigUint64Array",
            "Float16Array",
            "Float32Array",
            "Float64Array",
        ],
        add::<intrinsic::TypedArrays>,
    ),
    (&["WeakRef", "FinalizationRegistry"], add::<intrinsic::WeakRef>),
    (&["performance"], add::<intrinsic::Performance>),
    (&[PATTERN], add::<intrinsic::RegExp>),
];

/// The group that arrays of bytes are in.
const BYTES: usize = 2;

/// The object that patterns are.
const PATTERN: &str = "RegExp";

/// What makes patterns of texts without naming them: methods of texts, and what takes texts for code.
const MAKE_PATTERNS: [&str; 6] = ["match", "matchAll", "search", "eval", "Function", "constructor"];

/// Groups of objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Objects([bool; GROUPS.len()]);

impl Objects {
    /// Adds the group that a word belongs to, if it is the name of such an object.
    pub(crate) fn add(&mut self, word: &str) {
        let word = if MAKE_PATTERNS.contains(&word) { PATTERN } else { word };
        let group = GROUPS.iter().position(|(names, _)| names.contains(&word));
        group.into_iter().for_each(|at| self.0[at] = true);
    }

    /// Adds patterns, which the syntax makes without naming them.
    pub(crate) fn add_patterns(&mut self) {
        self.add(PATTERN);
    }

    /// Gives them to a world that has not got them.
    pub(crate) fn give(self, ctx: &Ctx<'_>) -> Result<()> {
        for (at, _) in self.0.iter().enumerate().filter(|(_, is_named)| **is_named) {
            give(ctx, at)?;
        }
        Ok(())
    }
}

/// A world that has what every one has.
pub(crate) fn context(runtime: &Runtime) -> Result<Context> {
    Context::custom::<Always>(runtime)
}

/// Gives a world arrays of bytes, if it has none: functions of ours make them, whatever a script names.
pub(crate) fn give_bytes(ctx: &Ctx<'_>) -> Result<()> {
    give(ctx, BYTES)
}

fn give(ctx: &Ctx<'_>, group: usize) -> Result<()> {
    let (names, add) = GROUPS[group];
    if !ctx.globals().contains_key(names[0])? {
        add(ctx);
    }
    Ok(())
}

fn add<I: Intrinsic>(ctx: &Ctx<'_>) {
    // SAFETY: the pointer is that of a context that is alive and ours; what is added is put on its global object.
    unsafe { I::add_intrinsic(ctx.as_raw()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(check: impl FnOnce(Ctx<'_>)) {
        context(&Runtime::new().unwrap()).unwrap().with(check);
    }

    #[test]
    fn every_name_of_a_group_is_there_when_one_is_named() {
        for (names, _) in GROUPS {
            world(|ctx| {
                let has = |name: &&&str| ctx.globals().contains_key(**name).unwrap();
                assert_eq!(names.iter().find(has), None, "a world begins without them");
                let mut objects = Objects::default();
                objects.add(names[names.len() - 1]);
                objects.give(&ctx).unwrap();
                assert_eq!(names.iter().find(|name| !has(name)), None);
            });
        }
    }

    #[test]
    fn patterns_come_with_what_makes_them() {
        for code in ["'ab'.match('a(b)')[1]", "'xb'.search('b') + 'b'.trim()", "eval('/a(b)/').exec('ab')[1]"]
        {
            world(|ctx| {
                crate::named::Named::of(code).objects.give(&ctx).unwrap();
                assert!(ctx.eval::<String, _>(code).unwrap().ends_with('b'), "{code}");
            });
        }
    }

    #[test]
    fn what_the_syntax_makes_is_there_without_a_name() {
        world(|ctx| {
            let text = "[...'xy'].length + (async () => 1)().constructor.name + 2n + `${[1].at(0)}` + 'a,b'.split(',').join('').replaceAll('a', 'c')";
            assert_eq!(ctx.eval::<String, _>(text).unwrap(), "2Promise21cb");
        });
    }
}
