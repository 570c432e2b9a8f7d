//! Keys handed from one instance of the program to another, through a second tier that the user chooses.

use super::remote::{Life, Remote};
use crate::{
    error::{shown, Code, Error},
    jose::jwks::{Jwks, KeyIds},
    json::{write_string, Object, Value},
    time::Time,
};

/// The present keys as a `JwksSnapshot`: `{ issuer, jwks, fetchedAt, expiresAt }`, the instants as NumericDates.
pub(super) fn write(jwks: &Jwks, remote: &Remote) -> Option<String> {
    let life = remote.life?;
    let mut out = String::from("{\"issuer\":");
    write_string(&mut out, remote.issuer.text());
    out.push_str(",\"jwks\":{\"keys\":[");
    for (index, (_, jwk)) in jwks.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        jwk.write_public(&mut out);
    }
    out.push_str("]},\"fetchedAt\":");
    remote.clock.wall(life.began).write_seconds(&mut out);
    out.push_str(",\"expiresAt\":");
    remote.clock.wall(life.expires).write_seconds(&mut out);
    out.push('}');
    Some(out)
}

/// Takes a snapshot over, if it is newer than the present set and of use. Gives its keys then.
///
/// `fetchedAt` is not believed beyond the present, nor `expiresAt` beyond this configuration's age.
pub(super) fn take_over(
    remote: &mut Remote,
    snapshot: &Object<'_>,
    ids: &mut KeyIds,
    now: Time,
) -> Result<Option<Jwks>, Error> {
    match snapshot.get("issuer").and_then(Value::as_str) {
        Some(issuer) if issuer == remote.issuer.text() => {}
        other => {
            return Err(wrong(format!(
                "the snapshot is of the issuer \"{}\", not of \"{}\"",
                shown(other.unwrap_or_default()),
                shown(remote.issuer.text())
            )))
        }
    }
    let (fetched, expires) = (instant(snapshot, "fetchedAt")?, instant(snapshot, "expiresAt")?);
    let jwks = snapshot.get("jwks").ok_or_else(|| wrong("the snapshot has no `jwks`"))?;
    let jwks = Jwks::from_value(jwks, ids).map_err(|error| wrong(format!("the snapshot: {}", error.message())))?;

    let now = remote.clock.read(now);
    let began = remote.clock.instant(fetched).min(now);
    let age = remote.config.max_age.min(remote.clock.instant(expires).since(began));
    let life = Life::taken_over(began, age);
    let is_newer = remote.life.is_none_or(|present| present.began < began);
    if !is_newer || life.expires.plus(remote.config.stale_if_error) <= now {
        return Ok(None);
    }
    remote.life = Some(life);
    Ok(Some(jwks))
}

fn instant(snapshot: &Object<'_>, name: &str) -> Result<Time, Error> {
    let date = snapshot.get(name).and_then(Value::as_number).and_then(Time::from_numeric_date);
    date.ok_or_else(|| wrong(format!("`{name}` of the snapshot is not a NumericDate, in seconds")))
}

/// What is no snapshot for these keys.
pub(super) fn wrong(message: impl Into<String>) -> Error {
    Error::new(Code::Config, message.into()).about("snapshots")
}
