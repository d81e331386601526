//! What all targets have in common: one allocation beyond a bound is a finding, whatever asked for it.

use std::alloc::{GlobalAlloc, Layout, System};

/// Largest allocation, bytes. The largest input is a few kB, and the largest bound of ours is a payload of 1 MiB.
pub const LARGEST: usize = 64 << 20;

/// The system's allocator, with that bound.
pub struct Bounded;

// SAFETY: everything is the system's allocator's doing; too large a request ends the process instead.
unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        bound(layout.size());
        // SAFETY: the caller's promises are handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        bound(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        bound(size);
        // SAFETY: as above.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(old, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Bounded = Bounded;

fn bound(size: usize) {
    if size > LARGEST {
        // The message takes memory itself, far less.
        eprintln!("an allocation of {size} bytes");
        std::process::abort();
    }
}

/// A target: hands each input to the entrance of that name.
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        use $crate as _;
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pushbench::fuzzing::$name(bytes));
    };
}
