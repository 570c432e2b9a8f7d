//! What is told to who has, or asks for, more than a principal may.

use super::*;

#[test]
fn too_many_of_a_principal_has_a_name_and_a_number() {
    let mut world = World::new();
    world.client_says(&hello("", &[]));
    world.gate.handle_too_many_connections(alice(), 250, world.time());
    world.drain();
    let mut of_hub = World::with("{}", true);
    of_hub.client_says(&hello("", &[]));
    of_hub.authenticated(alice());
    of_hub.opened();
    let payload = r#"{"code":"PERMISSION_DENIED","message":"x","retryable":true,"details":{"reason":"too_many_sessions","limit":32}}"#;
    of_hub.upstream_says(&Frame::new("session.error", ID, payload).write());
    for (world, reason, limit) in [(world, "too_many_connections", "250"), (of_hub, "too_many_sessions", "32")] {
        assert_eq!(world.end(), ended("PERMISSION_DENIED", 4429));
        assert_eq!(world.reason(), reason);
        let error = &world.client[0];
        assert_eq!(member(error, "retryable"), "true");
        assert!(member(error, "message").contains(limit));
        assert_eq!(member(error, "details"), format!(r#"{{"reason":"{reason}","limit":{limit}}}"#));
        assert_eq!(world.log[0].principal.as_deref(), Some("static||alice"));
    }
    let mut full = World::with("{}", true);
    full.client_says(&hello("", &[]));
    full.authenticated(alice());
    full.opened();
    let why = r#"{"reason":"store_full","of":"rows","limit":100}"#;
    let error = r#"{"code":"INTERNAL_ERROR","details":{"reason":"store_full","of":"rows","limit":100}}"#;
    full.upstream_says(&Frame::new("session.error", ID, error).write());
    assert_eq!((full.end(), member(&full.client[0], "details")), (ended("INTERNAL_ERROR", 4429), why.to_owned()));
    let mut often = World::new();
    often.client_says(&hello("", &[]));
    often.gate.handle_too_many_requests(alice(), often.time());
    often.drain();
    let mut of_hub = World::with("{}", true);
    of_hub.client_says(&hello("", &[]));
    of_hub.authenticated(alice());
    of_hub.opened();
    let error = r#"{"code":"INTERNAL_ERROR","retryable":true,"details":{"reason":"too_many_requests"}}"#;
    of_hub.upstream_says(&Frame::new("session.error", ID, error).write());
    for world in [often, of_hub] {
        assert_eq!((world.end(), world.reason().as_str()), (ended("INTERNAL_ERROR", 4429), "too_many_requests"));
        assert_eq!(member(&world.client[0], "details"), r#"{"reason":"too_many_requests"}"#);
        assert_eq!(member(&world.client[0], "retryable"), "true");
        assert_eq!(world.log[0].principal.as_deref(), Some("static||alice"));
    }
    // Another's runtime is never quoted.
    let mut world = World::new();
    world.client_says(&hello("", &[]));
    world.authenticated(alice());
    world.opened();
    world.upstream_says(&Frame::new("session.error", ID, payload).write());
    assert_eq!(world.end(), ended("PERMISSION_DENIED", 4403));
    assert!(!world.client[0].contains("sessions"));
}
