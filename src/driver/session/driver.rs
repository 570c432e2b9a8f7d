//! The task that drives a session: tokens, connections and the one timer. The core says what to do; this does it.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use super::{
    bearer::{Bearer, Next},
    events::SessionState,
    options::ConnectOptions,
    shared::{Command, Shared},
    socket::{Connect, Socket, SocketEvent},
    timer::Timer,
};
use crate::{
    arcp::{client::address, Close},
    driver::{boxed, wake_hints::WakeHints, Shared as Owned},
    error::Error,
    platform::{duration, BoxFuture},
    time::{Span, Time},
};

/// So many things are done before others on this thread have their turn.
const MOST_TURNS: u32 = 256;

/// See the module's documentation.
pub(super) struct Driver {
    shared: Arc<Shared>,
    url: String,
    sockets: Owned<Box<dyn Connect>>,
    source: Option<Bearer>,
    options: ConnectOptions,
    connections: Vec<Connection>,
    timer: Timer,
    hints: WakeHints,
    token: Option<String>,
    token_ends: Option<Time>,
}

struct Connection {
    conn: u32,
    /// Whether its token is to be another one than that which was refused; `None` where it is to last longer than that which is good.
    is_renewed: Option<bool>,
    stage: Stage,
}

/// How far a connection is.
enum Stage {
    /// Its token is asked for.
    Asking(BoxFuture<'static, Result<Option<String>, Error>>),
    /// It is about to be made, with this token.
    Ready(Option<String>, Option<Time>),
    /// The core knows, and has not given it up.
    Dialing(Option<String>, Option<Time>),
    /// It is being made, open, or closing.
    Made(Box<dyn Socket>, Option<String>, Option<Time>),
}

impl Driver {
    pub(super) fn new(
        shared: Arc<Shared>,
        url: String,
        source: Option<Bearer>,
        mut options: ConnectOptions,
    ) -> Result<Self, Error> {
        let sockets = match options.sockets.take() {
            Some(sockets) => sockets,
            None => super::own_sockets()?,
        };
        Ok(Self {
            shared,
            url,
            sockets,
            source,
            options,
            connections: Vec::new(),
            timer: Timer::default(),
            hints: WakeHints::new(),
            token: None,
            token_ends: None,
        })
    }

    /// Does what the core wants done, until it wants nothing. Whether anything was done, or the session is over.
    fn perform(&mut self, cx: &Context<'_>) -> Poll<bool> {
        let mut is_any = false;
        while let Some(command) = self.shared.next_command(cx.waker()) {
            is_any = true;
            match command {
                Command::Connect { conn, fresh, outlast } => self.connect(conn, fresh, outlast),
                Command::Send { conn, text } => {
                    if let Some(Connection { stage: Stage::Made(socket, ..), .. }) = self.connection(conn) {
                        socket.send(text);
                    }
                }
                Command::Close { conn, code, reason } => self.close(conn, code, reason),
                Command::Tell(event) => {
                    if let Some(listener) = &self.options.on_event {
                        listener.hear(&event);
                    }
                }
                Command::Over => return Poll::Ready(true),
            }
        }
        if is_any {
            Poll::Ready(false)
        } else {
            Poll::Pending
        }
    }

    fn connection(&mut self, conn: u32) -> Option<&mut Connection> {
        self.connections.iter_mut().find(|connection| connection.conn == conn)
    }

    // A token, then a connection: the runtime's patience for a hello begins with the connection.
    fn connect(&mut self, conn: u32, fresh: bool, outlast: Option<Span>) {
        let stage = match &self.source {
            None => Stage::Ready(None, None),
            Some(source) => {
                let next = Next {
                    last: self.token.clone(),
                    last_ends: self.token_ends,
                    fresh,
                    outlast: outlast.map(duration),
                    place: self.url.clone(),
                    environment: self.shared.environment.clone(),
                };
                Stage::Asking(boxed(source.clone().next(next)))
            }
        };
        self.connections.push(Connection { conn, is_renewed: outlast.is_none().then_some(fresh), stage });
    }

    fn close(&mut self, conn: u32, code: u16, reason: &str) {
        let Some(at) = self.connections.iter().position(|connection| connection.conn == conn) else { return };
        match self.connections.get_mut(at).map(|connection| &mut connection.stage) {
            // Its end is told by itself.
            Some(Stage::Made(socket, ..)) => socket.close(code, reason),
            _ => drop(self.connections.swap_remove(at)),
        }
    }

    /// Looks at one connection. Whether anything happened on it.
    fn turn(&mut self, conn: u32, cx: &mut Context<'_>) -> bool {
        let Some(at) = self.connections.iter().position(|connection| connection.conn == conn) else { return false };
        let Some(Connection { stage, .. }) = self.connections.get_mut(at) else { return false };
        match stage {
            Stage::Asking(asking) => match asking.as_mut().poll(cx) {
                Poll::Pending => false,
                Poll::Ready(given) => {
                    self.given(conn, at, given);
                    true
                }
            },
            Stage::Ready(token, ends) => {
                *stage = Stage::Dialing(token.take(), *ends);
                self.shared.input(|state, now| state.machine.handle_dialing(conn, now));
                true
            }
            Stage::Dialing(token, ends) => {
                *stage = Stage::Made(self.sockets.open(&self.url), token.take(), *ends);
                true
            }
            Stage::Made(socket, token, ends) => {
                let Poll::Ready(event) = socket.poll_next(cx) else { return false };
                match event {
                    SocketEvent::Opened => {
                        let (token, ends) = (token.as_deref(), *ends);
                        self.shared.input(|state, now| state.machine.handle_opened(conn, token, ends, now));
                    }
                    SocketEvent::Text(text) => {
                        self.shared.input(|state, now| state.machine.handle_frame(conn, &text, now));
                    }
                    SocketEvent::Unreadable(head) => {
                        self.shared.input(|state, now| state.machine.handle_broken_frame(conn, &head, now));
                    }
                    SocketEvent::Closed(end) => {
                        drop(self.connections.swap_remove(at));
                        // Whoever decides may look at the client: not while the lock is held.
                        let is_first = self.shared.lock().stage == SessionState::Connecting;
                        let may_retry =
                            is_first || self.options.should_retry.as_ref().is_none_or(|decide| decide.may_retry(&end));
                        self.shared.input(|state, now| state.machine.handle_closed(conn, end.code, may_retry, now));
                    }
                }
                true
            }
        }
    }

    /// The source of tokens has answered.
    fn given(&mut self, conn: u32, at: usize, given: Result<Option<String>, Error>) {
        let given = given.and_then(|token| {
            token.as_deref().map_or(Ok(()), |token| address::check_holds_not(&self.url, token))?;
            Ok(token)
        });
        match given {
            Err(error) => {
                drop(self.connections.swap_remove(at));
                self.shared.input(|state, now| {
                    let is_retryable = error.is_retryable();
                    state.token_error = Some(error);
                    state.machine.handle_token_failure(conn, is_retryable, now);
                });
            }
            Ok(None) => {
                drop(self.connections.swap_remove(at));
                self.shared.input(|state, now| state.machine.handle_token_unchanged(conn, now));
            }
            Ok(Some(token)) => {
                let is_other = self.token.as_ref() != Some(&token);
                let is_renewed = self.connections.get(at).and_then(|connection| connection.is_renewed);
                let renewals = self.source.as_ref().and_then(Bearer::renewals);
                {
                    let mut state = self.shared.lock();
                    state.faults.know(&token);
                    if let Some(is_renewed) = is_renewed {
                        state.trial = renewals.filter(|_| is_renewed && is_other);
                    }
                }
                let ends = self.source.as_ref().and_then(|source| source.end_of(&token));
                self.token = Some(token.clone());
                self.token_ends = ends;
                if let Some(connection) = self.connections.get_mut(at) {
                    connection.stage = Stage::Ready(Some(token), ends);
                }
            }
        }
    }

    /// One thing from each of whatever may happen. Whether anything has.
    fn step(&mut self, cx: &mut Context<'_>) -> bool {
        let mut is_any = false;
        let all: Vec<u32> = self.connections.iter().map(|connection| connection.conn).collect();
        for conn in all {
            if self.turn(conn, cx) {
                return true;
            }
        }
        if self.hints.poll(cx.waker()) {
            self.shared.input(|state, now| state.machine.handle_wake_hint(now));
            is_any = true;
        }
        is_any | self.timer.poll(&self.shared, cx)
    }

    fn end(&mut self) {
        let all: Vec<u32> = self.connections.iter().map(|connection| connection.conn).collect();
        for conn in all {
            self.close(conn, Close::Normal.code(), "");
        }
        self.connections.clear();
        self.timer = Timer::default();
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        for _ in 0..MOST_TURNS {
            match this.perform(cx) {
                Poll::Ready(true) => {
                    this.end();
                    return Poll::Ready(());
                }
                Poll::Ready(false) => {}
                Poll::Pending if !this.step(cx) => return Poll::Pending,
                Poll::Pending => {}
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.end();
        self.shared.abandoned();
    }
}
