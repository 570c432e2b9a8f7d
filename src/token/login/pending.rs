//! Logins whose answers have not come: bounded in number and in time, and kept while the page is left.

use crate::{
    json::{self, Members, Object, Value},
    secret::Secret,
    time::{Span, Time},
    token::persisted_state::text_of,
};

/// A login is given up after this.
const LONGEST: Span = Span::from_secs(600);
/// Logins that wait for their answers; the oldest gives way.
const MOST: usize = 5;

/// A login that waits for its answer.
#[derive(Clone, Debug)]
pub struct PendingLogin {
    /// `state`: what the answer is recognised by.
    pub state: Secret,
    /// `nonce`: what its ID token is recognised by.
    pub nonce: String,
    /// `code_verifier`
    pub verifier: Secret,
    /// Where the page goes on afterwards.
    pub return_to: Option<String>,
    /// `max_age`: how long ago the person may have been asked who they are. [`super::max_age`] finds it among the parameters.
    pub max_age: Option<Span>,
    /// When it began, by the wall clock: the page that began it is gone.
    pub begun: Time,
}

/// The logins that wait, bounded in number and in time.
#[derive(Clone, Debug, Default)]
pub struct PendingLogins(Vec<PendingLogin>);

impl PendingLogins {
    /// Reads what [`PendingLogins::to_json`] wrote for the same source; anything else is as good as nothing.
    pub fn parse(text: &str, source: &str) -> Self {
        let Ok(read) = json::object_of(text) else { return Self::default() };
        if read.get("source").and_then(Value::as_str) != Some(source) {
            return Self::default();
        }
        let items = read.get("logins").and_then(Value::as_array).unwrap_or_default();
        Self(items.iter().take(MOST).filter_map(|item| PendingLogin::read(item.as_object()?)).collect())
    }

    /// The logins as JSON. This text is a secret.
    pub fn to_json(&self, source: &str) -> String {
        let logins: Vec<String> = self.0.iter().map(PendingLogin::to_json).collect();
        Members::new().text("source", source).raw("logins", &format!("[{}]", logins.join(","))).end()
    }

    /// Adds a login.
    pub fn push(&mut self, login: PendingLogin) {
        self.prune(login.begun);
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        self.0.push(login);
    }

    /// The login that this is the answer to. It is no longer waited for: an answer counts once.
    pub fn take(&mut self, state: &str, now: Time) -> Option<PendingLogin> {
        self.prune(now);
        let place = self.0.iter().position(|login| login.state.matches(state.as_bytes()))?;
        Some(self.0.remove(place))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Drops what has become too old; a clock that was set back makes nothing younger.
    fn prune(&mut self, now: Time) {
        self.0.retain(|login| {
            let age = now.since(login.begun);
            age < LONGEST && age > Span::from_millis(-LONGEST.as_millis())
        });
    }
}

impl PendingLogin {
    fn to_json(&self) -> String {
        let begun = Members::new().raw("begunAt", &self.begun.to_seconds());
        let out = match self.max_age {
            Some(max_age) => begun.integer("maxAgeSec", max_age.as_secs_ceil()),
            None => begun,
        };
        out.some_text("state", text_of(&self.state))
            .text("nonce", &self.nonce)
            .some_text("verifier", text_of(&self.verifier))
            .some_text("returnTo", self.return_to.as_deref())
            .end()
    }

    fn read(item: &Object<'_>) -> Option<Self> {
        let text = |name| item.get(name).and_then(Value::as_str).map(str::to_owned);
        let number = |name| item.get(name).and_then(Value::as_number);
        Some(Self {
            state: Secret::new(text("state")?),
            nonce: text("nonce")?,
            verifier: Secret::new(text("verifier")?),
            return_to: text("returnTo"),
            max_age: number("maxAgeSec").and_then(|seconds| seconds.as_i64()).map(Span::from_secs),
            begun: number("begunAt").and_then(Time::from_numeric_date)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(state: &str, begun: f64) -> PendingLogin {
        PendingLogin {
            state: Secret::new(state),
            nonce: format!("n-{state}"),
            verifier: Secret::new("v"),
            return_to: Some("/x".into()),
            max_age: Some(Span::from_secs(60)),
            begun: Time::from_millis(begun),
        }
    }

    #[test]
    fn an_answer_counts_once_for_ten_minutes_and_few_are_waited_for() {
        let now = Time::from_millis(1e12);
        let mut waiting = PendingLogins::default();
        for number in 0..7 {
            waiting.push(pending(&number.to_string(), 1e12));
        }
        let mut waiting = PendingLogins::parse(&waiting.to_json("s"), "s");
        assert!(waiting.0.iter().all(|login| login.max_age == Some(Span::from_secs(60))));
        assert!(waiting.take("1", now).is_none());
        assert_eq!(waiting.take("2", now).unwrap().nonce, "n-2");
        assert!(waiting.take("2", now).is_none() && waiting.take("", now).is_none());
        assert!(waiting.clone().take("3", now.plus(Span::from_secs(599))).is_some());
        assert!(waiting.clone().take("3", now.plus(Span::from_secs(600))).is_none());
        assert!(waiting.clone().take("3", now.minus(Span::from_secs(600))).is_none());
        assert!(PendingLogins::parse(&waiting.to_json("s"), "other").is_empty());
        for odd in ["", "[]", "{}", r#"{"source":"s"}"#, r#"{"source":"s","logins":[1,{},{"state":"x"}]}"#] {
            assert!(PendingLogins::parse(odd, "s").is_empty(), "{odd}");
        }
    }

    #[test]
    fn a_login_that_waits_is_there() {
        let mut waiting = PendingLogins::default();
        assert!(waiting.is_empty());
        waiting.push(pending("s", 1e12));
        assert!(!waiting.is_empty());
    }
}
