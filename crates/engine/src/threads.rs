//! One bounded pool of threads, set by the user; every parallel loop of the engine runs inside it.
//!
//! Work is cut into pieces by its size alone and pieces are added up in a fixed order, so that results do not
//! depend on how many threads there are.

use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock, RwLock};

use rayon::{ThreadPool, ThreadPoolBuilder};

struct Pool {
    threads: usize,
    /// Built on first use; `None` for one thread, which needs no pool.
    pool: OnceLock<Option<Arc<ThreadPool>>>,
}

impl Pool {
    fn of(threads: usize) -> Self {
        Self { threads, pool: OnceLock::new() }
    }
}

fn current() -> &'static RwLock<Pool> {
    static POOL: OnceLock<RwLock<Pool>> = OnceLock::new();
    POOL.get_or_init(|| {
        let available = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        RwLock::new(Pool::of(available))
    })
}

/// Bound the engine to `threads` threads (at least one).
pub fn set(threads: usize) {
    *current().write().unwrap_or_else(|e| e.into_inner()) = Pool::of(threads.max(1));
}

/// How many threads the engine may use.
pub fn count() -> usize {
    current().read().unwrap_or_else(|e| e.into_inner()).threads
}

/// Run `work` inside the pool, so that rayon's loops in it use the engine's threads and no others.
pub fn run<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    let pool = {
        let guard = current().read().unwrap_or_else(|e| e.into_inner());
        let threads = guard.threads;
        guard
            .pool
            .get_or_init(|| {
                // A machine that refuses threads still computes, on the caller's own thread.
                ThreadPoolBuilder::new().num_threads(threads).build().ok().map(Arc::new)
            })
            .clone()
    };
    match pool {
        Some(pool) => pool.install(work),
        None => work(),
    }
}
