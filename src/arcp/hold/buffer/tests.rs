use super::*;

fn given(buffer: &mut Buffer) -> Vec<String> {
    std::iter::from_fn(|| buffer.next()).map(|text| text.as_ref().to_owned()).collect()
}

const A: &str = r#"{"type":"job.accepted","payload":{"request_id":"a"}}"#;
const B: &str = r#"{"type":"job.accepted","payload":{"request_id":"b"}}"#;
const ONCE: [&str; 2] =
    [r#"{"type":"session.error","payload":{"request_id":"c"}}"#, r#"{"type":"job.accepted","payload":{"job_id":"d"}}"#];

#[test]
fn what_a_client_may_not_have_comes_again_answers_first() {
    let mut buffer = Buffer::default();
    buffer.push(Some(1), 1, "1".into());
    for answer in [A, ONCE[0], ONCE[1]] {
        buffer.push(None, 0, answer.into());
    }
    buffer.push(Some(2), 2, "2".into());
    assert_eq!(given(&mut buffer), ["1", A, ONCE[0], ONCE[1], "2"]);
    buffer.rewind(0);
    assert_eq!(given(&mut buffer), [A, "1", "2"]);
    buffer.rewind(1);
    buffer.push(None, 0, B.into());
    assert_eq!(given(&mut buffer), [A, "2", B]);
    buffer.free(1);
    assert!(buffer.covers(1) && !buffer.covers(0) && !buffer.covers(3));
    assert!(buffer.has_nothing_after(2) && !buffer.has_nothing_after(1), "nothing will come after the answer");
    buffer.rewind(2);
    assert_eq!(given(&mut buffer), [B]);
    buffer.push(Some(3), 3, "3".into());
    assert_eq!(given(&mut buffer), ["3"]);
    buffer.rewind(3);
    assert!(buffer.has_nothing_after(3) && given(&mut buffer).is_empty() && buffer.is_given());
    buffer.free(3);
    assert_eq!(buffer.load(), (0, 0));
}

#[test]
fn an_answer_that_nobody_was_given_is_kept_however_many_there_are() {
    for answer in [A, ONCE[0]] {
        let mut buffer = Buffer::default();
        buffer.push(None, 0, answer.into());
        assert_eq!(given(&mut buffer).len(), 1);
        for _ in 0..2000 {
            buffer.push(None, 0, answer.into());
        }
        assert_eq!(given(&mut buffer).len(), 2000);
    }
}

#[test]
fn what_was_given_and_does_not_come_again_is_not_kept() {
    let mut buffer = Buffer::default();
    for _ in 0..1000 {
        buffer.push(None, 0, ONCE[0].into());
        given(&mut buffer);
    }
    assert_eq!(buffer.load(), (1, ONCE[0].len() + OVERHEAD));
    assert!(buffer.is_given());
}

#[test]
fn what_nobody_was_given_is_not_freed() {
    let mut buffer = Buffer::default();
    buffer.push(Some(1), 1, "1".into());
    buffer.free(9);
    assert!(!buffer.drop_given());
    assert_eq!(given(&mut buffer), ["1"]);
    buffer.free(9);
    assert_eq!((buffer.load(), buffer.freed), ((0, 0), 1));
}

#[test]
fn each_frame_is_stored_once() {
    let mut buffer = Buffer::default();
    buffer.push(Some(1), 1, "1".into());
    buffer.push(None, 0, "a".into());
    let places = |entries: Vec<Entry>| entries.iter().map(|entry| entry.at).collect::<Vec<_>>();
    assert_eq!(places(buffer.unstored()), [1, 2]);
    assert_eq!(places(buffer.unstored()), [0; 0]);
    buffer.push(None, 0, "b".into());
    given(&mut buffer);
    buffer.push(Some(2), 2, "2".into());
    assert_eq!(places(buffer.unstored()), [4], "the answer is with the client");
}
