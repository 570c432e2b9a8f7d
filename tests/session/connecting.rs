//! How a session begins, and how it doesn't.

use std::time::Duration;

use arcgate::{
    session::{ArcpClient, Auth, CloseFrame, ConnectOptions, Reconnect, SessionState, SocketEvent},
    Code, Error,
};
use serde_json::json;

use crate::world::{broken, welcome, World};

const URL: &str = "wss://agents.example/arcp";

#[test]
fn a_session_may_go_to_any_thread() {
    fn is_sent<T: Send + Sync>(_: &T) {}
    fn goes<T: Send>(_: T) {}
    let world = World::new();
    let (client, _line) = world.open(world.options(Auth::none()));
    is_sent(&client);
    is_sent(&client.session());
    goes(client.submit(arcgate::session::Submit::new("a")));
    goes(client.events());
}

#[test]
fn what_the_welcome_said() {
    let world = World::new();
    let connected = world.run(ArcpClient::connect(URL, world.options(Auth::vendor("x-vendor.acme.key", "any text"))));
    let line = world.line().unwrap();
    assert!(line.sent().is_empty(), "nothing is said before the connection is open");
    line.event(SocketEvent::Opened);
    world.tasks.run();
    let hello = line.sent().pop().unwrap();
    assert_eq!(hello["payload"]["auth"], json!({"scheme": "x-vendor.acme.key", "token": "any text"}));
    assert_eq!(hello["payload"]["client"], json!({"name": "a", "version": "1"}));
    welcome(&line, "sess_1");
    world.tasks.run();
    let client = connected.take().unwrap().unwrap();
    let session = client.session();
    assert_eq!(
        (client.state(), session.id.as_str(), session.runtime_name.as_str()),
        (SessionState::Open, "sess_1", "r")
    );
    assert!(session.has_feature("ack") && !session.has_feature("progress"));
    assert_eq!((session.agents[0].name.as_str(), session.heartbeat), ("echo", Some(Duration::from_secs(3600))));
}

#[test]
fn the_first_connection_is_tried_once() {
    for (event, code) in [
        (broken(), Code::Network),
        (SocketEvent::Closed(CloseFrame::new(4401, "no")), Code::Unauthenticated),
        (SocketEvent::Closed(CloseFrame::new(4403, "no")), Code::Remote),
    ] {
        let world = World::new();
        let connected = world.run(ArcpClient::connect(URL, world.options(Auth::bearer("tok-alice"))));
        world.line().unwrap().event(event);
        world.tasks.run();
        assert_eq!(connected.take().unwrap().unwrap_err().code(), code);
        world.pass(60_000);
        assert!(world.line().is_none() && world.tasks.left() == 0);
    }
}

#[test]
fn no_welcome_comes_in_time() {
    let world = World::new();
    let options = world.options(Auth::none()).handshake_timeout(Duration::from_secs(2));
    let connected = world.run(ArcpClient::connect(URL, options));
    let line = world.line().unwrap();
    world.pass(1900);
    assert!(connected.take().is_none());
    world.pass(200);
    assert_eq!(connected.take().unwrap().unwrap_err().code(), Code::HandshakeTimeout);
    assert!(line.is_dropped() && line.closed().is_some());
}

#[test]
fn garbage_from_a_peer_is_its_mistake() {
    let world = World::new();
    let connected = world.run(ArcpClient::connect(URL, world.options(Auth::none())));
    let line = world.line().unwrap();
    line.event(SocketEvent::Opened);
    line.event(SocketEvent::Unreadable(String::new()));
    world.tasks.run();
    let error = connected.take().unwrap().unwrap_err();
    assert_eq!((error.code(), error.fault()), (Code::Protocol, arcgate::Fault::Peer));
}

#[test]
fn options_that_are_wrong_are_named_as_they_were_written() {
    fn refused(url: &str, change: impl FnOnce(ConnectOptions) -> ConnectOptions, auth: Auth) -> Error {
        let world = World::new();
        let error = world.run(ArcpClient::connect(url, change(world.options(auth)))).take().unwrap().unwrap_err();
        assert_eq!((error.code(), world.tasks.left()), (Code::Config, 0), "{error}");
        error
    }
    let same = |options: ConnectOptions| options;
    assert_eq!(refused("ws://agents.example", same, Auth::none()).subject(), Some("url"));
    assert_eq!(refused(URL, same, Auth::bearer("a b")).subject(), Some("token"));
    assert_eq!(refused(URL, same, Auth::vendor("basic", "a")).subject(), Some("Auth::vendor"));
    assert_eq!(refused("wss://a.example/tok-alice", same, Auth::bearer("tok-alice")).subject(), Some("url"));
    let slow = |options: ConnectOptions| options.handshake_timeout(Duration::from_secs(3600));
    assert_eq!(refused(URL, slow, Auth::none()).subject(), Some("handshake_timeout"));
    let never = |options: ConnectOptions| options.reconnect(Reconnect::new().max_attempts(0));
    assert_eq!(refused(URL, never, Auth::none()).subject(), Some("max_attempts"));
    let unknown = |options: ConnectOptions| options.features(["heartbeats"]);
    assert_eq!(refused(URL, unknown, Auth::none()).subject(), Some("features"));
    let everywhere = |options: ConnectOptions| options.insecure_hosts(["*"]);
    assert_eq!(refused(URL, everywhere, Auth::none()).subject(), Some("insecure_hosts"));
}

#[test]
fn where_nobody_runs_or_connects_that_is_said() {
    let world = World::new();
    let options = || ConnectOptions::new("a", "1", Auth::none());
    let error = world.run(ArcpClient::connect(URL, options())).take().unwrap().unwrap_err();
    assert_eq!((error.code(), error.subject()), (Code::Config, Some("sockets")));
    let sockets = |_: &str| -> Box<dyn arcgate::session::Socket> { unreachable!("nobody drives it") };
    let error = world.run(ArcpClient::connect(URL, options().sockets(sockets))).take().unwrap().unwrap_err();
    assert_eq!((error.code(), error.subject()), (Code::Config, Some("spawn")));
}

#[test]
fn a_program_decides_whether_a_lost_connection_is_made_again() {
    let world = World::new();
    let own = std::sync::Arc::new(std::sync::Mutex::new(None::<ArcpClient>));
    let known = std::sync::Arc::clone(&own);
    let options = world.options(Auth::none()).should_retry(move |end| {
        // It may look at the client.
        let state = known.lock().unwrap().as_ref().map(ArcpClient::state);
        assert_eq!(state, Some(SessionState::Open));
        end.code != 4999
    });
    let (client, line) = world.open(options);
    *own.lock().unwrap() = Some(client.clone());
    line.event(SocketEvent::Closed(CloseFrame::new(4999, "")));
    world.tasks.run();
    assert_eq!(client.state(), SessionState::Closed);
    assert_eq!(world.run(client.closed()).take().unwrap().error.unwrap().code(), Code::Network);
}

#[test]
fn what_was_not_agreed_on_is_refused_before_anything_is_sent() {
    let world = World::new();
    let (client, line) = world.open(world.options(Auth::none()).features(["ack"]));
    assert_eq!(client.session().features, ["ack"]);
    let subscribed = world.run(client.subscribe("job_1", arcgate::session::History::None)).take().unwrap();
    let error = subscribed.unwrap_err();
    assert_eq!((error.code(), error.subject(), error.is_retryable()), (Code::Remote, Some("subscribe"), false));
    assert!(line.sent().is_empty());
}
