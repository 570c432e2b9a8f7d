//! What a deployment decides about its gate.

use crate::{
    arc::origin::OriginRules,
    config::{self, Reader},
    error::Error,
    json::{self, Value},
    time::Span,
};

/// The configuration of one `/arcp` endpoint.
#[derive(Clone, Debug)]
pub struct Config {
    /// In front of `/arcp`.
    pub(super) base_path: String,
    /// Who may open a socket from a page.
    pub(super) origins: OriginRules,
    /// From the upgrade to the hello.
    pub(super) hello_timeout: Span,
    /// From the hello to the verifier's answer, and to each answer that the platform gives.
    pub(super) verify_timeout: Span,
    /// From there to the welcome of the upstream.
    pub(super) open_timeout: Span,
    /// A frame before the welcome.
    pub(super) max_hello: usize,
    /// A client's frame after it.
    pub(super) max_frame: usize,
    /// A frame from upstream.
    pub(super) max_upstream_frame: usize,
    /// What may wait to be sent to one side.
    pub(super) max_buffered: usize,
    /// How much a client may say, on average.
    pub(super) frames_per_sec: f64,
    pub(super) bytes_per_sec: f64,
    /// How often the gate and the client hear of each other.
    pub(super) heartbeat: Span,
    /// Scopes for a session at all.
    pub(super) connect: Vec<String>,
    /// Scopes for `job.submit`.
    pub(super) submit: Vec<String>,
    /// How long a client without heartbeats may say nothing.
    pub(super) idle_timeout: Span,
    /// How often revocation is asked about, where it is.
    pub(super) revocation_interval: Span,
}

/// The largest of all frames: what the platform hands on.
const MOST_BYTES: f64 = 33_554_432.0;

impl Config {
    /// Reads the configuration: `basePath`, `allowedOrigins`, `allowedHosts`, and the objects `arcp` and `limits`.
    ///
    /// # Errors
    /// `ERR_CONFIG` naming the key and the fix.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let options = config::object(text, "")?;
        let mut reader = Reader::new("", &options);
        let base_path = reader.take("basePath").and_then(Value::as_str).unwrap_or_default().to_owned();
        let origins = OriginRules::read(&mut reader)?;
        let empty = json::Object::default();
        let limits = reader.take("limits").and_then(Value::as_object).unwrap_or(&empty);
        let arcp = reader.take("arcp").and_then(Value::as_object).unwrap_or(&empty);
        reader.finish()?;

        let mut reader = Reader::new("limits", limits);
        let mut millis = |key, otherwise: i64| {
            let value = reader.number(key, 10.0, 600_000.0)?;
            Ok::<_, Error>(value.map_or(Span::from_secs(otherwise), |value| Span::from_millis(value as i64)))
        };
        let hello_timeout = millis("helloTimeoutMs", 10)?;
        let verify_timeout = millis("verifyTimeoutMs", 15)?;
        let open_timeout = millis("upstreamTimeoutMs", 10)?;
        let revocation_interval = millis("revocationIntervalMs", 4)?;
        let idle = reader.number("idleTimeoutMs", 10.0, 86_400_000.0)?.unwrap_or(600_000.0);
        let mut bytes = |key, otherwise: usize| {
            let value = reader.number(key, 256.0, MOST_BYTES)?;
            Ok::<_, Error>(value.map_or(otherwise, |value| value as usize))
        };
        let max_hello = bytes("maxHelloBytes", 65_536)?;
        let max_frame = bytes("maxFrameBytes", 1_048_576)?;
        let max_upstream_frame = bytes("maxUpstreamFrameBytes", 4_194_304)?;
        let max_buffered = bytes("maxBufferedBytes", 4_194_304)?;
        let frames_per_sec = reader.number("maxFramesPerSec", 1.0, 1e6)?.unwrap_or(200.0);
        let bytes_per_sec = reader.number("maxBytesPerSec", 1024.0, 1e9)?.unwrap_or(4_194_304.0);
        reader.finish()?;

        let (heartbeat, connect, submit) = read_arcp(arcp)?;
        Ok(Self {
            base_path,
            origins,
            hello_timeout,
            verify_timeout,
            open_timeout,
            max_hello,
            max_frame,
            max_upstream_frame,
            max_buffered,
            frames_per_sec,
            bytes_per_sec,
            heartbeat: Span::from_millis((heartbeat * 1000.0) as i64),
            connect,
            submit,
            idle_timeout: Span::from_millis(idle as i64),
            revocation_interval,
        })
    }

    /// What may wait to be sent to one side, in bytes.
    pub const fn max_buffered(&self) -> usize {
        self.max_buffered
    }
}

/// The seconds between heartbeats, and the scopes for a session and for a submit.
fn read_arcp(arcp: &json::Object<'_>) -> Result<(f64, Vec<String>, Vec<String>), Error> {
    let none = json::Object::default();
    let mut reader = Reader::new("arcp", arcp);
    let heartbeat = reader.number("heartbeatIntervalSec", 0.05, 3600.0)?.unwrap_or(30.0);
    let scopes = match reader.take("scopes") {
        None => &none,
        Some(Value::Object(scopes)) => scopes,
        Some(_) => return Err(reader.wrong("scopes", "must be an object with `connect` and `submit`")),
    };
    reader.finish()?;
    let mut reader = Reader::new("arcp.scopes", scopes);
    let connect = reader.scopes("connect")?.unwrap_or_default();
    let submit = reader.scopes("submit")?.unwrap_or_default();
    reader.finish()?;
    Ok((heartbeat, connect, submit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn the_defaults() {
        let config = Config::from_json("{}").unwrap();
        assert_eq!((config.max_hello, config.max_frame), (64 * 1024, 1024 * 1024));
        assert_eq!(config.hello_timeout, Span::from_secs(10));
        assert_eq!(config.heartbeat, Span::from_secs(30));
        assert_eq!(config.revocation_interval, Span::from_secs(4));
    }

    #[test]
    fn wrong_options_are_named() {
        for (options, named) in [
            ("[]", "`options`"),
            (r#"{"limits":{"helloTimeout":1}}"#, "`helloTimeoutMs`"),
            (r#"{"limits":{"maxHelloBytes":"1"}}"#, "`limits.maxHelloBytes`"),
            (r#"{"arcp":{"scopes":{"connects":[]}}}"#, "`connect`"),
            (r#"{"arcp":{"scopes":[]}}"#, "`arcp.scopes`"),
            (r#"{"arcp":{"scopes":{"submit":"a"}}}"#, "`arcp.scopes.submit`"),
            (r#"{"arcp":{"scopes":{"connect":[""]}}}"#, "`arcp.scopes.connect`"),
            (r#"{"arcp":{"heartbeatIntervalSec":0}}"#, "`arcp.heartbeatIntervalSec`"),
            (r#"{"allowedHosts":["*"]}"#, "`allowedHosts`"),
        ] {
            let error = Config::from_json(options).unwrap_err();
            assert_eq!(error.code(), Code::Config);
            assert!(error.message().contains(named), "{options}: {error}");
        }
    }
}
