//! One bounded pool of threads, set by the user; every parallel loop of the engine runs inside it.
//!
//! Work is cut into pieces by its size alone and pieces are added up in a fixed order, so that results do not
//! depend on how many threads there are.

use std::num::NonZeroUsize;
use std::process;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, OnceLock, RwLock};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::stop;

/// Built on first use; `None` on a machine that refuses threads.
type Lazy = OnceLock<Option<Arc<ThreadPool>>>;

struct Pool {
    threads: usize,
    /// For the thread that hears signals, and for the others: a signal must not end what others compute.
    attended: Lazy,
    alone: Lazy,
}

impl Pool {
    fn of(threads: usize) -> Self {
        Self { threads, attended: OnceLock::new(), alone: OnceLock::new() }
    }
}

/// The pool of one process. A child of `fork` has a copy of its parent's memory and none of its threads: work for them
/// would wait forever, and so might a lock that another thread held.
struct OfProcess {
    process: u32,
    pool: RwLock<Pool>,
}

impl OfProcess {
    fn new(threads: usize) -> Self {
        Self { process: process::id(), pool: RwLock::new(Pool::of(threads)) }
    }
}

fn current() -> &'static RwLock<Pool> {
    static CURRENT: AtomicPtr<OfProcess> = AtomicPtr::new(ptr::null_mut());
    loop {
        let found = CURRENT.load(Ordering::Acquire);
        // SAFETY: what is stored here was leaked below and is never freed.
        let known = unsafe { found.as_ref() };
        if let Some(own) = known.filter(|pool| pool.process == process::id()) {
            return &own.pool;
        }
        // The parent's pool is left as it is: to drop it would be to wait for threads that are not here.
        let bound = known.and_then(|parent| parent.pool.try_read().ok().map(|pool| pool.threads));
        let made = Box::into_raw(Box::new(OfProcess::new(bound.unwrap_or_else(available))));
        if CURRENT.compare_exchange(found, made, Ordering::AcqRel, Ordering::Acquire).is_err() {
            // SAFETY: another thread was first, so that nobody else has seen this one.
            drop(unsafe { Box::from_raw(made) });
        }
    }
}

fn available() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// Bound the engine to `threads` threads (at least one).
pub fn set(threads: usize) {
    *current().write().unwrap_or_else(|e| e.into_inner()) = Pool::of(threads.max(1));
}

/// How many threads the engine may use.
pub fn count() -> usize {
    current().read().unwrap_or_else(|e| e.into_inner()).threads
}

/// Run work that starts no loop of rayon on the caller's own thread: waking another would cost more than small numbers.
pub fn stay<R>(work: impl FnOnce() -> R) -> R {
    forget_wide_registers();
    work()
}

/// Run `work` inside the pool, so that rayon's loops in it use the engine's threads and no others.
pub fn run<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    let attended = stop::is_attended();
    let pool = {
        let guard = current().read().unwrap_or_else(|e| e.into_inner());
        let pool = if attended { &guard.attended } else { &guard.alone };
        pool.get_or_init(|| {
            // A machine that refuses threads still computes, on the caller's own thread.
            ThreadPoolBuilder::new()
                .num_threads(guard.threads)
                .start_handler(move |_| {
                    forget_wide_registers();
                    if attended {
                        stop::attend();
                    }
                })
                .build()
                .ok()
                .map(Arc::new)
        })
        .clone()
    };
    let work = || {
        forget_wide_registers();
        work()
    };
    match pool {
        Some(pool) => stop::install(&pool, work),
        None => work(),
    }
}

/// A thread that was started while its parent had something in the upper halves of the vector registers begins with the
/// same, and then pays at every change between old and new instructions: exponentials become ten times as slow.
#[cfg(target_arch = "x86_64")]
fn forget_wide_registers() {
    #[target_feature(enable = "avx")]
    fn clear() {
        std::arch::x86_64::_mm256_zeroupper();
    }
    if std::arch::is_x86_feature_detected!("avx") {
        // SAFETY: the instruction exists on this machine, and no value of ours lives in those halves across a call.
        unsafe { clear() }
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn forget_wide_registers() {}
