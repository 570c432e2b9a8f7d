//! ARCP 1.1 over WebSocket, from the side that asks.

use std::{fmt, future::Future, sync::Arc};

use super::{
    address,
    answer::Answered,
    bearer::Bearer,
    driver::Driver,
    events::{Closed, SessionInfo, SessionState},
    held::Held,
    job::Job,
    listing::{History, JobFilter, JobPage},
    options::{self, ConnectOptions},
    session_events::SessionEvents,
    shared::{Answer, Shared},
    standing::{End, Opened},
    submit::Submit,
    words::in_rust,
};
use crate::{
    arcp::client::Client,
    error::{Code, Error},
    platform,
};

/// ARCP 1.1 over WebSocket, from the side that asks: one session, over as many connections as it takes. Cheap to clone.
///
/// The session is closed when the last clone, and the last [`Job`] and stream of it, is dropped; [`close`](Self::close) says why, and
/// waits. In a Worker it belongs to the request that has opened it.
#[derive(Clone)]
pub struct ArcpClient(Arc<Held>);

impl fmt::Debug for ArcpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArcpClient").field("state", &self.state()).finish_non_exhaustive()
    }
}

impl ArcpClient {
    /// Connects; done after the first welcome. The URL is wss://, or ws:// to this machine, and holds no secret. Dropped before that, the
    /// future gives the connection up.
    ///
    /// The first connection is tried once, and with a fresh token once more when one is refused; what becomes of later ones is for
    /// [`ConnectOptions::reconnect`] to say.
    ///
    /// # Errors
    /// `ERR_UNAUTHENTICATED`, `ERR_HANDSHAKE_TIMEOUT`, `ERR_NETWORK`, `ERR_PROTOCOL`, `ERR_REMOTE`, `ERR_CONFIG`, or what the source of
    /// tokens fails with.
    pub fn connect(url: &str, options: ConnectOptions) -> impl Future<Output = Result<Self, Error>> + Send + 'static {
        let url = url.to_owned();
        async move {
            let client = Self::begin(&url, options)?;
            Opened::new(&client.0.shared).await?;
            Ok(client)
        }
    }

    /// Makes the session, and sets its driver to work.
    fn begin(url: &str, mut options: ConnectOptions) -> Result<Self, Error> {
        let plain_hosts = address::plain_hosts(std::mem::take(&mut options.insecure_hosts))?;
        let url = address::checked(url, &plain_hosts).map_err(in_rust)?;
        let source = options.auth.clone().source()?;
        let can_renew = source.as_ref().is_some_and(Bearer::can_renew);
        let mut seed = [0; 8];
        platform::fill_random(&mut seed)?;
        let machine = Client::new(&options.to_json(can_renew)?, u64::from_le_bytes(seed)).map_err(in_rust)?;
        let shared =
            Arc::new(Shared::new(machine, url.clone(), options.environment.clone(), options.on_event.is_some()));
        let driver = options::work(Driver::new(Arc::clone(&shared), url, source, options)?);
        let client = Self(Arc::new(Held { shared }));
        client.0.shared.input(|state, now| state.machine.handle_start(now));
        client.0.shared.environment.spawn(driver).map_err(|_| {
            let message = "`spawn` is missing, and this platform runs no future by itself: give the function that does";
            Error::new(Code::Config, message).about("spawn")
        })?;
        Ok(client)
    }

    /// Where the session stands.
    pub fn state(&self) -> SessionState {
        self.0.shared.lock().stage
    }

    /// What the last welcome said: the session's id, the runtime, its agents, and what both sides have agreed on.
    pub fn session(&self) -> Arc<SessionInfo> {
        let info = self.0.shared.lock().info.clone();
        // There was a welcome before there was a client.
        info.unwrap_or_else(|| Arc::new(SessionInfo::none()))
    }

    /// What happens to the session and its connections from now on. The stream ends with [`SessionEvent::Closed`](super::SessionEvent::Closed); of more than 1024
    /// events that nobody reads the oldest are dropped. It keeps the session open, as a client does.
    pub fn events(&self) -> SessionEvents {
        SessionEvents::new(Arc::clone(&self.0))
    }

    /// Waits for the session's end. That is no use of it: the future does not keep the session open.
    pub fn closed(&self) -> impl Future<Output = Closed> + Send + 'static {
        End::new(&self.0.shared)
    }

    /// Asks for a job (ARCP 1.1 §7.1); done when the runtime has accepted or refused it. Dropped before that, the future gives the job up:
    /// one that was sent is cancelled when it is accepted.
    ///
    /// # Errors
    /// `ERR_REMOTE` (the runtime's no), `ERR_PROTOCOL`, `ERR_TIMEOUT`, `ERR_CONFIG`, `ERR_NETWORK` (the connection broke off before the
    /// answer, and there is no idempotency key to ask again with), or why the session is over.
    pub fn submit(&self, request: Submit) -> impl Future<Output = Result<Job, Error>> + Send + 'static {
        let held = Arc::clone(&self.0);
        async move {
            let payload = request.payload()?;
            let asked = Answered::begin(&held.shared, true, |state, now| {
                state.machine.handle_submit(&payload, request.trace_id.as_deref(), request.is_keyed(), now)
            })?;
            job(asked.await?, held)
        }
    }

    /// A page of the jobs that one may see (ARCP 1.1 §6.6).
    ///
    /// # Errors
    /// As [`submit`](Self::submit); `ERR_REMOTE`, too, without the feature `list_jobs`.
    pub fn list(&self, filter: &JobFilter) -> impl Future<Output = Result<JobPage, Error>> + Send + 'static {
        let (held, payload) = (Arc::clone(&self.0), filter.payload());
        async move {
            held.needs("list_jobs")?;
            let asked = Answered::begin(&held.shared, false, |state, now| state.machine.handle_list(&payload, now))?;
            match asked.await? {
                Answer::Json(page) => Ok(JobPage::read(&page)),
                Answer::Job(_) | Answer::Done => Ok(JobPage::default()),
            }
        }
    }

    /// Observes a job of another session (ARCP 1.1 §7.6); one that is held already is given as it is, and its events are then shared among
    /// its handles.
    ///
    /// # Errors
    /// As [`submit`](Self::submit); `ERR_REMOTE`, too, without the feature `subscribe`.
    pub fn subscribe(
        &self,
        job_id: &str,
        history: History,
    ) -> impl Future<Output = Result<Job, Error>> + Send + 'static {
        let (held, job_id) = (Arc::clone(&self.0), job_id.to_owned());
        async move {
            held.needs("subscribe")?;
            let payload = history.payload(&job_id);
            let asked = Answered::begin(&held.shared, false, |state, now| {
                state.machine.handle_subscribe(&job_id, &payload, now)
            })?;
            job(asked.await?, held)
        }
    }

    /// Ends the session (ARCP 1.1 §6.7), and waits for that. Jobs go on at the runtime; what waits for them here fails with `ERR_ABORTED`.
    pub fn close(&self, reason: &str) -> impl Future<Output = Closed> + Send + 'static {
        self.0.shared.input(|state, now| state.machine.handle_close(reason, now));
        self.closed()
    }
}

/// The job that an answer has brought.
fn job(answer: Answer, held: Arc<Held>) -> Result<Job, Error> {
    match answer {
        Answer::Job(number) => Job::new(held, number),
        Answer::Json(_) | Answer::Done => Err(Error::new(Code::Protocol, "the runtime's answer names no job")),
    }
}
