//! How long keys are used, and how they are replaced.

use std::time::Duration;

use arcgate::Code;

use super::*;

/// A provider whose answers have this `Cache-Control`: its key is used for so long, and no longer.
async fn lasts(cache_control: Option<&str>, age: f64) {
    let answer = cache_control.map_or_else(|| set(&["1"]), |value| with_header(set(&["1"]), "Cache-Control", value));
    let line = Line::new([answer, Answer::Fails(Failure::Network)]);
    line.accepts(token("1", 0)).await;
    line.world.sleep(age * 0.7);
    line.accepts(token("1", 1)).await;
    assert_eq!(line.world.requests(), 1, "too early");
    line.world.answers([set(&["2"])]);
    line.world.sleep(age * 0.3);
    line.refuses(token("1", 0), Code::KeyNotFound).await;
    assert_eq!(line.world.requests(), 1, "too late");
    line.accepts(token("2", 0)).await;
}

crate::tests! {
    async fn a_removed_key_stops_at_ten_minutes() { lasts(None, 600.0).await }

    async fn a_longer_age_is_not_believed() { lasts(Some("public, max-age=31536000, immutable"), 600.0).await }

    async fn a_shorter_age_is_kept() { lasts(Some("max-age=120"), 120.0).await }

    async fn an_age_of_a_second_is_a_minute() { lasts(Some("max-age=1"), 60.0).await }

    async fn no_store_is_a_minute() { lasts(Some("no-store"), 60.0).await }

    async fn no_cache_is_a_minute() { lasts(Some("no-cache"), 60.0).await }

    async fn the_age_is_the_programs() {
        let line = Line::with(JwksCache::new().max_age(Duration::from_secs(60)), [set(&["1"]), set(&["2"])]);
        line.accepts(token("1", 0)).await;
        line.world.sleep(60.0);
        line.refuses(token("1", 0), Code::KeyNotFound).await;
    }

    async fn one_caller_refreshes_before_the_end_and_nobody_waits() {
        let line = Line::warm(&["1"]).await;
        line.world.sleep(479.0);
        line.accepts(token("1", 0)).await;
        assert_eq!(line.world.requests(), 0);
        line.world.sleep(1.0);
        // The provider hangs: whoever begins the refresh doesn't wait for it.
        line.world.answers([Answer::Hangs]);
        for n in 0..20 {
            line.accepts(token("1", n)).await;
        }
        assert!(line.world.requests() <= 1);
    }

    async fn a_refresh_brings_the_next_key() {
        let line = Line::warm(&["1"]).await;
        line.world.answers([set(&["1", "2"])]);
        line.world.sleep(490.0);
        line.accepts(token("1", 0)).await;
        // It goes on beside where the platform can, and with whoever comes next where it can't.
        for _ in 0..50 {
            crate::executor::turn().await;
        }
        line.accepts(token("1", 1)).await;
        line.accepts(token("2", 0)).await;
        assert_eq!(line.world.requests(), 1);
    }

    async fn a_replaced_key_ends_what_the_old_one_signed() {
        let line = Line::warm(&["1"]).await;
        line.accepts(token("1", 0)).await;
        line.world.sleep(10.0);
        line.world.answers([Answer::ok(body(&["namesake"]))]);
        line.refuses(unknown(0), Code::KeyNotFound).await;
        line.refuses(token("1", 0), Code::TokenSignature).await;
    }

    async fn a_second_key_of_the_same_name_ends_what_was_verified() {
        let line = Line::warm(&["1"]).await;
        line.accepts(token("1", 0)).await;
        line.world.sleep(10.0);
        line.world.answers([Answer::ok(body(&["1", "namesake"]))]);
        line.refuses(unknown(0), Code::KeyNotFound).await;
        line.refuses(token("1", 0), Code::KeyNotFound).await;
    }

    async fn fixed_keys_never_cause_a_fetch() {
        let line = Line::of(Provider::jwks(issuer(), body(&["1"])), JwksCache::new(), []);
        for n in 0..20 {
            line.accepts(token("1", n)).await;
            line.refuses(unknown(n), Code::KeyNotFound).await;
            line.world.sleep(86_400.0);
        }
        assert_eq!(line.world.requests(), 0);
    }

    async fn the_clock_set_back_rejuvenates_no_key() {
        for back in [3.0, 3600.0, 86_400.0] {
            let line = Line::warm(&["1"]).await;
            line.world.sleep(470.0);
            line.accepts(token("1", 0)).await;
            line.world.answers([set(&["2"])]);
            line.world.sleep(-back);
            line.verify(token("1", 1)).await.ok();
            line.world.sleep(130.0);
            // Ten minutes have passed, whatever the clock says. (By it the token may be from the future.)
            let error = line.verify(token("1", 2)).await.unwrap_err();
            assert!(matches!(error.code(), Code::KeyNotFound | Code::TokenNotYetValid), "{back}: {error}");
        }
    }

    async fn the_clock_set_forward_costs_one_fetch() {
        let line = Line::warm(&["1"]).await;
        line.world.sleep(3600.0);
        line.accepts(token("1", 0)).await;
        assert_eq!(line.world.requests(), 1);
        line.world.sleep(-3600.0);
        for _ in 0..40 {
            line.world.sleep(10.0);
            line.accepts(token("1", 1)).await;
        }
        assert_eq!(line.world.requests(), 0);
    }
}
