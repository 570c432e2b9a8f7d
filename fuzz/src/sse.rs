//! Streams of server-sent events, cut where events end: whatever comes in whatever pieces, what is put behind a cut is an event of
//! its own. The first byte is the size of the pieces.

use arcgate::sans_io::{
    arc::client::{Event, EventReader, Limits},
    http::sse::Splitter,
};

const OURS: &str = "event: error\ndata: ours\n\n";

pub(crate) fn run(data: &[u8]) -> bool {
    let Some((size, stream)) = data.split_first() else { return false };
    let mut splitter = Splitter::new();
    let (mut whole, mut waiting) = (Vec::new(), Vec::new());
    let mut cuts = 0;
    for piece in stream.chunks(usize::from(*size).max(1)) {
        let end = splitter.push(piece);
        assert!(end <= piece.len());
        if end > 0 {
            whole.append(&mut waiting);
            whole.extend_from_slice(&piece[..end]);
            cuts += 1;
        }
        waiting.extend_from_slice(&piece[end..]);
        // Each cut is looked at as long as that is cheap.
        if end > 0 && cuts < 8 {
            stands_alone(&whole);
        }
    }
    stands_alone(&whole);
    cuts > 0
}

/// What is put behind these bytes is read as it is, and changes nothing before it.
fn stands_alone(whole: &[u8]) {
    let (Some(mut before), Some(after)) = (events(whole), events(&[whole, OURS.as_bytes()].concat())) else { return };
    before.push(("error".into(), "ours".into()));
    assert_eq!(after, before);
}

/// Nothing where it is not UTF-8.
fn events(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let mut reader = EventReader::new(Limits { event: usize::MAX, total: u64::MAX });
    reader.push(bytes).ok()?;
    let mut all = Vec::new();
    while let Some(Event { name, data }) = reader.next_event().ok()? {
        all.push((name, data));
    }
    let last = reader.finish().ok()?;
    assert!(last.is_none(), "a whole event needs no end of the stream");
    Some(all)
}
