//! Ctrl-C inside a computation. Inner loops report their work to [`point`]. Now and then that looks whether the user
//! wants to stop, and if so it unwinds to whoever started the computation.
//!
//! One thread of a process can hear a signal (Python's main thread). It starts its work by [`attended`] with an ear: a
//! function that tells whether a signal came. While it computes it uses the ear itself; while it waits for the pool it
//! uses the ear at intervals. Threads that work for it read a flag. The work of other callers has a pool of its own
//! (see [`crate::threads`]), so that a signal ends the computation that it was meant for and no other.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rayon::ThreadPool;

/// Tells whether the user wants to stop.
pub type Ear<'a> = &'a (dyn Fn() -> bool + Sync);

/// Why a computation has no result.
#[derive(Debug)]
pub enum Ended {
    /// The ear heard a signal.
    Stopped,
    /// A defect of the engine.
    Panicked,
}

/// Work, about in floating-point operations, between two looks: far less than a thousandth of a second at a look would
/// cost more, far more would answer late.
const STRIDE: usize = 1 << 20;

/// Time between two uses of the ear.
const LOOK: Duration = Duration::from_millis(50);

/// Whether the attended computation is to stop.
static STOP: AtomicBool = AtomicBool::new(false);

/// What unwinding carries.
struct Stopped;

/// A thread's part in the attended computation.
struct Own {
    /// Work since the last look.
    work: Cell<usize>,
    /// Whether it works for the attended computation.
    attended: Cell<bool>,
    ear: Cell<Option<Ear<'static>>>,
    heard: Cell<Option<Instant>>,
}

thread_local! {
    static OWN: Own = const {
        Own { work: Cell::new(0), attended: Cell::new(false), ear: Cell::new(None), heard: Cell::new(None) }
    };
}

/// Report so much work of an inner loop, about in floating-point operations. It does not return where the user wants to
/// stop.
#[inline]
pub fn point(work: usize) {
    OWN.with(|own| {
        let sum = own.work.get().saturating_add(work);
        if sum < STRIDE {
            own.work.set(sum);
        } else {
            own.work.set(0);
            look(own);
        }
    });
}

/// Work that is worth a report of its own.
const WORTH: usize = 512;

/// The same inside a loop whose steps may be small: so little work is not reported, as its caller did.
#[inline(always)]
pub(crate) fn large(work: usize) {
    if work >= WORTH {
        point(work);
    }
}

/// Order from which on the plain loops over square matrices report each column.
pub(crate) const BIG: usize = 64;

#[cold]
fn look(own: &Own) {
    if !own.attended.get() {
        return;
    }
    if let Some(ear) = own.ear.get() {
        let due = own.heard.get().is_none_or(|last| last.elapsed() >= LOOK);
        if due {
            own.heard.set(Some(Instant::now()));
            if ear() {
                STOP.store(true, Ordering::Relaxed);
            }
        }
    }
    if STOP.load(Ordering::Relaxed) {
        now();
    }
}

/// Whether this thread works for the attended computation.
pub(crate) fn is_attended() -> bool {
    OWN.with(|own| own.attended.get())
}

/// Let a new thread of a pool work for attended computations.
pub(crate) fn attend() {
    OWN.with(|own| own.attended.set(true));
}

/// What a thread was before an attended computation.
struct Before {
    attended: bool,
    ear: Option<Ear<'static>>,
}

impl Drop for Before {
    fn drop(&mut self) {
        OWN.with(|own| {
            own.attended.set(self.attended);
            own.ear.set(self.ear);
        });
        // Nobody else works for this computation any more: its threads were waited for.
        if self.ear.is_none() {
            STOP.store(false, Ordering::Relaxed);
        }
    }
}

/// Run `work` until it is done or the ear hears a signal. One thread at a time may do so.
pub fn attended<R>(ear: Ear, work: impl FnOnce() -> R) -> Result<R, Ended> {
    // SAFETY: the reference does not outlive this call: `Before` takes it away again, also when the stack unwinds.
    let forever = unsafe { std::mem::transmute::<Ear<'_>, Ear<'static>>(ear) };
    let before = OWN.with(|own| {
        own.heard.set(Some(Instant::now()));
        Before { attended: own.attended.replace(true), ear: own.ear.replace(Some(forever)) }
    });
    let result = caught(work);
    drop(before);
    result
}

/// Run `work` that nobody can stop; a thread that already works for an attended computation goes on doing so.
pub fn caught<R>(work: impl FnOnce() -> R) -> Result<R, Ended> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| reason(&*payload))
}

/// Run part of an attended computation; nothing if the user wants to stop, so that the caller keeps what it has.
pub fn unless_stopped<R>(work: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => Some(result),
        Err(payload) if payload.is::<Stopped>() => None,
        Err(payload) => resume_unwind(payload),
    }
}

/// Stop here, as [`point`] does.
pub fn now() -> ! {
    resume_unwind(Box::new(Stopped))
}

fn reason(payload: &(dyn Any + Send)) -> Ended {
    if payload.is::<Stopped>() { Ended::Stopped } else { Ended::Panicked }
}

/// Run `work` in a pool while this thread listens, if it has an ear.
pub(crate) fn install<R: Send>(pool: &ThreadPool, work: impl FnOnce() -> R + Send) -> R {
    let Some(ear) = OWN.with(|own| own.ear.get()) else { return pool.install(work) };
    let (done, finished) = channel();
    let result = pool.in_place_scope(|scope| {
        scope.spawn(move |_| {
            // Nobody listens any more only if this scope is gone, which waits for this task.
            let _ = done.send(catch_unwind(AssertUnwindSafe(work)));
        });
        loop {
            match finished.recv_timeout(LOOK) {
                Ok(result) => return Some(result),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {
                    if ear() {
                        STOP.store(true, Ordering::Relaxed);
                    }
                }
            }
        }
    });
    match result {
        Some(Ok(result)) => result,
        Some(Err(payload)) => resume_unwind(payload),
        None => unreachable!("the task sends before it ends"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads;

    fn busy() {
        loop {
            point(STRIDE / 4);
        }
    }

    fn ear_after(time: Duration) -> impl Fn() -> bool + Sync {
        let start = Instant::now();
        move || start.elapsed() > time
    }

    // One at a time: the flag is the process's.
    #[test]
    fn a_signal_ends_work_on_this_thread_and_in_the_pool_and_no_other() {
        let ear = ear_after(Duration::from_millis(120));
        let other = std::thread::spawn(|| {
            let until = Instant::now() + Duration::from_millis(600);
            let here = move || {
                while Instant::now() < until {
                    point(STRIDE);
                }
                7
            };
            (here(), threads::run(here))
        });
        assert!(matches!(attended(&ear, busy), Err(Ended::Stopped)));
        assert!(!STOP.load(Ordering::Relaxed) && !is_attended());

        let ear = ear_after(Duration::from_millis(120));
        let in_pool = || threads::run(|| rayon::join(busy, busy));
        assert!(matches!(attended(&ear, in_pool), Err(Ended::Stopped)));

        // A part that catches the stop keeps what was done before; the ear still knows of it.
        let ear = ear_after(Duration::from_millis(60));
        let partly = || {
            threads::run(|| {
                (0..3)
                    .map_while(|i| if i < 2 { Some(i) } else { unless_stopped(busy).map_or(Some(9), |()| None) })
                    .sum::<i32>()
            })
        };
        assert_eq!(attended(&ear, partly).unwrap(), 10);

        let quiet = || false;
        assert_eq!(attended(&quiet, || threads::run(|| 5)).unwrap(), 5);
        assert_eq!(other.join().unwrap(), (7, 7));
    }
}
