//! Attacks on the cache of verified tokens: 16.

use std::time::Duration;

use arcgate::{verifier::TokenCache, Code, JwtVerifier, Provider};

use crate::{
    timelines::{issuer, set, table, token, Line},
    world::World,
};

/// A verifier of fixed keys on these terms, and its world.
fn local(provider: impl FnOnce(Provider) -> Provider) -> (JwtVerifier, World) {
    let keys = format!(r#"{{"keys":[{}]}}"#, table()["keys"]["1"]);
    let world = World::new(table()["now"].as_f64().unwrap(), []);
    let builder = JwtVerifier::builder().provider("one", provider(Provider::jwks(issuer(), keys)));
    (world.around(builder).build().unwrap(), world)
}

crate::tests! {
    async fn attack_16_a_token_seen_before_is_the_same_token() {
        let line = Line::new([set(&["1"])]);
        let first = line.accepts(token("1", 0)).await;
        for _ in 0..3 {
            let again = line.accepts(token("1", 0)).await;
            assert_eq!(again.claims_json(), first.claims_json());
            assert_eq!(again.principal(), first.principal());
        }
        assert_eq!(line.world.requests(), 1);
    }

    async fn attack_16_only_the_very_same_bytes_are_the_same_token() {
        let line = Line::new([set(&["1"])]);
        line.accepts(token("1", 0)).await;
        let parts: Vec<&str> = token("1", 0).split('.').collect();
        let others: Vec<&str> = token("1", 1).split('.').collect();
        line.refuses(&format!("{}.{}.{}", parts[0], others[1], parts[2]), Code::TokenSignature).await;
        line.refuses(&format!("{}.{}.{}", parts[0], parts[1], others[2]), Code::TokenSignature).await;
        line.refuses(&token("1", 0)[..token("1", 0).len() - 1], Code::TokenMalformed).await;
        line.refuses(&format!("{}=", token("1", 0)), Code::TokenMalformed).await;
        line.accepts(token("1", 0)).await;
    }

    async fn attack_16_a_remembered_token_ends_when_it_expires() {
        let (verifier, world) = local(|provider| provider.audience("api"));
        verifier.verify(token("1", 0)).await.unwrap();
        world.sleep(40.0 * 86_400.0 + 29.0);
        verifier.verify(token("1", 0)).await.unwrap();
        world.sleep(1.0);
        for _ in 0..2 {
            assert_eq!(verifier.verify(token("1", 0)).await.unwrap_err().code(), Code::TokenExpired);
        }
    }

    async fn attack_16_refusals_are_not_remembered() {
        let (verifier, world) = local(|provider| provider.audience("api"));
        world.sleep(-31.0);
        assert_eq!(verifier.verify(token("1", 0)).await.unwrap_err().code(), Code::TokenNotYetValid);
        world.sleep(1.0);
        verifier.verify(token("1", 0)).await.unwrap();
    }

    async fn attack_16_verifiers_share_nothing() {
        let (lax, _) = local(|provider| provider.audience("api"));
        lax.verify(token("1", 0)).await.unwrap();
        let (strict, _) = local(|provider| provider.audience("api").required_scopes(["admin"]));
        assert_eq!(strict.verify(token("1", 0)).await.unwrap_err().code(), Code::TokenScope);
        let (other, _) = local(|provider| provider.audience("other"));
        assert_eq!(other.verify(token("1", 0)).await.unwrap_err().code(), Code::TokenAudience);
        lax.verify(token("1", 0)).await.unwrap();
    }

    async fn attack_16_scopes_are_asked_on_every_use() {
        let (verifier, _) = local(|provider| provider.audience("api"));
        verifier.verify(token("1", 0)).await.unwrap();
        let error = verifier.verify_with(token("1", 0), &["read"]).await.unwrap_err();
        assert_eq!(error.code(), Code::TokenScope);
        verifier.verify(token("1", 0)).await.unwrap();
        assert!(verifier.verify(token("1", 0)).await.unwrap().require_scopes(&["read"]).is_err());
    }

    async fn attack_16_a_removed_key_ends_what_it_signed() {
        let line = Line::warm(&["1"]).await;
        line.accepts(token("1", 39)).await;
        line.world.answers([set(&["2"])]);
        line.world.sleep(601.0);
        line.refuses(token("1", 39), Code::KeyNotFound).await;
    }

    async fn attack_16_a_small_cache_gives_right_answers() {
        let cache = TokenCache::new().max_entries(2).max_age(Duration::from_secs(1));
        let world = World::new(table()["now"].as_f64().unwrap(), [set(&["1"])]);
        let provider = Provider::jwks_uri(issuer(), format!("{}/jwks", issuer())).audience("api");
        let builder = JwtVerifier::builder().provider("one", provider).token_cache(cache);
        let verifier = world.around(builder).build().unwrap();
        for round in 0..3 {
            for n in 0..10 {
                let verified = verifier.verify(token("1", n)).await.unwrap();
                assert_eq!(verified.principal().id(), format!("of key 1: {n}"), "{round}");
            }
            world.sleep(2.0);
        }
    }

    async fn attack_16_switched_off_it_remembers_nothing_and_all_is_well() {
        let world = World::new(table()["now"].as_f64().unwrap(), [set(&["1"])]);
        let provider = Provider::jwks_uri(issuer(), format!("{}/jwks", issuer())).audience("api");
        let verifier = world.around(JwtVerifier::builder().provider("one", provider).no_token_cache()).build().unwrap();
        for _ in 0..3 {
            verifier.verify(token("1", 0)).await.unwrap();
        }
        assert_eq!(world.requests(), 1);
    }
}
