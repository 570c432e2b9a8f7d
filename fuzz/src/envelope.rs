//! The envelope of ARCP, and the messages of the handshake in it.

use arcgate::sans_io::{
    arcp::{
        message::{Hello, Welcome},
        Envelope, Frame,
    },
    json::Members,
};

pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Ok(envelope) = Envelope::parse(text) else { return false };
    let payload = envelope.payload().expect("an envelope has a payload");
    let payload = payload.iter().fold(Members::new(), |members, (name, value)| members.value(name, value)).end();
    let frame = Frame {
        session_id: envelope.session_id(),
        job_id: envelope.job_id(),
        trace_id: envelope.trace_id(),
        event_seq: envelope.event_seq(),
        ..Frame::new(envelope.kind(), envelope.id(), &payload)
    };
    let written = frame.write();
    let again = Envelope::parse(&written).unwrap_or_else(|wrong| panic!("{wrong:?} in what was written: {written}"));
    assert_eq!((again.kind(), again.id()), (envelope.kind(), envelope.id()));
    assert_eq!((again.session_id(), again.job_id()), (envelope.session_id(), envelope.job_id()));
    assert_eq!((again.trace_id(), again.event_seq()), (envelope.trace_id(), envelope.event_seq()));

    // What is read of a message is kept, handed on and written again; no peer may make it grow on the way.
    if let Ok(hello) = Hello::read(&envelope) {
        let copy = Frame::new("session.hello", "01J", &hello.write()).write();
        let copy = Envelope::parse(&copy).expect("a hello that was written is an envelope");
        Hello::read(&copy).expect("a hello that was written is a hello");
    }
    let _ = Hello::read_resume(&envelope);
    if let Ok(welcome) = Welcome::read(&envelope) {
        let payload = welcome.write("sess_1", "2027-01-15T08:00:00Z");
        assert!(payload.len() <= data.len() * 6 + 1024, "{} bytes of {}", payload.len(), data.len());
        let copy = Frame::new("session.welcome", "01J", &payload).of_session("sess_1").write();
        let copy = Envelope::parse(&copy).expect("a welcome that was written is an envelope");
        Welcome::read(&copy).expect("a welcome that was written is a welcome");
    }
    true
}
