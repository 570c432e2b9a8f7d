//! Options in JSON and by the builder make the same verifier, and what is wrong with them is said by `build`.

use arcgate::{verifier::Builder, Algorithm, Code, JwtVerifier, Provider};

use crate::{
    timelines::{issuer, table, token},
    world::World,
};

fn keys() -> String {
    format!(r#"{{"keys":[{},{}]}}"#, table()["keys"]["1"], table()["keys"]["2"])
}

fn json(members: &str) -> Builder {
    Builder::from_json(&format!(r#"{{"providers":{{"one":{{"issuer":"{}","jwks":{}{members}}}}}}}"#, issuer(), keys()))
}

/// What is said of some tokens by a verifier of these options.
async fn says(builder: Builder) -> Vec<String> {
    let world = World::new(table()["now"].as_f64().unwrap(), []);
    let verifier = match world.around(builder).build() {
        Ok(verifier) => verifier,
        Err(error) => return vec![error.code().as_str().to_owned()],
    };
    let mut said = Vec::new();
    for seconds in [0.0, 700.0, 41.0 * 86_400.0] {
        world.sleep(seconds);
        for token in [token("1", 0), token("2", 0), token("3", 0), "a.b.c"] {
            said.push(crate::table::said(&verifier.verify(token).await).to_owned());
        }
    }
    said
}

/// Both make the same verifier.
async fn alike(members: &str, provider: impl FnOnce(Provider) -> Provider) {
    let provider = provider(Provider::jwks(issuer(), keys()));
    let typed = says(JwtVerifier::builder().provider("one", provider)).await;
    assert_eq!(typed, says(json(members)).await, "{members}");
}

crate::tests! {
    async fn an_audience_alike() { alike(r#","audience":"api""#, |provider| provider.audience("api")).await }

    async fn another_audience_alike() { alike(r#","audience":"other""#, |provider| provider.audience("other")).await }

    async fn audiences_alike() {
        alike(r#","audience":["other","api"]"#, |provider| provider.audience("other").audience("api")).await;
    }

    async fn any_audience_alike() { alike(r#","audience":null"#, Provider::any_audience).await }

    async fn no_audience_alike() { alike("", |provider| provider).await }

    async fn algorithms_alike() {
        alike(r#","audience":"api","algorithms":["ES256"]"#, |provider| {
            provider.audience("api").algorithms([Algorithm::ES256])
        }).await;
    }

    async fn no_algorithm_alike() {
        alike(r#","audience":"api","algorithms":[]"#, |provider| provider.audience("api").algorithms([])).await;
    }

    async fn an_hmac_with_public_keys_alike() {
        alike(r#","audience":"api","algorithms":["HS256"]"#, |provider| {
            provider.audience("api").algorithms([Algorithm::HS256])
        }).await;
    }

    async fn scopes_alike() {
        alike(r#","audience":"api","requiredScopes":["read"]"#, |provider| {
            provider.audience("api").required_scopes(["read"])
        }).await;
    }

    async fn kinds_alike() {
        alike(r#","audience":"api","typ":["at+jwt"]"#, |provider| provider.audience("api").typ(["at+jwt"])).await;
    }

    async fn ages_alike() {
        alike(r#","audience":"api","maxTokenAgeSec":600"#, |provider| {
            provider.audience("api").max_token_age(std::time::Duration::from_secs(600))
        }).await;
    }

    async fn lifetimes_alike() {
        alike(r#","audience":"api","maxLifetimeSec":3600"#, |provider| {
            provider.audience("api").max_lifetime(std::time::Duration::from_secs(3600))
        }).await;
    }

    async fn principals_alike() {
        alike(r#","audience":"api","principalClaim":["email","sub"]"#, |provider| {
            provider.audience("api").principal_claims(["email", "sub"])
        }).await;
    }

    async fn no_provider_is_a_mistake() {
        let error = JwtVerifier::builder().build().unwrap_err();
        assert_eq!(error.code(), Code::Config);
    }

    async fn a_provider_without_a_document_is_a_mistake_that_names_it() {
        let provider = Provider::jwks_uri("https://one.example", "http://one.example/keys").audience("api");
        let error = JwtVerifier::builder().provider("mine", provider).build().unwrap_err();
        assert_eq!(error.code(), Code::Config);
        assert!(error.subject().unwrap().contains("mine"), "{error}");
    }

    async fn what_is_no_json_is_a_mistake() {
        for text in ["", "[]", "{", "null", r#"{"providers":{}}"#, r#"{"provider":{}}"#] {
            assert_eq!(JwtVerifier::from_json(text).unwrap_err().code(), Code::Config, "{text}");
        }
    }

    async fn no_secret_is_shown() {
        let provider = Provider::secret(issuer(), b"0123456789abcdef0123456789abcdef".to_vec()).audience("api");
        let shown = format!("{provider:?}");
        let builder = JwtVerifier::builder().provider("one", provider);
        let shown = format!("{shown} {builder:?} {:?}", builder.clone().build().unwrap());
        assert!(!shown.contains("0123456789"), "{shown}");
    }
}
