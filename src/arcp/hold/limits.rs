//! How much a hold keeps, and for how long.

use crate::{
    config::{self, Reader},
    error::Error,
    time::Span,
};

/// The platform stores rows of 2 MB; a frame is one, with a little before it.
const MOST_STORED: usize = 1_900_000;

/// Bounds. A hold is one principal's, so all of them are a principal's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How long a session waits for its client.
    pub window: Span,
    /// Sessions.
    pub sessions: usize,
    /// What a session keeps for its client, in frames and in bytes.
    pub frames: usize,
    /// See `frames`.
    pub bytes: usize,
    /// What all sessions keep together, in bytes.
    pub all_bytes: usize,
    /// A frame from upstream, which has to be stored.
    pub frame_bytes: usize,
    /// Jobs that a session knows of.
    pub jobs: usize,
    /// From the first try to reach the upstream to its welcome, while somebody waits.
    pub open: Span,
}

impl Limits {
    /// Reads the configuration: `resumeWindowSec`, `maxSessions`, `maxHeldFrames`, `maxHeldBytes`, `maxUpstreamFrameBytes`.
    ///
    /// # Errors
    /// `ERR_CONFIG` that names the key and the fix.
    pub(super) fn from_json(text: &str) -> Result<Self, Error> {
        let options = config::object(text, "")?;
        let mut reader = Reader::new("", &options);
        let mut number =
            |key, otherwise: f64, least, most| reader.number(key, least, most).map(|value| value.unwrap_or(otherwise));
        let window = number("resumeWindowSec", 600.0, 1.0, 86_400.0)?;
        let sessions = number("maxSessions", 32.0, 1.0, 1024.0)? as usize;
        let frames = number("maxHeldFrames", 10_000.0, 1.0, 100_000.0)? as usize;
        let bytes = number("maxHeldBytes", 8_388_608.0, 1024.0, 33_554_432.0)? as usize;
        let frame_bytes = number("maxUpstreamFrameBytes", 4_194_304.0, 256.0, 33_554_432.0)? as usize;
        reader.finish()?;
        Ok(Self {
            window: Span::from_millis((window * 1000.0) as i64),
            sessions,
            frames,
            bytes,
            all_bytes: bytes.saturating_mul(3),
            frame_bytes: frame_bytes.min(MOST_STORED),
            jobs: 256,
            open: Span::from_secs(8),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_options_are_named() {
        for (options, named) in [
            (r#"{"maxHeldFrames":0}"#, "`maxHeldFrames`"),
            (r#"{"maxHeldBytes":"1"}"#, "`maxHeldBytes`"),
            (r#"{"resumeWindow":1}"#, "`resumeWindow`"),
        ] {
            let error = Limits::from_json(options).unwrap_err();
            assert!(error.message().contains(named), "{options}: {error}");
        }
        assert_eq!(Limits::from_json("{}").unwrap().window, Span::from_secs(600));
    }
}
