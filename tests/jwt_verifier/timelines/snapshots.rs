//! Keys handed from one verifier to another.

use arcgate::Code;

use super::*;

crate::tests! {
    async fn a_snapshot_spares_a_fetch_and_keeps_its_age() {
        let old = Line::warm(&["1"]).await;
        old.world.sleep(300.0);
        let keys = old.verifier.export_keys();
        let line = Line::new([set(&["2"])]);
        line.world.sleep(300.0);
        line.verifier.import_keys(&keys).unwrap();
        line.accepts(token("1", 0)).await;
        assert_eq!(line.world.requests(), 0);
        line.world.sleep(300.0);
        line.refuses(token("1", 1), Code::KeyNotFound).await;
        assert_eq!(line.world.requests(), 1);
    }

    async fn a_snapshot_never_replaces_newer_keys() {
        let keys = Line::warm(&["1"]).await.verifier.export_keys();
        let line = Line::new([set(&["2"])]);
        line.world.sleep(10.0);
        line.accepts(token("2", 0)).await;
        line.verifier.import_keys(&keys).unwrap();
        line.accepts(token("2", 1)).await;
        // The newer set was fetched at this very instant.
        line.refuses(token("1", 0), Code::KeyNotFound).await;
    }

    async fn a_snapshot_beyond_its_age_serves_in_an_outage() {
        let keys = Line::warm(&["1"]).await.verifier.export_keys();
        let line = Line::new([Answer::Fails(Failure::Network)]);
        line.world.sleep(1000.0);
        line.verifier.import_keys(&keys).unwrap();
        line.accepts(token("1", 0)).await;
        assert_eq!(line.world.requests(), 1);
    }

    async fn a_snapshot_of_an_hour_ago_and_more_is_worth_nothing() {
        let keys = Line::warm(&["1"]).await.verifier.export_keys();
        let line = Line::new([Answer::Fails(Failure::Network)]);
        line.world.sleep(600.0 + 3600.0);
        line.verifier.import_keys(&keys).unwrap();
        line.refuses(token("1", 0), Code::JwksUnavailable).await;
    }

    async fn what_is_no_snapshot_is_a_mistake() {
        let line = Line::new([set(&["1"])]);
        for text in ["", "null", "[", "7", r#"{"one":7}"#, r#"{"one":{"issuer":"https://evil.example"}}"#] {
            match line.verifier.import_keys(text) {
                Err(error) => assert_eq!(error.code(), Code::Config, "{text}"),
                // What is of nobody here is left alone.
                Ok(()) => assert_eq!(line.verifier.export_keys(), Line::new([]).verifier.export_keys(), "{text}"),
            }
        }
        line.accepts(token("1", 0)).await;
        assert_eq!(line.world.requests(), 1);
    }
}
