//! Where a session's tokens come from, and when it wants others.

use std::sync::{Arc, Mutex};

use arcgate::{
    session::{ArcpClient, Auth, CloseFrame, SessionEvent, SocketEvent, Token, TokenRequest, TokenSource},
    tokens::CallbackError,
    Code, Error, Span, Time,
};

use crate::world::{welcome, World};

const URL: &str = "wss://agents.example/arcp";

/// Gives the next of its tokens when it must be another one.
#[derive(Clone)]
struct Source(Arc<Mutex<Given>>);

struct Given {
    tokens: Vec<&'static str>,
    asked: Vec<bool>,
    invalid: Vec<String>,
    ends: Option<Time>,
}

impl Source {
    fn new(tokens: &[&'static str]) -> Self {
        let tokens = tokens.iter().rev().copied().collect();
        Self(Arc::new(Mutex::new(Given { tokens, asked: Vec::new(), invalid: Vec::new(), ends: None })))
    }
}

impl TokenSource for Source {
    fn token(
        &self,
        request: TokenRequest,
    ) -> std::pin::Pin<Box<dyn std::future::Future<Output = Result<String, Error>> + Send>> {
        let mut given = self.0.lock().unwrap();
        given.asked.push(request.is_forced);
        if request.is_forced && given.tokens.len() > 1 {
            given.tokens.pop();
        }
        let token = given.tokens.last().map(|token| (*token).to_owned());
        Box::pin(async move { token.ok_or_else(|| Error::new(Code::RefreshRejected, "nothing is left")) })
    }

    fn invalidate(&self, token: &str) {
        self.0.lock().unwrap().invalid.push(token.to_owned());
    }

    fn expires_at(&self) -> Option<Time> {
        self.0.lock().unwrap().ends
    }
}

#[test]
fn a_token_that_is_refused_is_replaced_once() {
    let world = World::new();
    let source = Source::new(&["tok-old", "tok-new", "tok-newer"]);
    let connected = world.run(ArcpClient::connect(URL, world.options(Auth::bearer(Token::of(source.clone())))));
    for expected in ["tok-old", "tok-new"] {
        let line = world.line().unwrap();
        line.event(SocketEvent::Opened);
        world.tasks.run();
        assert_eq!(line.sent()[0]["payload"]["auth"]["token"], expected);
        line.event(SocketEvent::Closed(CloseFrame::new(4401, "")));
        world.tasks.run();
        world.pass(1000);
    }
    assert!(world.line().is_none());
    let error = connected.take().unwrap().unwrap_err();
    assert_eq!(error.code(), Code::Unauthenticated);
    assert!(!format!("{error}").contains("tok-"));
    assert_eq!(source.0.lock().unwrap().invalid, ["tok-old"]);
}

#[test]
fn before_its_token_ends_a_session_moves_to_a_connection_with_a_fresh_one() {
    let world = World::new();
    let source = Source::new(&["tok-old", "tok-new"]);
    source.0.lock().unwrap().ends = Some(world.now().plus(Span::from_secs(60)));
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let options = world.options(Auth::bearer(Token::of(source.clone()))).on_event(move |event| {
        if !matches!(event, SessionEvent::Connecting { .. }) {
            heard.lock().unwrap().push(format!("{event:?}").split(' ').next().unwrap().to_owned());
        }
    });
    let (_client, line) = world.open(options);
    let fresh = (0..60).find_map(|_| {
        world.pass(1000);
        source.0.lock().unwrap().ends = Some(world.now().plus(Span::from_secs(3600)));
        world.line()
    });
    let fresh = fresh.expect("another connection before the token ends");
    fresh.event(SocketEvent::Opened);
    world.tasks.run();
    assert_eq!(line.closed().map(|(code, _)| code), Some(1000));
    line.event(SocketEvent::Closed(CloseFrame::new(1000, "")));
    world.tasks.run();
    let hello = &fresh.sent()[0];
    assert_eq!(hello["payload"]["auth"]["token"], "tok-new");
    assert!(hello["payload"]["resume"].is_object());
    welcome(&fresh, "sess_1");
    world.tasks.run();
    assert_eq!(*told.lock().unwrap(), ["Open", "TokenRefreshed"]);
}

#[test]
fn what_the_source_says_is_told() {
    let world = World::new();
    let source = Source::new(&[]);
    let connected = world.run(ArcpClient::connect(URL, world.options(Auth::bearer(Token::of(source)))));
    let error = connected.take().unwrap().unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::RefreshRejected, "nothing is left"));

    let failing = Token::with(|_| async { Err::<String, _>(std::io::Error::other("the password is hunter2")) });
    let error = world.run(ArcpClient::connect(URL, world.options(Auth::bearer(failing)))).take().unwrap().unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (Code::RefreshUnavailable, true));
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
    assert!(cause.is_some_and(|cause| cause.to_string().contains("hunter2")), "for whoever asks for it");

    let final_no = Token::with(|_| async { Err::<String, _>(CallbackError::named("login_required")) });
    let error = world.run(ArcpClient::connect(URL, world.options(Auth::bearer(final_no)))).take().unwrap().unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (Code::RefreshRejected, false));

    let odd = Token::with(|_| async { Ok::<_, Error>("no bearer token".to_owned()) });
    let error = world.run(ArcpClient::connect(URL, world.options(Auth::bearer(odd)))).take().unwrap().unwrap_err();
    assert_eq!((error.code(), error.subject()), (Code::Config, Some("token")));
}

#[test]
fn a_source_that_never_answers_is_an_outage_after_a_minute() {
    let world = World::new();
    let never = Token::with(|_| std::future::pending::<Result<String, Error>>());
    let connected = world.run(ArcpClient::connect(URL, world.options(Auth::bearer(never))));
    world.pass(59_000);
    assert!(connected.take().is_none());
    world.pass(2000);
    let error = connected.take().unwrap().unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (Code::RefreshUnavailable, true));
}

#[test]
fn a_token_that_takes_its_time_is_not_waited_for_when_nobody_waits() {
    let world = World::new();
    let never = Token::with(|_| std::future::pending::<Result<String, Error>>());
    let mut connecting = Box::pin(ArcpClient::connect(URL, world.options(Auth::bearer(never))));
    let polled = std::future::poll_fn(move |cx| {
        let is_ready = std::future::Future::poll(connecting.as_mut(), cx).is_ready();
        std::task::Poll::Ready(is_ready)
    });
    // The future is dropped with its task.
    assert_eq!(world.run(polled).take(), Some(false));
    assert_eq!(world.tasks.left(), 0, "the driver has ended");
}

#[test]
fn a_token_manager_is_a_source() {
    use arcgate::tokens::{Options, Source, TokenManager};
    let world = World::new();
    let count = Arc::new(Mutex::new(0));
    let asked = Arc::clone(&count);
    let source = Source::callback(move |_reason| {
        let number = {
            let mut count = asked.lock().unwrap();
            *count += 1;
            *count
        };
        async move { Ok::<_, CallbackError>(format!("tok-{number}")) }
    });
    let (clock, pauses, tasks) = (world.clock.clone(), world.clock.clone(), world.tasks.clone());
    let options = Options::new().clock(move || clock.now()).sleep(move |length| pauses.pause(length));
    let manager = TokenManager::new(source, options.spawn(move |work| tasks.spawn(work))).unwrap();
    let _connected = world.run(ArcpClient::connect(URL, world.options(Auth::bearer(&manager))));
    for expected in ["tok-1", "tok-2"] {
        let line = world.line().unwrap();
        line.event(SocketEvent::Opened);
        world.tasks.run();
        assert_eq!(line.sent()[0]["payload"]["auth"]["token"], expected);
        line.event(SocketEvent::Closed(CloseFrame::new(4401, "")));
        world.pass(1000);
    }
    assert_eq!(*count.lock().unwrap(), 2, "one that is refused is replaced once");
}

#[test]
fn a_runtime_that_refuses_each_token_takes_them_from_nobody_else() {
    use arcgate::tokens::{Options, Source, TokenManager};
    let world = World::new();
    let count = Arc::new(Mutex::new(0));
    let asked = Arc::clone(&count);
    let source = Source::callback(move |_reason| {
        *asked.lock().unwrap() += 1;
        let token = format!("tok-{}", asked.lock().unwrap());
        async move { Ok::<_, CallbackError>(token) }
    });
    let (clock, pauses, tasks) = (world.clock.clone(), world.clock.clone(), world.tasks.clone());
    let options = Options::new().clock(move || clock.now()).sleep(move |length| pauses.pause(length));
    let manager = TokenManager::new(source, options.spawn(move |work| tasks.spawn(work))).unwrap();
    for _ in 0..6 {
        let connected = world.run(ArcpClient::connect(URL, world.options(Auth::bearer(&manager))));
        while let Some(line) = world.line() {
            line.event(SocketEvent::Opened);
            world.tasks.run();
            line.event(SocketEvent::Closed(CloseFrame::new(4401, "")));
            world.pass(100);
        }
        assert_eq!(connected.take().unwrap().unwrap_err().code(), Code::Unauthenticated);
        assert_eq!(world.run(manager.token()).take().unwrap().unwrap(), "tok-2");
    }
    assert_eq!(*count.lock().unwrap(), 2);
    // Once the pause is over there is another try.
    world.pass(61_000);
    let connected = world.run(ArcpClient::connect(URL, world.options(Auth::bearer(&manager))));
    for expected in ["tok-2", "tok-3"] {
        let line = world.line().unwrap();
        line.event(SocketEvent::Opened);
        world.tasks.run();
        assert_eq!(line.sent()[0]["payload"]["auth"]["token"], expected);
        match expected {
            "tok-2" => line.event(SocketEvent::Closed(CloseFrame::new(4401, ""))),
            _ => welcome(&line, "sess_1"),
        }
        world.pass(100);
    }
    assert!(connected.take().unwrap().is_ok());
}

#[test]
fn a_token_that_is_not_waited_for_any_more_is_not_asked_for_any_more() {
    struct Asked(Arc<Mutex<Vec<&'static str>>>);
    impl Drop for Asked {
        fn drop(&mut self) {
            self.0.lock().unwrap().push("given up");
        }
    }
    let world = World::new();
    let log = Arc::new(Mutex::new(Vec::new()));
    let own = Arc::clone(&log);
    let token = Token::with(move |request: TokenRequest| {
        let asked = request.min_validity.map(|_| Asked(Arc::clone(&own)));
        async move {
            if asked.is_some() {
                std::future::pending::<()>().await;
            }
            // It ends in 2027, 100 s after this world has begun.
            Ok::<_, Error>("e30.eyJleHAiOjE4MDAwMDAxMDB9.x".to_owned())
        }
    });
    let (_client, _line) = world.open(world.options(Auth::bearer(token)));
    for _ in 0..200 {
        world.pass(1000);
        if !log.lock().unwrap().is_empty() {
            return;
        }
    }
    panic!("it is waited for, though its time is over");
}

#[test]
fn a_fixed_token_that_is_refused_ends_the_session_at_once() {
    use arcgate::tokens::{Options, Source, TokenManager};
    let world = World::new();
    let manager = TokenManager::new(Source::fixed("tok-fixed"), Options::new()).unwrap();
    let connected = world.run(ArcpClient::connect(URL, world.options(Auth::bearer(&manager))));
    let line = world.line().unwrap();
    line.event(SocketEvent::Opened);
    world.tasks.run();
    line.event(SocketEvent::Closed(CloseFrame::new(4401, "")));
    world.tasks.run();
    let error = connected.take().expect("nothing is waited for").unwrap_err();
    assert!(world.line().is_none());
    assert_eq!((error.code(), error.is_retryable()), (Code::RefreshRejected, false));
    assert!(error.message().contains("set_token"), "{error}");
}
