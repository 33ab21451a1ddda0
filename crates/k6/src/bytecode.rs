//! Modules compiled once for all users: a world that loads what another has compiled is made faster and is smaller.
#![expect(unsafe_code, reason = "the engine trusts the bytecode that it is given")]

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use rquickjs::module::{Declared, WriteOptions};
use rquickjs::{Ctx, Module, Result};

use crate::named::Named;
use crate::natives;
use crate::vu::Vu;

/// Compiled modules by name.
#[derive(Default)]
pub(crate) struct Compiled(Mutex<BTreeMap<String, Arc<Bytecode>>>);

/// What the engine of this very process has written, and nobody has touched since.
struct Bytecode {
    bytes: Vec<u8>,
    /// What its text names.
    named: Named,
}

impl Compiled {
    /// The module of a name and its text, not yet run. The user's world is given what it names.
    pub(crate) fn declared<'js>(
        &self,
        ctx: &Ctx<'js>,
        vu: &Rc<Vu>,
        (name, text): (&str, &str),
    ) -> Result<Module<'js, Declared>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let Some(bytecode) = known {
            natives::give(ctx, vu, &bytecode.named)?;
            // SAFETY: `Bytecode` is only made below, of what the same version of the engine has written in this process;
            // it is copied while it is read.
            return unsafe { Module::load(ctx.clone(), &bytecode.bytes) };
        }
        let named = Named::of(text);
        natives::give(ctx, vu, &named)?;
        let module = Module::declare(ctx.clone(), name, text)?;
        // Lines are needed for whoever wrote the script; our own modules are nobody's to look into.
        let options = WriteOptions {
            strip_source: true,
            strip_debug: crate::modules::is_built_in(name),
            ..WriteOptions::default()
        };
        let bytecode = Arc::new(Bytecode { bytes: module.write(options)?, named });
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), bytecode);
        Ok(module)
    }
}
