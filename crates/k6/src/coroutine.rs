//! Code that blocks, inside a future: it runs on a stack of its own and is suspended whenever it asks for something.
//!
//! What makes its unsafe code sound is written at each use.
#![expect(unsafe_code, reason = "the yielder of a running coroutine can only be reached through a pointer")]

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::rc::Rc;

use corosensei::stack::{DefaultStack, Stack as _};
use corosensei::{Coroutine as Stack, CoroutineResult, Yielder};

thread_local! {
    /// Address of the innermost coroutine that runs on this thread; 0 outside any.
    static RUNNING: Cell<usize> = const { Cell::new(0) };
}

type Panic = Box<dyn Any + Send>;

/// What suspending keeps on the stack below a mark in the frame that asks, at most: that frame, the question, and the registers.
const KEPT_BYTES: usize = 2 * 1024;

/// The smallest pages that memory is given back in; larger ones are whole numbers of these, and `madvise` refuses what is no page.
const PAGE_BYTES: usize = 4 * 1024;

/// Code on a stack of its own that asks `Q`s and is given `A`s.
pub(crate) struct Coroutine<Q, A> {
    stack: Stack<A, Q, Result<(), Panic>>,
    /// The lowest address of the stack.
    lowest: usize,
    inside: Rc<Inside<Q, A>>,
}

struct Inside<Q, A> {
    /// Set while the body is on its stack, running or suspended.
    yielder: Cell<Option<NonNull<Yielder<A, Q>>>>,
    /// Where on its stack the body was when it last asked, by a mark in the frame of [`Asker::ask`]; 0 before that.
    asked_at: Cell<usize>,
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
        let stack = DefaultStack::new(stack_bytes)?;
        let lowest = stack.limit().get();
        let stack = Stack::with_stack(stack, move |yielder, first| {
            asker.0.yielder.set(Some(NonNull::from(yielder)));
            // A panic must not cross the switch of stacks; it goes on in `resume`.
            let ended = catch_unwind(AssertUnwindSafe(|| body(first)));
            asker.0.yielder.set(None);
            ended
        });
        Ok(Self { stack, lowest, inside })
    }

    /// Gives back the pages below where the body is suspended, which it has been deeper on: a system call, for when it will be a while.
    pub(crate) fn give_back(&self) {
        let kept_from = self.inside.asked_at.get().saturating_sub(KEPT_BYTES) / PAGE_BYTES * PAGE_BYTES;
        if self.stack.started() && !self.stack.done() && kept_from > self.lowest {
            // SAFETY: the pages are the stack's own, and below everything that lives on it: it grows downwards, and the body is
            // suspended in `ask`, less than `KEPT_BYTES` below the mark in its frame. Whoever goes there next writes before he reads.
            unsafe { libc::madvise(self.lowest as *mut _, kept_from - self.lowest, libc::MADV_DONTNEED) };
        }
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
        Self(Rc::new(Inside { yielder: Cell::new(None), asked_at: Cell::new(0) }))
    }

    /// Suspends the code until it is given an answer.
    ///
    /// # Panics
    /// If it is called from anywhere but inside its own coroutine.
    // Its frame must not become part of a larger one: `give_back` counts on what is below the mark.
    #[inline(never)]
    pub(crate) fn ask(&self, question: Q) -> A {
        const { assert!(1_024 + 4 * (size_of::<Q>() + size_of::<A>()) <= KEPT_BYTES) };
        let mark = 0_u8;
        self.0.asked_at.set(std::ptr::from_ref(&mark) as usize);
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

    /// Goes so many kilobytes deep, and says where.
    #[inline(never)]
    fn deep(kilobytes: usize) -> *const u8 {
        let frame = std::hint::black_box([0xab_u8; 1_024]);
        if kilobytes > 1 { deep(kilobytes - 1) } else { frame.as_ptr() }
    }

    #[test]
    fn what_a_suspended_one_does_not_stand_on_is_given_back() {
        let (mut code, _) = made(|asker: &Asker<usize, ()>, ()| {
            let kept = std::hint::black_box([7_u64; 200]);
            loop {
                asker.ask(deep(8) as usize);
                assert_eq!(kept, [7; 200]);
            }
        });
        let mut look = || {
            let place = code.resume(()).unwrap() as *const u8;
            // SAFETY: the stack is mapped as long as `code` lives, and nobody is on it.
            let read = || unsafe { place.read_volatile() };
            let before = read();
            code.give_back();
            (before, read())
        };
        assert_eq!([look(), look()], [(0xab, 0), (0xab, 0)]);
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
