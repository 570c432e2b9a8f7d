//! What a program asks for beside tokens: to take others over, and to revoke those there are.

use std::{sync::Arc, time::Duration};

use super::{
    driver::{Inner, MAX_ROUNDS},
    event::Event,
    given::Tokens,
    perform::Done,
    storage::Write,
    task::Beside,
    words::in_rust,
};
use crate::{
    error::{Code, Error},
    token::response,
};

/// How long a revocation waits for answers that are under way.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a storage may take for what no attempt has brought.
const STORAGE_LIMIT: Duration = Duration::from_secs(5);

impl Inner {
    /// Takes tokens that were obtained elsewhere, and stores them.
    pub(super) async fn set_token(self: Arc<Self>, tokens: Tokens) -> Result<(), Error> {
        let given = response::given(tokens.into_json().as_bytes());
        let tokens = given.map_err(|problem| {
            Error::new(Code::Config, format!("what `set_token` was given {problem}")).about("token")
        })?;
        self.state().check_open()?;
        let (exported, _) = self.tell(|machine, now| {
            machine.handle_tokens(Box::new(tokens), now);
            machine.export()
        });
        let exported = exported.and_then(|exported| String::from_utf8(exported.expose().to_vec()).ok());
        if let (Some(exported), true) = (exported, self.parts.storage.is_some()) {
            let done = self.parts.write(Write::Store(exported), STORAGE_LIMIT).await;
            if matches!(done, Done::Stored(false)) {
                self.report(vec![Event::NotStored]);
            }
        }
        Ok(())
    }

    /// Forgets the tokens, here and in the storage, and revokes them.
    pub(super) async fn revoke(self: Arc<Self>, beside: Option<Beside>) -> Result<(), Error> {
        self.state().check_open()?;
        self.settle().await;
        let ((), drained) = self.tell(|machine, now| {
            machine.handle_revocation(now);
            machine.handle_sign_out(now, true, now);
        });
        self.begin(drained.started.as_ref(), beside.as_ref());
        if self.parts.storage.is_some() {
            self.parts.write(Write::Delete, STORAGE_LIMIT).await;
        }
        let Some((attempt, _)) = drained.started else { return Ok(()) };
        for _ in 0..MAX_ROUNDS {
            let outcome = self.state().outcome(attempt);
            match outcome {
                Some(outcome) => return outcome.map_err(in_rust),
                None => self.wait_for(attempt, PATIENCE, beside.as_ref()).await,
            }
        }
        Err(Error::new(Code::RefreshUnavailable, "the token endpoint has not answered yet"))
    }

    /// Waits for what is under way: an answer may bring a token that nobody would revoke.
    async fn settle(&self) {
        let tasks: Vec<_> = self.state().tasks().cloned().collect();
        for task in tasks {
            task.wait(&self.parts.environment, Vec::new(), PATIENCE).await;
        }
    }
}
