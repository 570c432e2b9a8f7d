//! What the application asks for.

use crate::{
    arcp::{
        features::{Features, KNOWN},
        message::Party,
    },
    config::{self, Reader, Required},
    error::Error,
    json,
    time::Span,
};

/// The options of a client, checked.
#[derive(Clone, Debug)]
pub(super) struct Options {
    /// Who we are.
    pub client: Party,
    /// `bearer`, `none` or `x-vendor.…`
    pub scheme: String,
    /// What we offer.
    pub features: Features,
    /// From the beginning of a connection to its welcome.
    pub handshake: Span,
    /// How long an answer to a request may take.
    pub request: Span,
    /// Whether a lost connection is made again.
    pub reconnect: bool,
    /// The longest pause between two tries.
    pub longest_pause: Span,
    /// Tries in a row; none: as long as it takes.
    pub attempts: Option<u32>,
    /// Whether another token can be had when one is refused.
    pub can_renew: bool,
    /// The largest result that comes in chunks, in bytes.
    pub result_bytes: usize,
}

impl Options {
    /// From JSON: `client`, `scheme`, `features`, `handshakeTimeoutMs`, `requestTimeoutMs`, `reconnect`, `maxResultBytes`, and
    /// `canRenew`, which the driver knows.
    ///
    /// # Errors
    /// `ERR_CONFIG`, which names the option.
    pub(super) fn read(text: &str) -> Result<Self, Error> {
        let object = config::object(text, "")?;
        let mut reader = Reader::new("", &object);
        let client = client(&mut reader)?;
        let scheme = reader.string("scheme", Required::Yes)?.unwrap_or_default().to_owned();
        if !is_scheme(&scheme) {
            return Err(reader.wrong("auth.scheme", "must be bearer, none or x-vendor.<vendor>.<scheme>"));
        }
        let features = features(&mut reader)?;
        let handshake = millis(reader.number("handshakeTimeoutMs", 1.0, 600_000.0)?, 10_000);
        let request = millis(reader.number("requestTimeoutMs", 1.0, 3_600_000.0)?, 30_000);
        let result_bytes = reader.number("maxResultBytes", 0.0, 1_073_741_824.0)?.unwrap_or(67_108_864.0) as usize;
        let can_renew = reader.take("canRenew").and_then(json::Value::as_bool).unwrap_or(false);
        let (reconnect, longest_pause, attempts) = reconnect(&mut reader)?;
        reader.finish()?;
        Ok(Self {
            client,
            scheme,
            features,
            handshake,
            request,
            reconnect,
            longest_pause,
            attempts,
            can_renew,
            result_bytes,
        })
    }
}

fn millis(value: Option<f64>, otherwise: i64) -> Span {
    Span::from_millis(value.map_or(otherwise, |millis| millis as i64))
}

fn client(reader: &mut Reader<'_, '_>) -> Result<Party, Error> {
    let object = reader.take("client").and_then(json::Value::as_object);
    let object = object.ok_or_else(|| reader.wrong("client", "must be { name, version }"))?;
    let mut inner = Reader::new("client", object);
    let name = inner.string("name", Required::Yes)?.unwrap_or_default().to_owned();
    let version = inner.string("version", Required::Yes)?.unwrap_or_default().to_owned();
    inner.finish()?;
    if name.len() > 256 || version.len() > 256 {
        return Err(reader.wrong("client", "has a name or a version over 256 bytes"));
    }
    Ok(Party { name, version })
}

fn features(reader: &mut Reader<'_, '_>) -> Result<Features, Error> {
    let Some(names) = reader.strings("features")? else { return Ok(Features::new(KNOWN)) };
    if let Some(wrong) = names.iter().find(|name| !is_feature(name)) {
        let known = config::nearest(wrong, &KNOWN).unwrap_or("heartbeat");
        return Err(reader.wrong("features", format_args!("has an unknown name; did you mean `{known}`?")));
    }
    Ok(Features::new(names.iter().map(String::as_str)))
}

/// Whether a lost connection is made again, after which pause at most, and how often.
fn reconnect(reader: &mut Reader<'_, '_>) -> Result<(bool, Span, Option<u32>), Error> {
    let otherwise = millis(None, 30_000);
    match reader.take("reconnect") {
        None => Ok((true, otherwise, None)),
        Some(json::Value::Bool(reconnect)) => Ok((*reconnect, otherwise, None)),
        Some(json::Value::Object(object)) => {
            let mut inner = Reader::new("reconnect", object);
            let longest = millis(inner.number("maxDelayMs", 0.0, 3_600_000.0)?, 30_000);
            let attempts = inner.number("maxAttempts", 1.0, 1_000_000_000.0)?.map(|number| number as u32);
            inner.finish()?;
            Ok((true, longest, attempts))
        }
        Some(_) => Err(reader.wrong("reconnect", "must be a boolean, or { maxDelayMs, maxAttempts }")),
    }
}

fn is_feature(name: &str) -> bool {
    KNOWN.contains(&name) || name.starts_with("x-vendor.")
}

/// `x-vendor.` and at least a vendor and a name, in lower case.
fn is_scheme(scheme: &str) -> bool {
    let sound = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b))
    };
    matches!(scheme, "bearer" | "none")
        || scheme.len() <= 256
            && scheme.strip_prefix("x-vendor.").is_some_and(|rest| rest.contains('.') && rest.split('.').all(sound))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_strict() {
        let read = |more: &str| Options::read(&format!(r#"{{"client":{{"name":"a","version":"1"}}{more}}}"#));
        assert!(read(r#","scheme":"bearer""#).is_ok());
        assert!(read(r#","scheme":"x-vendor.acme.key","features":["ack","x-vendor.acme.y"]"#).is_ok());
        for (more, subject) in [
            (r#","scheme":"basic""#, "auth.scheme"),
            (r#","scheme":"x-vendor.acme""#, "auth.scheme"),
            (r#","scheme":"none","features":["heartbeats"]"#, "features"),
            (r#","scheme":"none","reconnect":"yes""#, "reconnect"),
            (r#","scheme":"none","reconnect":{"maxDelay":1}"#, "reconnect.maxDelay"),
            (r#","scheme":"none","handshakeTimeoutMs":0"#, "handshakeTimeoutMs"),
            (r#","scheme":"none","handshakeTimeout":1"#, "handshakeTimeout"),
        ] {
            assert_eq!(read(more).unwrap_err().subject(), Some(subject), "{more}");
        }
        assert_eq!(Options::read(r#"{"scheme":"none"}"#).unwrap_err().subject(), Some("client"));
    }
}
