//! Answers that are of no use but for the refresh token in them.

use super::*;

/// Answers of a provider that rotates, each wrong in another way.
const USELESS: [&str; 6] = [
    r#""access_token":"t9","token_type":"DPoP""#,
    r#""access_token":"t9","token_type":7"#,
    r#""access_token":"t9","token_type":"Bearer","id_token":"a b""#,
    r#""access_token":"t9","token_type":"Bearer","expires_in":0"#,
    r#""access_token":"a b","token_type":"Bearer""#,
    r#""token_type":"Bearer""#,
];

#[test]
fn a_rotated_refresh_token_outlives_the_answer_it_came_with() {
    for members in USELESS {
        for has_storage in [false, true] {
            let options = Options { has_storage, ..Options::default() };
            let mut world = World::jittered(PERSON, options, Jitter::Fixed(0.0));
            for number in 1..4 {
                world.reply = Reply::Answer(200, format!("{{{members},\"refresh_token\":\"r{number}\"}}"));
                let error = world.get().unwrap_err();
                assert!(!error.message().contains("t9") && !error.message().contains("r1"), "{error}");
                assert_eq!(
                    error.code().is_retryable(),
                    !members.contains("token_type\":\"DPoP") && !members.contains("token_type\":7"),
                    "{error}"
                );
                let sent = format!("refresh_token=r{}&", number - 1);
                assert!(world.requests.last().unwrap().contains(&sent), "{members}: {:?}", world.requests);
                if let Some(stored) = &world.storage {
                    assert!(stored.contains(&format!("\"refreshToken\":\"r{number}\"")), "{stored}");
                }
                world.sleep(1.0);
            }
            assert!(world.manager.export().is_some(), "other tabs are given it");
            world.reply = Reply::Life(600);
            world.sleep(60.0);
            assert!(world.get().is_ok(), "{members}");
        }
    }
}

#[test]
fn what_is_refused_beside_a_valid_token_leaves_that_in_the_storage() {
    let mut world = World::stored(PERSON);
    world.get().unwrap();
    world.sleep(3560.0);
    world.reply = Reply::Answer(200, r#"{"access_token":"a","token_type":"x","refresh_token":"r7"}"#.into());
    assert_eq!(world.get().unwrap(), "t1");
    let stored = world.storage.unwrap();
    assert!(stored.contains(r#""accessToken":"t1""#) && stored.contains(r#""refreshToken":"r7""#), "{stored}");
}

#[test]
fn a_rotated_refresh_token_outlives_an_error_beside_it() {
    for mut world in [World::of(PERSON), World::stored(PERSON)] {
        for (number, name) in ["server_busy", "invalid_grant"].into_iter().enumerate() {
            let answer = format!(r#"{{"error":"{name}","refresh_token":"r{}"}}"#, number + 1);
            world.reply = Reply::Answer(200, answer);
            assert_eq!(world.get().unwrap_err().subject(), Some(name));
            assert!(world.requests.last().unwrap().contains(&format!("refresh_token=r{number}&")), "{name}");
            world.sleep(60.0);
        }
        // One that is only repeated is no other one.
        world.reply = Reply::Answer(200, r#"{"error":"invalid_grant","refresh_token":"r2"}"#.into());
        let refused = world.get().unwrap_err();
        assert_eq!((refused.code(), refused.subject()), (Code::RefreshRejected, Some("invalid_grant")));
        assert!(world.manager.refresh_token().is_none());
    }
    // An error that says nothing is none.
    let mut world = World::of(PERSON);
    world.reply = Reply::Answer(200, r#"{"error":"","access_token":"t1","refresh_token":"r1"}"#.into());
    assert_eq!(world.get().unwrap(), "t1");
    assert!(world.manager.refresh_token().is_some_and(|token| token.matches(b"r1")));
}
