//! How much a hub keeps, and for how long.

use crate::{config::Reader, error::Error, time::Span};

/// What a deployment may set, and within what.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The option's name.
    pub name: &'static str,
    /// What it is where nothing is said.
    pub default: u32,
    /// The least that it may be.
    pub least: u32,
    /// And the most.
    pub most: u32,
}

impl Bounds {
    const fn new(name: &'static str, default: u32, least: u32, most: u32) -> Self {
        Self { name, default, least, most }
    }

    const fn span(&self) -> Span {
        Span::from_secs(self.default as i64)
    }

    fn read(&self, reader: &mut Reader<'_, '_>) -> Result<Option<f64>, Error> {
        reader.number(self.name, self.least.into(), self.most.into())
    }
}

const RESUME_WINDOW: Bounds = Bounds::new("resumeWindowSec", 600, 1, 86_400);
const CANCEL_GRACE: Bounds = Bounds::new("cancelGraceSec", 30, 0, 600);
const MAX_RUNTIME: Bounds = Bounds::new("maxRuntimeSec", 86_400, 1, 604_800);
const SESSIONS: Bounds = Bounds::new("maxSessions", 32, 1, 1024);
const JOBS: Bounds = Bounds::new("maxJobs", 64, 1, 1024);
const STORED_BYTES: Bounds = Bounds::new("maxStoredBytes", 24 << 20, 64 << 10, 64 << 20);
const STORED_ROWS: Bounds = Bounds::new("maxStoredRows", 50_000, 100, 1_000_000);

/// What `limits` of a deployment may have for its hubs; `npm/arcp/runtime/limits.ts` is the same, and written from it.
pub const CONFIGURABLE: [Bounds; 7] =
    [RESUME_WINDOW, CANCEL_GRACE, MAX_RUNTIME, SESSIONS, JOBS, STORED_BYTES, STORED_ROWS];

/// Rows and bytes that are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) rows: usize,
    pub(super) bytes: usize,
}

/// Bounds. Memory is shared by all that runs in an isolate, so everything has one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How long a session can be resumed after its connection was lost.
    pub resume_window: Span,
    /// How long an agent may take to end after it was cancelled.
    pub cancel_grace: Span,
    /// The longest that a job may run.
    pub max_runtime: Span,
    /// Sessions of one principal, and of all.
    pub sessions: usize,
    /// See `sessions`.
    pub all_sessions: usize,
    /// Running jobs of one principal.
    pub jobs: usize,
    /// Jobs of all, running and ended.
    pub all_jobs: usize,
    /// What is kept for one principal, and for all: with more of it there are no new jobs, and no new sessions.
    pub stored: Usage,
    /// See `stored`.
    pub all_stored: Usage,
    /// Jobs that a session may watch besides its own.
    pub subscriptions: usize,
    /// Events that wait for a session to acknowledge them, by number and in bytes.
    pub buffer_events: usize,
    /// See `buffer_events`.
    pub buffer_bytes: usize,
    /// Bytes in all buffers.
    pub all_buffers: usize,
    /// Events that a job keeps for those who subscribe later, by number and in bytes.
    pub history_events: usize,
    /// See `history_events`.
    pub history_bytes: usize,
    /// Bytes that all jobs keep: events and results.
    pub all_jobs_bytes: usize,
    /// The largest frame from a client.
    pub frame_bytes: usize,
    /// The largest payload of an event or a result: with its envelope it fits into the 1 MiB that peers read.
    pub payload_bytes: usize,
    /// All chunks of one result together.
    pub result_bytes: u64,
    /// How long ended jobs and idempotency keys are kept.
    pub retention: Span,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            resume_window: RESUME_WINDOW.span(),
            cancel_grace: CANCEL_GRACE.span(),
            max_runtime: MAX_RUNTIME.span(),
            sessions: SESSIONS.default as usize,
            all_sessions: 256,
            jobs: JOBS.default as usize,
            all_jobs: 512,
            stored: Usage { rows: STORED_ROWS.default as usize, bytes: STORED_BYTES.default as usize },
            all_stored: Usage { rows: 200_000, bytes: 40 << 20 },
            subscriptions: 64,
            buffer_events: 4096,
            buffer_bytes: 4 << 20,
            all_buffers: 24 << 20,
            history_events: 2000,
            history_bytes: 1 << 20,
            all_jobs_bytes: 24 << 20,
            frame_bytes: 1 << 20,
            payload_bytes: 1_000_000,
            result_bytes: 64 << 20,
            retention: Span::from_secs(86_400),
        }
    }
}

impl Limits {
    /// Reads what may be configured: `resumeWindowSec`, `cancelGraceSec`, `maxRuntimeSec`, `maxSessions`, `maxJobs`,
    /// `maxStoredBytes`, `maxStoredRows`, `maxBufferedEvents`, `maxBufferedBytes`.
    ///
    /// # Errors
    /// `ERR_CONFIG`.
    pub(super) fn read(reader: &mut Reader<'_, '_>) -> Result<Self, Error> {
        let mut limits = Self::default();
        for (bounds, limit) in [
            (RESUME_WINDOW, &mut limits.resume_window),
            (CANCEL_GRACE, &mut limits.cancel_grace),
            (MAX_RUNTIME, &mut limits.max_runtime),
        ] {
            if let Some(seconds) = bounds.read(reader)? {
                *limit = Span::from_millis((seconds * 1000.0) as i64);
            }
        }
        for (bounds, limit) in [
            (SESSIONS, &mut limits.sessions),
            (JOBS, &mut limits.jobs),
            (STORED_BYTES, &mut limits.stored.bytes),
            (STORED_ROWS, &mut limits.stored.rows),
            (Bounds::new("maxBufferedEvents", 4096, 1, 100_000), &mut limits.buffer_events),
            (Bounds::new("maxBufferedBytes", 4 << 20, 1, 64 << 20), &mut limits.buffer_bytes),
        ] {
            if let Some(number) = bounds.read(reader)? {
                *limit = number as usize;
            }
        }
        Ok(limits)
    }
}
