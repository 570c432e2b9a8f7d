//! A program of somebody else's: one export of its own, and a `main` that must run.

use std::sync::atomic::{AtomicU32, Ordering};

use arcgate::sans_io::time::{Span, Time};

static RUNS: AtomicU32 = AtomicU32::new(0);

/// How often `main` has run.
#[no_mangle]
pub extern "C" fn runs() -> u32 {
    RUNS.load(Ordering::Relaxed)
}

/// What this program wants of arcgate.
#[no_mangle]
pub extern "C" fn in_a_minute(now_ms: f64) -> f64 {
    Time::from_millis(now_ms).plus(Span::from_secs(60)).as_millis() as f64
}

fn main() {
    RUNS.fetch_add(1, Ordering::Relaxed);
}
