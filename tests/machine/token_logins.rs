//! The token manager's logins.

use arcgate::sans_io::{
    secret::Secret,
    time::Time,
    token::{
        login::PendingLogin,
        manager::{AttemptId, Login, Manager, Options, Unverifiable},
    },
};

use super::{
    driver::holds,
    token::{answer, manager, ready, request},
    Input,
};

const SOURCE: &str =
    r#"{"type":"authorization_code","issuer":"https://i.example","clientId":"c","redirectUri":"https://p.example/cb"}"#;
const DOCUMENT: &str = r#"{"issuer":"https://i.example","token_endpoint":"https://i.example/token","authorization_endpoint":"https://i.example/auth"}"#;
const TOKENS: &str =
    r#"{"access_token":"a","token_type":"Bearer","expires_in":600,"refresh_token":"r1","id_token":"i1"}"#;
const CLAIMS: &str = r#"{"nonce":"n","aud":"c"}"#;

fn at(millis: f64, input: impl Fn(&mut Manager, Time) + 'static) -> Input<Manager> {
    (millis, Box::new(input))
}

fn pending(now: Time) -> PendingLogin {
    let (state, verifier) = (Secret::new("s"), Secret::new("v"));
    PendingLogin { state, nonce: "n".into(), verifier, return_to: Some("/inbox".into()), max_age: None, begun: now }
}

#[test]
fn a_login_that_comes_back_with_a_code() {
    let inputs = [
        request(1000.0, 1),
        at(1100.0, |manager, now| manager.handle_discovery(now)),
        ready(1101.0, 1),
        answer(1110.0, 1, 200, DOCUMENT),
        ready(1111.0, 1),
        at(1200.0, |manager, now| {
            manager.handle_login(pending(now), "challenge", &[], now).expect("somewhere to log in");
            // The page is left, and another one goes on.
            let kept = manager.pending_logins().to_json(manager.source_id());
            manager.handle_pending_logins(&kept, now);
        }),
        at(2000.0, |manager, now| {
            let return_to = manager.handle_login_answer(&[("state", "s"), ("code", "k")], now).expect("its answer");
            assert_eq!(return_to.as_deref(), Some("/inbox"));
        }),
        ready(2001.0, 2),
        answer(2010.0, 2, 200, TOKENS),
        ready(2011.0, 2),
        at(2020.0, |manager, now| manager.handle_verified(AttemptId(2), Ok(CLAIMS), now)),
        ready(2021.0, 2),
        request(2030.0, 1),
    ];
    holds(
        || manager(SOURCE, Options::default()),
        &inputs,
        &[
            "0: Answer(Refuse)",
            "100: Start",
            "101: Perform(Get)",
            "110: Resolve(Ok)",
            "111: End",
            "1000: Start",
            "1001: Perform(Post)",
            "1011: Perform(Verify)",
            "1020: Resolve(Ok) Refreshed(Initial)",
            "1021: End",
            "1030: Answer(Token)",
        ],
    );
}

#[test]
fn a_code_whose_id_token_nobody_can_verify() {
    let login =
        || Login { code: Secret::new("k"), verifier: Secret::new("v"), nonce: "n".to_owned(), max_auth_age: None };
    let keys =
        Unverifiable { why: "the provider's keys can't be had", status: Some(503), url: None, retry_after: None };
    let inputs = [
        at(1000.0, move |manager, now| manager.handle_code(login(), now)),
        ready(1001.0, 1),
        answer(1010.0, 1, 200, DOCUMENT),
        ready(1011.0, 1),
        answer(1020.0, 1, 200, TOKENS),
        ready(1021.0, 1),
        at(1030.0, move |manager, now| manager.handle_unverifiable(AttemptId(1), keys, now)),
        ready(1031.0, 1),
        request(2000.0, 1),
    ];
    holds(
        || manager(SOURCE, Options::default()),
        &inputs,
        &[
            "0: Start",
            "1: Perform(Get)",
            "11: Perform(Post)",
            "21: Perform(Verify)",
            "30: Resolve(Err)",
            "31: End",
            "1000: Answer(Refuse)",
        ],
    );
}
