//! Names that nobody has, in numbers, and the new key among them.

use arcgate::Code;

use super::*;

crate::tests! {
    async fn ten_unknown_kids_cause_one_fetch() {
        let line = Line::warm(&["1"]).await;
        line.world.sleep(60.0);
        line.refuses(unknown(0), Code::KeyNotFound).await;
        for n in 1..10 {
            line.world.sleep(0.1);
            line.refuses(unknown(n), Code::JwksUnavailable).await;
        }
        assert_eq!(line.world.requests(), 1);
        line.accepts(token("1", 0)).await;
    }

    async fn a_rotated_key_is_accepted_at_once_where_nobody_was_asked_lately() {
        let line = Line::warm(&["1"]).await;
        line.world.sleep(60.0);
        line.world.answers([set(&["1", "2"])]);
        line.accepts(token("2", 0)).await;
        line.accepts(token("1", 0)).await;
        assert_eq!(line.world.requests(), 1);
    }

    async fn a_rotated_key_is_accepted_under_a_flood_of_unknown_kids() {
        let line = Line::warm(&["1"]).await;
        line.world.sleep(60.0);
        // Four unknown names a second for a minute; the key is there after 12 s.
        let (mut accepted, mut requests) = (None, 0);
        for tick in 0..240 {
            let at = f64::from(tick) * 0.25;
            line.world.answers([if at >= 12.0 { set(&["1", "2"]) } else { set(&["1"]) }]);
            let error = line.verify(unknown(tick as usize % 60)).await.unwrap_err();
            assert!(matches!(error.code(), Code::KeyNotFound | Code::JwksUnavailable), "{error}");
            line.accepts(token("1", tick as usize % 40)).await;
            if at >= 12.0 {
                match line.verify(token("2", 0)).await {
                    Ok(_) => drop(accepted.get_or_insert(at)),
                    Err(error) => assert_eq!(error.code(), Code::JwksUnavailable, "a rotated key was called unknown"),
                }
            }
            requests += line.world.requests();
            line.world.sleep(0.25);
        }
        assert!((11..=13).contains(&requests), "{requests} requests");
        assert!(accepted.unwrap() <= 12.0 + 5.25, "{accepted:?}");
    }

    async fn a_kid_is_unknown_only_after_a_fetch_that_began_later() {
        let line = Line::warm(&["1"]).await;
        // Asked within this same instant.
        line.refuses(unknown(0), Code::KeyNotFound).await;
        line.world.sleep(1.0);
        line.unavailable(unknown(1), 4.0).await;
        line.world.sleep(3.9);
        line.unavailable(unknown(1), 0.1).await;
        assert_eq!(line.world.requests(), 0);
        line.world.sleep(0.1);
        line.refuses(unknown(1), Code::KeyNotFound).await;
        assert_eq!(line.world.requests(), 1);
    }

    async fn a_token_that_came_before_its_fetch_is_decided_by_it() {
        let line = Line::warm(&["1"]).await;
        line.world.sleep(60.0);
        line.world.answers([Answer::Late(1.0, Response::new(200, body(&["1"])))]);
        line.refuses(unknown(0), Code::KeyNotFound).await;
        assert_eq!(line.world.requests(), 1);
        line.world.sleep(60.0);
        line.world.answers([Answer::Late(1.0, Response::new(200, body(&["1", "2"])))]);
        line.accepts(token("2", 0)).await;
    }

    async fn a_failed_fetch_calls_no_kid_unknown() {
        let line = Line::warm(&["1"]).await;
        line.world.sleep(60.0);
        line.world.answers([status(503)]);
        line.unavailable(token("2", 0), 5.0).await;
        line.accepts(token("1", 0)).await;
        line.world.answers([set(&["1", "2"])]);
        line.world.sleep(5.0);
        line.accepts(token("2", 0)).await;
    }
}
