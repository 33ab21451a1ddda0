//! Memory of JavaScript worlds, taken from mimalloc itself.
//!
//! Worlds of a thread share its pages, and it knows the size of what it has given: no header stands before every value,
//! as the engine's own way to Rust's allocator needs one.
#![expect(unsafe_code, reason = "an allocator is an unsafe trait, and mimalloc's functions are C")]

use libmimalloc_sys as mi;
use rquickjs::allocator::Allocator;

/// What a world's values are made of.
pub(crate) struct Memory;

// SAFETY: mimalloc returns nothing or memory of at least that size, aligned to at least a word; it takes back and resizes
// what it has given, on any thread; and `mi_usable_size` is what may be used of it.
unsafe impl Allocator for Memory {
    fn alloc(&mut self, size: usize) -> *mut u8 {
        // SAFETY: any size may be asked for.
        unsafe { mi::mi_malloc(size) }.cast()
    }

    fn calloc(&mut self, count: usize, size: usize) -> *mut u8 {
        // SAFETY: as above; a product that is too large returns nothing.
        unsafe { mi::mi_calloc(count, size) }.cast()
    }

    unsafe fn dealloc(&mut self, memory: *mut u8) {
        // SAFETY: the caller says that it is ours.
        unsafe { mi::mi_free(memory.cast()) }
    }

    unsafe fn realloc(&mut self, memory: *mut u8, size: usize) -> *mut u8 {
        // SAFETY: as above.
        unsafe { mi::mi_realloc(memory.cast(), size) }.cast()
    }

    unsafe fn usable_size(memory: *mut u8) -> usize {
        // SAFETY: as above.
        unsafe { mi::mi_usable_size(memory.cast()) }
    }
}
