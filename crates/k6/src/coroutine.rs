//! Code that blocks, inside a future: it runs on a stack of its own and is suspended whenever it asks for something.
//!
//! What makes its unsafe code sound is written at each use.
#![expect(unsafe_code, reason = "the yielder of a running coroutine can only be reached through a pointer")]

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::rc::Rc;

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine as Stack, CoroutineResult, Yielder};

thread_local! {
    /// Address of the innermost coroutine that runs on this thread; 0 outside any.
    static RUNNING: Cell<usize> = const { Cell::new(0) };
}

type Panic = Box<dyn Any + Send>;

/// Code on a stack of its own that asks `Q`s and is given `A`s.
pub(crate) struct Coroutine<Q, A> {
    stack: Stack<A, Q, Result<(), Panic>>,
    inside: Rc<Inside<Q, A>>,
}

struct Inside<Q, A> {
    /// Set while the body is on its stack, running or suspended.
    yielder: Cell<Option<NonNull<Yielder<A, Q>>>>,
}

/// What the code inside asks with.
pub(crate) struct Asker<Q, A>(Rc<Inside<Q, A>>);

impl<Q, A> Clone for Asker<Q, A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<Q: 'static, A: 'static> Coroutine<Q, A> {
    /// A body that has not begun and asks with `asker`, with a stack of so many bytes. Pages are taken when they are
    /// touched.
    pub(crate) fn new(
        stack_bytes: usize,
        asker: Asker<Q, A>,
        body: impl FnOnce(A) + 'static,
    ) -> std::io::Result<Self> {
        let inside = asker.0.clone();
        let stack = Stack::with_stack(DefaultStack::new(stack_bytes)?, move |yielder, first| {
            asker.0.yielder.set(Some(NonNull::from(yielder)));
            // A panic must not cross the switch of stacks; it goes on in `resume`.
            let ended = catch_unwind(AssertUnwindSafe(|| body(first)));
            asker.0.yielder.set(None);
            ended
        });
        Ok(Self { stack, inside })
    }

    /// Lets the body run until it asks for something; `None` when it has ended.
    pub(crate) fn resume(&mut self, answer: A) -> Option<Q> {
        if self.stack.done() {
            return None;
        }
        let outer = RUNNING.replace(Rc::as_ptr(&self.inside) as usize);
        let result = self.stack.resume(answer);
        RUNNING.set(outer);
        match result {
            CoroutineResult::Yield(question) => Some(question),
            CoroutineResult::Return(Ok(())) => None,
            CoroutineResult::Return(Err(panic)) => resume_unwind(panic),
        }
    }
}

impl<Q, A> Drop for Coroutine<Q, A> {
    fn drop(&mut self) {
        if self.stack.started() && !self.stack.done() {
            // SAFETY: nothing outside points into the stack: `Asker`s hold their `Inside`, whose pointer is taken away
            // here. What lives on the stack is leaked. Frames of C are in between, which cannot be unwound.
            self.inside.yielder.set(None);
            unsafe { self.stack.force_reset() };
        }
    }
}

impl<Q: 'static, A: 'static> Asker<Q, A> {
    /// For a coroutine that is to be made.
    pub(crate) fn new() -> Self {
        Self(Rc::new(Inside { yielder: Cell::new(None) }))
    }

    /// Suspends the code until it is given an answer.
    ///
    /// # Panics
    /// If it is called from anywhere but inside its own coroutine.
    pub(crate) fn ask(&self, question: Q) -> A {
        assert!(RUNNING.get() == Rc::as_ptr(&self.0) as usize, "asked outside its own coroutine");
        let yielder = self.0.yielder.get().expect("a running body has set it");
        // SAFETY: the yielder lives on the stack of the body, which is running: `RUNNING` says that the innermost
        // coroutine of this thread is ours, and `Rc` keeps us on this thread.
        unsafe { yielder.as_ref() }.suspend(question)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACK: usize = 64 * 1024;

    fn made<Q: 'static, A: 'static>(
        body: impl FnOnce(&Asker<Q, A>, A) + 'static,
    ) -> (Coroutine<Q, A>, Asker<Q, A>) {
        let asker = Asker::new();
        let inner = asker.clone();
        (Coroutine::new(STACK, asker.clone(), move |first| body(&inner, first)).unwrap(), asker)
    }

    #[test]
    fn questions_and_answers_alternate() {
        let (mut code, _) = made(|asker: &Asker<u32, u32>, first| {
            assert_eq!(asker.ask(first * 2), 7);
            // Several calls deep and through a callback: where a script's call comes from.
            [10, 20].iter().for_each(|n| assert_eq!(asker.ask(*n), n + 1));
        });
        let asked = [3, 7, 11, 21, 0].map(|answer| code.resume(answer));
        assert_eq!(asked, [Some(6), Some(10), Some(20), None, None]);
    }

    #[test]
    fn one_that_was_suspended_is_dropped_without_harm() {
        let (mut code, _) = made(|asker: &Asker<(), ()>, ()| asker.ask(()));
        assert_eq!(code.resume(()), Some(()));
        drop(code);
    }

    #[test]
    #[should_panic(expected = "from within")]
    fn a_panic_goes_on_outside() {
        made(|_: &Asker<(), ()>, ()| panic!("from within")).0.resume(());
    }

    #[test]
    #[should_panic(expected = "outside its own coroutine")]
    fn asking_from_outside_is_refused() {
        let (mut code, asker) = made(|asker: &Asker<(), ()>, ()| asker.ask(()));
        code.resume(());
        asker.ask(());
    }
}
