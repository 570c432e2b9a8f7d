//! A second tier for keys, which instances share: Workers KV, say. It is a convenience: what it does wrong harms nobody here.

use std::{
    future::Future,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    beside::{spawn, Beside},
    inner::Inner,
    tier::{NewTier, Tier},
};
use crate::{
    driver::{boxed, Here, Shared},
    json::{self, Value},
    platform::{self, race::race, BoxFuture, MaybeSend, MaybeSync, Platform, Signal as _},
};

type Signal = <Here as Platform>::Signal;
type Read = dyn Fn(String) -> BoxFuture<'static, Option<String>> + Send + Sync;
type Write = dyn Fn(String, String) -> BoxFuture<'static, ()> + Send + Sync;

/// So long it may take: everybody waits for it once, before the first token.
const PATIENCE: Duration = Duration::from_secs(1);

/// The user's functions.
#[derive(Clone)]
struct StoreFunctions {
    read: Arc<Read>,
    write: Arc<Write>,
}

/// A second tier of the user's functions.
pub(super) fn tier<R, A, W, B>(read: R, write: W) -> NewTier<Inner>
where
    R: Fn(String) -> A + MaybeSend + MaybeSync + 'static,
    A: Future<Output = Option<String>> + MaybeSend + 'static,
    W: Fn(String, String) -> B + MaybeSend + MaybeSync + 'static,
    B: Future<Output = ()> + MaybeSend + 'static,
{
    let (read, write) = (Shared::new(read), Shared::new(write));
    let functions = StoreFunctions {
        read: Arc::new(move |issuer| boxed(read(issuer))),
        write: Arc::new(move |issuer, keys| boxed(write(issuer, keys))),
    };
    Arc::new(move || Arc::new(Store::new(functions.clone())))
}

/// Who has read it.
enum Reading {
    /// Nobody yet.
    Unasked,
    /// Somebody does.
    Asked(Signal),
    /// It is read, or has had its time.
    Over,
}

/// What somebody does who needs keys.
enum Turn {
    /// Nothing: it has been read.
    Over,
    /// Reads it, and fires this.
    Read(Signal),
    /// Waits for whoever reads it.
    Wait(Signal),
}

/// One verifier's.
struct Store {
    functions: StoreFunctions,
    reading: Mutex<Reading>,
    /// What each issuer's keys were when they were written or read last.
    known: Mutex<Vec<(String, String)>>,
}

impl Store {
    const fn new(functions: StoreFunctions) -> Self {
        Self { functions, reading: Mutex::new(Reading::Unasked), known: Mutex::new(Vec::new()) }
    }

    /// Takes over what it has of each issuer's keys.
    async fn take_over(&self, inner: &Inner) {
        for facts in inner.providers.iter() {
            if let Some(keys) = self.keys_of(&facts.issuer).await {
                // What is none is left alone.
                let _ = inner.import_keys(&format!("[{keys}]"));
            }
        }
    }

    async fn hydrate(&self, inner: &Arc<Inner>, beside: Option<&Beside>) {
        let mut is_lost = false;
        loop {
            match self.turn(mem::take(&mut is_lost)) {
                Turn::Over => return,
                Turn::Wait(signal) => {
                    is_lost = !inner.environment.wait(&signal, PATIENCE).await;
                    if is_lost {
                        continue;
                    }
                }
                Turn::Read(signal) => {
                    let (own, ending) = (Arc::clone(inner), Ending(signal.clone()));
                    let work = async move {
                        if let Some(tier) = &own.tier {
                            tier.read_now(&own).await;
                        }
                        drop(ending);
                    };
                    match spawn(&inner.environment, beside, Box::pin(work)) {
                        Ok(()) => {
                            inner.environment.wait(&signal, PATIENCE).await;
                        }
                        Err(work) => {
                            race(work, inner.environment.sleep(PATIENCE)).await;
                        }
                    }
                }
            }
            self.over();
        }
    }

    /// What this caller does. `is_lost`: whoever reads it is gone.
    fn turn(&self, is_lost: bool) -> Turn {
        let mut reading = lock(&self.reading);
        match &*reading {
            Reading::Over => Turn::Over,
            Reading::Asked(signal) if !is_lost => Turn::Wait(signal.clone()),
            _ => {
                let signal = <Signal as platform::Signal>::new();
                *reading = Reading::Asked(signal.clone());
                Turn::Read(signal)
            }
        }
    }

    /// Nobody waits for it any more.
    fn over(&self) {
        drop(mem::replace(&mut *lock(&self.reading), Reading::Over));
    }

    /// What it has of an issuer's keys.
    async fn keys_of(&self, issuer: &str) -> Option<String> {
        let keys = (self.functions.read)(issuer.to_owned()).await?;
        self.is_news(issuer, &keys);
        Some(keys)
    }

    /// Writes what has changed, of the snapshots of all issuers.
    fn writes(&self, snapshots: &str) -> Vec<BoxFuture<'static, ()>> {
        let snapshots = json::parse(snapshots.as_bytes());
        let all = snapshots.as_ref().ok().and_then(Value::as_array).unwrap_or_default();
        let changed = |snapshot: &Value<'_>| {
            let issuer = snapshot.as_object()?.get("issuer")?.as_str()?;
            let mut keys = String::new();
            snapshot.write(&mut keys);
            self.is_news(issuer, &keys).then(|| (self.functions.write)(issuer.to_owned(), keys))
        };
        all.iter().filter_map(changed).collect()
    }

    async fn write_all(&self, inner: &Inner) {
        let snapshots = inner.state().snapshots();
        for write in self.writes(&snapshots) {
            if let Err(write) = inner.environment.spawn(write) {
                race(write, inner.environment.sleep(PATIENCE)).await;
            }
        }
    }

    fn is_news(&self, issuer: &str, keys: &str) -> bool {
        let mut known = lock(&self.known);
        match known.iter_mut().find(|(own, _)| own == issuer) {
            Some((_, own)) if own == keys => return false,
            Some((_, own)) => keys.clone_into(own),
            None => known.push((issuer.to_owned(), keys.to_owned())),
        }
        true
    }
}

impl Tier<Inner> for Store {
    fn is_read(&self) -> bool {
        matches!(*lock(&self.reading), Reading::Over)
    }

    fn read<'a>(&'a self, inner: &'a Arc<Inner>, beside: Option<&'a Beside>) -> BoxFuture<'a, ()> {
        Box::pin(self.hydrate(inner, beside))
    }

    fn read_now<'a>(&'a self, inner: &'a Inner) -> BoxFuture<'a, ()> {
        Box::pin(self.take_over(inner))
    }

    fn write<'a>(&'a self, inner: &'a Inner) -> BoxFuture<'a, ()> {
        Box::pin(self.write_all(inner))
    }
}

/// Ends a reading, however it ends.
struct Ending(Signal);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.fire();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
