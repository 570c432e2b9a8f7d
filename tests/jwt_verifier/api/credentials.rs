//! Attacks through the `Authorization` field: 22. One scheme, one space, one token; everything else is told what is wrong with it.

use arcgate::{Code, Presented, Refusal};

use crate::timelines::{set, token, Line};

/// The answer to a request with this field.
async fn answered(field: Option<&str>) -> Result<String, Refusal> {
    let line = Line::new([set(&["1"])]);
    line.verifier.authenticate(field).await.map(|principal| principal.id().to_owned())
}

/// The field with a good token in the place of `{}`; its status and code.
async fn refused(field: &str, status: u16, code: Code) {
    let field = field.replace("{}", token("1", 0));
    let refusal = answered(Some(&field)).await.unwrap_err();
    assert_eq!((refusal.status(), refusal.error().code()), (status, code), "{field:?}");
    crate::table::tells_nothing(refusal.error(), token("1", 0));
    for (_, value) in refusal.fields() {
        assert!(!value.contains("eyJ"));
    }
}

crate::tests! {
    async fn attack_22_a_bearer_token_is_taken() {
        for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
            let field = format!("{scheme} {}", token("1", 0));
            assert_eq!(answered(Some(&field)).await.unwrap(), "of key 1: 0");
        }
    }

    async fn attack_22_no_field_is_told_how_and_no_error() {
        let refusal = answered(None).await.unwrap_err();
        assert_eq!(refusal.status(), 401);
        assert!(refusal.is_missing_credentials());
        let challenge = refusal.www_authenticate().unwrap();
        assert!(challenge.starts_with("Bearer") && !challenge.contains("error="), "{challenge}");
    }

    async fn attack_22_another_scheme_is_none() { refused("Basic dXNlcjpwYXNz", 401, Code::Unauthenticated).await }

    async fn attack_22_another_scheme_with_a_good_token_is_none() { refused("Token {}", 401, Code::Unauthenticated).await }

    async fn attack_22_dpop_is_no_bearer() { refused("DPoP {}", 401, Code::Unauthenticated).await }

    async fn attack_22_the_scheme_alone_is_no_request() { refused("Bearer", 400, Code::InvalidRequest).await }

    async fn attack_22_an_empty_token_is_no_request() { refused("Bearer ", 400, Code::InvalidRequest).await }

    async fn attack_22_two_spaces_are_no_request() { refused("Bearer  {}", 400, Code::InvalidRequest).await }

    async fn attack_22_a_tab_is_no_request() { refused("Bearer\t{}", 400, Code::InvalidRequest).await }

    async fn attack_22_two_tokens_are_no_request() { refused("Bearer {} {}", 400, Code::InvalidRequest).await }

    async fn attack_22_two_fields_are_no_request() { refused("Bearer {}, Bearer {}", 400, Code::InvalidRequest).await }

    async fn attack_22_two_schemes_are_no_request() { refused("Bearer {}, Basic eA==", 400, Code::InvalidRequest).await }

    async fn attack_22_a_quoted_token_is_no_request() { refused("Bearer \"{}\"", 400, Code::InvalidRequest).await }

    async fn attack_22_a_parameter_is_no_request() { refused("Bearer token={}", 400, Code::InvalidRequest).await }

    async fn attack_22_a_newline_is_no_request() { refused("Bearer {}\n", 400, Code::InvalidRequest).await }

    async fn attack_22_other_bytes_are_no_request() { refused("Bearer é", 400, Code::InvalidRequest).await }

    async fn attack_22_a_token_that_is_none_is_refused() { refused("Bearer x", 401, Code::TokenMalformed).await }

    async fn attack_22_a_token_of_more_than_16_kb_is_refused() {
        let field = format!("Bearer {}", "a".repeat(16_385));
        let refusal = answered(Some(&field)).await.unwrap_err();
        assert_eq!((refusal.status(), refusal.error().code()), (401, Code::TokenMalformed));
    }

    async fn attack_22_a_token_in_the_url_is_no_request() {
        let line = Line::new([set(&["1"])]);
        let field = format!("Bearer {}", token("1", 0));
        for query in ["access_token=x", "a=b&access_token=", "access%5Ftoken=x"] {
            let url = format!("https://api.example/reports?{query}");
            let presented = Presented::new(Some(&field)).url(&url);
            let refusal = line.verifier.authenticate_request(presented).await.unwrap_err();
            assert_eq!(refusal.status(), 400, "{query}");
        }
        let url = "https://api.example/reports?page=2";
        line.verifier.authenticate_request(Presented::new(Some(&field)).url(url)).await.unwrap();
    }

    async fn attack_20_every_bad_token_gets_the_same_answer() {
        let line = Line::new([set(&["1"])]);
        let (head, tail) = token("1", 0).rsplit_once('.').unwrap();
        let (_, other) = token("1", 1).rsplit_once('.').unwrap();
        let mut answers = std::collections::BTreeSet::new();
        let late = Line::new([set(&["1"])]);
        late.world.sleep(50.0 * 86_400.0);
        for (line, token) in [
            (&line, format!("{head}.{other}")),
            (&line, format!("{head}.{tail}=")),
            (&line, format!("{head}.")),
            (&late, token("1", 0).to_owned()),
        ] {
            let field = format!("Bearer {token}");
            let refusal = line.verifier.authenticate(Some(&field)).await.unwrap_err();
            let fields: Vec<_> = refusal.fields().collect();
            answers.insert(format!("{} {} {fields:?}", refusal.status(), refusal.body()));
        }
        // A token that is none may be told so: it says nothing of a verifier.
        assert!(answers.len() <= 2, "{answers:#?}");
    }

    async fn a_scope_that_is_missing_is_403() {
        let line = Line::new([set(&["1"])]);
        let field = format!("Bearer {}", token("1", 0));
        let presented = Presented::new(Some(&field)).scopes(["admin"]);
        let refusal = line.verifier.authenticate_request(presented).await.unwrap_err();
        assert_eq!(refusal.status(), 403);
        assert!(refusal.www_authenticate().unwrap().contains("admin"));
    }

    async fn a_provider_out_of_reach_is_503() {
        let line = Line::new([crate::world::Answer::Fails(arcgate::fetch::Failure::Network)]);
        let field = format!("Bearer {}", token("1", 0));
        let refusal = line.verifier.authenticate(Some(&field)).await.unwrap_err();
        assert_eq!(refusal.status(), 503);
        assert!(refusal.retry_after().is_some());
    }
}
