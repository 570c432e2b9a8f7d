//! How much a hub keeps, and for how long.

use crate::{config::Reader, error::Error, time::Span};

/// Bounds. Memory is shared by all that runs in an isolate, so everything has one.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
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
            resume_window: Span::from_secs(600),
            cancel_grace: Span::from_secs(30),
            max_runtime: Span::from_secs(86_400),
            sessions: 32,
            all_sessions: 256,
            jobs: 64,
            all_jobs: 512,
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
    /// `maxBufferedEvents`, `maxBufferedBytes`.
    ///
    /// # Errors
    /// `ERR_CONFIG`.
    pub fn read(reader: &mut Reader<'_, '_>) -> Result<Self, Error> {
        let mut limits = Self::default();
        let span = |seconds: f64| Span::from_millis((seconds * 1000.0) as i64);
        if let Some(seconds) = reader.number("resumeWindowSec", 1.0, 86_400.0)? {
            limits.resume_window = span(seconds);
        }
        if let Some(seconds) = reader.number("cancelGraceSec", 0.0, 600.0)? {
            limits.cancel_grace = span(seconds);
        }
        if let Some(seconds) = reader.number("maxRuntimeSec", 1.0, 604_800.0)? {
            limits.max_runtime = span(seconds);
        }
        for (key, most, limit) in [
            ("maxSessions", 1024.0, &mut limits.sessions),
            ("maxJobs", 1024.0, &mut limits.jobs),
            ("maxBufferedEvents", 100_000.0, &mut limits.buffer_events),
            ("maxBufferedBytes", 67_108_864.0, &mut limits.buffer_bytes),
        ] {
            if let Some(number) = reader.number(key, 1.0, most)? {
                *limit = number as usize;
            }
        }
        Ok(limits)
    }
}
