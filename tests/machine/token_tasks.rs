//! The token manager's tasks, and what others say to it.

use arcgate::sans_io::{
    time::Time,
    token::{
        manager::{AttemptId, Manager, Options, Thrown},
        response,
    },
};

use super::{
    driver::holds,
    token::{answer, manager, ready, request, PERSON, TOKENS},
    Input,
};

const CALLBACK: &str = r#"{"type":"callback","fetchToken":true}"#;
const KEYED: &str = r#"{"type":"client_credentials","issuer":"https://i.example","tokenEndpoint":"https://i.example/token","clientId":"c","privateKey":true,"algorithm":"ES256"}"#;

fn at(millis: f64, input: impl Fn(&mut Manager, Time) + 'static) -> Input<Manager> {
    (millis, Box::new(input))
}

#[test]
fn a_function_that_throws_and_then_gives_a_token() {
    let thrown = Thrown { name: Some("TypeError"), is_permanent: false };
    let inputs = [
        request(1000.0, 1),
        ready(1001.0, 1),
        at(1100.0, move |manager, now| manager.handle_callback_error(AttemptId(1), thrown, now)),
        ready(1101.0, 1),
        request(1102.0, 1),
        request(10_000.0, 1),
        ready(10_001.0, 2),
        at(10_100.0, |manager, now| {
            manager.handle_callback(AttemptId(2), br#"{"access_token":"c1","expires_in":600}"#, now);
        }),
        ready(10_101.0, 2),
        request(10_102.0, 1),
        at(20_000.0, |manager, now| assert!(manager.handle_refused_token("c1", now))),
        request(20_001.0, 1),
        at(20_002.0, |manager, now| {
            manager.handle_tokens(Box::new(response::access_token_only("c2").expect("a token")), now)
        }),
        request(20_003.0, 1),
    ];
    holds(
        || manager(CALLBACK, Options::default()),
        &inputs,
        &[
            "0: Start Answer(AskAgain)",
            "1: Perform(Callback)",
            "100: Failed",
            "101: End",
            "102: Answer(Refuse)",
            "9000: Start Answer(AskAgain)",
            "9001: Perform(Callback)",
            "9100: Refreshed(Initial)",
            "9101: End",
            "9102: Answer(Token)",
            "19001: Start Answer(AskAgain)",
            "19003: Answer(Token)",
        ],
    );
}

#[test]
fn a_key_that_signs() {
    let inputs = [
        request(1000.0, 1),
        ready(1001.0, 1),
        at(1010.0, |manager, now| manager.handle_signature(AttemptId(1), "c2ln", now)),
        ready(1011.0, 1),
        answer(1100.0, 1, 200, TOKENS),
        ready(1101.0, 1),
        request(1102.0, 1),
    ];
    holds(
        || manager(KEYED, Options::default()),
        &inputs,
        &[
            "0: Start Answer(AskAgain)",
            "1: Perform(Sign)",
            "11: Perform(Post)",
            "100: Refreshed(Initial)",
            "101: End",
            "102: Answer(Token)",
        ],
    );
}

#[test]
fn tokens_of_other_tabs() {
    let mut other = manager(PERSON, Options::default());
    for (at, input) in [request(1000.0, 1), ready(1001.0, 1), answer(1002.0, 1, 200, TOKENS)] {
        input(&mut other, Time::from_millis(at));
    }
    let exported = other.export().expect("it has tokens");
    let exported = String::from_utf8_lossy(exported.expose()).into_owned();
    let inputs = [
        at(2000.0, |manager: &mut Manager, now| assert!(manager.handle_tab_message(r#"{"ask":true}"#, now).asks)),
        at(2100.0, move |manager, now| assert!(manager.handle_shared_tokens(&exported, now))),
        request(2200.0, 1),
        at(3000.0, |manager, now| assert!(manager.handle_tab_message(r#"{"out":3000}"#, now).is_signed_out)),
        request(3100.0, 1),
    ];
    let options = || Options { is_shared: true, ..Options::default() };
    holds(
        || manager(PERSON, options()),
        &inputs,
        &["100: Adopted", "200: Answer(Token)", "1000: SignedOut", "1100: Start Answer(AskAgain)"],
    );
}

#[test]
fn tokens_that_are_revoked() {
    let source = r#"{"type":"refresh_token","issuer":"https://i.example","clientId":"c","refreshToken":"r0"}"#;
    let document = r#"{"issuer":"https://i.example","token_endpoint":"https://i.example/token","revocation_endpoint":"https://i.example/revoke"}"#;
    let inputs = [
        request(1000.0, 1),
        ready(1001.0, 1),
        answer(1010.0, 1, 200, document),
        ready(1011.0, 1),
        answer(1100.0, 1, 200, TOKENS),
        ready(1101.0, 1),
        at(2000.0, |manager, now| manager.handle_revocation(now)),
        ready(2001.0, 2),
        answer(2100.0, 2, 200, ""),
        ready(2101.0, 2),
        at(2110.0, |manager, now| manager.handle_stored(AttemptId(2), true, now)),
        ready(2111.0, 2),
        // There is nothing left to revoke.
        at(2200.0, |manager, now| manager.handle_revocation(now)),
        request(2400.0, 1),
    ];
    holds(
        || manager(source, Options::default()),
        &inputs,
        &[
            "0: Start Answer(AskAgain)",
            "1: Perform(Get)",
            "11: Perform(Post)",
            "100: Refreshed(Initial)",
            "101: End",
            "1000: Start",
            "1001: Perform(Post)",
            "1100: Resolve(Ok) Revoked",
            "1101: Perform(Delete)",
            "1111: End",
            "1400: Answer(Refuse)",
        ],
    );
}
