//! Keys handed from one instance of the program to another, through a second tier that the user chooses.

use super::{remote::Life, JwksCache};
use crate::{
    error::{shown, Code, Error},
    jose::jwks::{Jwks, KeyIds},
    json::{write_string, Object, Value},
    time::Time,
};

impl JwksCache {
    /// The present keys as a `JwksSnapshot`: `{ issuer, jwks, fetchedAt, expiresAt }`, the instants as NumericDates. Public
    /// keys only; `None` where there are none, and for keys that the configuration holds.
    pub fn export(&self) -> Option<String> {
        let remote = self.remote.as_ref()?;
        let life = remote.life?;
        let mut out = String::from("{\"issuer\":");
        write_string(&mut out, remote.issuer.text());
        out.push_str(",\"jwks\":{\"keys\":[");
        for (index, (_, jwk)) in self.jwks.iter().enumerate() {
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

    /// Takes a snapshot over: the keys are checked as if the provider had just published them, and keep their age. `false`
    /// when the present set is newer, or the snapshot too old to be of use.
    ///
    /// The snapshot's `fetchedAt` is not believed beyond the present, nor its `expiresAt` beyond this configuration's age.
    ///
    /// # Errors
    /// `ERR_CONFIG` for what is no snapshot, or one of another issuer or of an instance with keys of its own.
    pub fn import(&mut self, snapshot: &Object<'_>, ids: &mut KeyIds, now: Time) -> Result<bool, Error> {
        let wrong = |message: String| Error::new(Code::Config, message).about("snapshots");
        let Some(remote) = &mut self.remote else {
            return Err(wrong("the snapshot is of a provider whose keys the configuration holds".into()));
        };
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
        let instant = |name: &str| {
            let date = snapshot.get(name).and_then(Value::as_number).and_then(Time::from_numeric_date);
            date.ok_or_else(|| wrong(format!("`{name}` of the snapshot is not a NumericDate, in seconds")))
        };
        let (fetched, expires) = (instant("fetchedAt")?, instant("expiresAt")?);
        let jwks = snapshot.get("jwks").ok_or_else(|| wrong("the snapshot has no `jwks`".into()))?;
        let jwks = Jwks::from_value(jwks, ids).map_err(|error| wrong(format!("the snapshot: {}", error.message())))?;

        let now = remote.clock.read(now);
        let began = remote.clock.instant(fetched).min(now);
        let age = remote.config.max_age.min(remote.clock.instant(expires).since(began));
        let life = Life::taken_over(began, age);
        let is_newer = remote.life.is_none_or(|present| present.began < began);
        if !is_newer || life.expires.plus(remote.config.stale_if_error) <= now {
            return Ok(false);
        }
        remote.life = Some(life);
        self.replace(jwks);
        Ok(true)
    }
}
