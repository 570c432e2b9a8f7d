//! The embedded runtime.

use arcgate::{arcp::runtime::Hub, time::Time};

use super::{holds, Input};

const HELLO: &str = r#"{"arcp":"1.1","id":"01J00000000000000000000001","type":"session.hello","payload":{"client":{"name":"c","version":"1"},"auth":{"scheme":"x-vendor.arcgate.principal","token":"{\"kind\":\"static\",\"id\":\"alice\",\"labels\":{}}"},"capabilities":{"encodings":["json"],"features":["ack","list_jobs"]}}}"#;

#[test]
fn the_hub_keeps_the_contract() {
    let inputs: Vec<Input<Hub>> = vec![
        (1000.0, Box::new(|hub, now| hub.handle_hello(1, HELLO, &[7; 32], false, now))),
        (1100.0, Box::new(|hub, now| hub.handle_frame(1, "no frame", now))),
        (1200.0, Box::new(|hub, now| hub.handle_closed(1, now))),
        (1300.0, Box::new(|hub: &mut Hub, now: Time| hub.handle_hello(2, "no hello", &[8; 32], true, now))),
        // Past the time in which the session can be taken up again.
        (2_000_000.0, Box::new(|hub, now| hub.handle_hello(3, HELLO, &[9; 32], false, now))),
    ];
    let told = holds(|| Hub::new(r#"{"agents":["echo"],"policy":false}"#, 42).expect("a sound configuration"), &inputs);
    assert_eq!(told.iter().filter(|line| line.contains("session.welcome")).count(), 2, "{told:#?}");
}
