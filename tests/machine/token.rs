//! The token manager.

use arcgate::sans_io::{
    jose::{jwks_cache::FetchFailure, url::PlainHosts},
    json,
    time::{Span, Time},
    token::{
        jitter::Jitter,
        manager::{AttemptId, Manager, Options, RefreshTokenStatus, Request, RequesterId, Response},
        source::Source,
    },
};

use super::{driver::holds, Input};

const MACHINE: &str =
    r#"{"type":"client_credentials","tokenEndpoint":"https://i.example/token","clientId":"c","clientSecret":"s"}"#;
pub(crate) const PERSON: &str =
    r#"{"type":"refresh_token","tokenEndpoint":"https://i.example/token","clientId":"c","refreshToken":"r0"}"#;
pub(crate) const TOKENS: &str = r#"{"access_token":"t1","token_type":"Bearer","expires_in":600,"refresh_token":"r1"}"#;

pub(crate) fn manager(source: &str, options: Options) -> Manager {
    let source = json::parse_object(source.as_bytes()).expect("a source is JSON");
    let source = Source::from_options(&source, &PlainHosts::default()).expect("a source is good");
    Manager::new(source, options, Jitter::new(42))
}

pub(crate) fn request(at: f64, requester: u32) -> Input<Manager> {
    let ask = move |manager: &mut Manager, now: Time| {
        let request = Request { arrived: now, min_validity: Span::ZERO, force: None };
        manager.handle_request(RequesterId(requester), &request, now);
    };
    (at, Box::new(ask))
}

pub(crate) fn ready(at: f64, attempt: u32) -> Input<Manager> {
    (at, Box::new(move |manager, now| manager.handle_ready(AttemptId(attempt), "jti", now)))
}

pub(crate) fn answer(at: f64, attempt: u32, status: u16, body: &'static str) -> Input<Manager> {
    let response = move |manager: &mut Manager, now: Time| {
        let response = Response { status, body: body.as_bytes(), date: None, retry_after: None };
        manager.handle_response(AttemptId(attempt), response, now);
    };
    (at, Box::new(response))
}

fn count(told: &[String], what: &str) -> usize {
    told.iter().filter(|line| line.contains(what)).count()
}

#[test]
fn the_token_manager_keeps_the_contract() {
    let inputs = [
        request(1000.0, 1),
        request(1000.0, 2),
        ready(1001.0, 1),
        answer(1100.0, 1, 200, TOKENS),
        ready(1101.0, 1),
        request(1200.0, 1),
        request(1200.0, 2),
        // Nobody performs what the timer starts when the token is due.
        request(700_000.0, 3),
    ];
    let told = holds(
        || manager(MACHINE, Options::default()),
        &inputs,
        &[
            "0: Start Answer(AskAgain) Answer(Wait)",
            "1: Perform(Post)",
            "100: Refreshed(Initial)",
            "101: End",
            "200: 2xAnswer(Token)",
            "495507: Start",
            "506507: Start",
            "517507: Start",
            "528507: Start",
            "539507: Start",
            "550507: Start",
            "561507: Start",
            "572507: Start",
            "583507: Start",
            "594507: Start",
            "598000: Expired",
            "699000: Start Answer(AskAgain)",
        ],
    );
    assert_eq!(count(&told, "Answer(RequesterId(2), Wait(AttemptId(1)"), 1, "{told:#?}");
    assert_eq!((count(&told, "Token)"), count(&told, "Refreshed")), (2, 1), "{told:#?}");
    assert!(count(&told, "Start(AttemptId(2))") == 1 && count(&told, "Expired") == 1, "{told:#?}");
}

#[test]
fn so_does_one_that_is_refused() {
    let options = Options { has_storage: true, ..Options::default() };
    let inputs: Vec<Input<Manager>> = vec![
        request(1000.0, 1),
        ready(1001.0, 1),
        (1002.0, Box::new(|manager, now| manager.handle_loaded(AttemptId(1), None, now))),
        ready(1003.0, 1),
        answer(1100.0, 1, 400, r#"{"error":"invalid_grant"}"#),
        ready(1101.0, 1),
        // What another one has stored since is looked for, and there is nothing.
        (1102.0, Box::new(|manager, now| manager.handle_failure(AttemptId(1), FetchFailure::Timeout, now))),
        ready(1103.0, 1),
        (1104.0, Box::new(|manager, now| manager.handle_stored(AttemptId(1), true, now))),
        ready(1105.0, 1),
        request(1200.0, 1),
        // Once a minute it looks again.
        request(90_000.0, 1),
        ready(90_001.0, 2),
        (90_002.0, Box::new(|manager, now| manager.handle_loaded(AttemptId(2), Some("nothing"), now))),
        request(90_003.0, 1),
    ];
    let told = holds(
        || manager(PERSON, options.clone()),
        &inputs,
        &[
            "0: Start Answer(AskAgain)",
            "1: Perform(Load)",
            "3: Perform(Post)",
            "101: Perform(Load)",
            "102: Failed",
            "103: Perform(Delete)",
            "105: End",
            "200: Answer(Refuse)",
            "89000: Start Answer(AskAgain)",
            "89001: Perform(Load)",
            "89003: Answer(Refuse)",
        ],
    );
    assert_eq!((count(&told, "Refuse("), count(&told, "Failed {")), (2, 1), "{told:#?}");
    assert!(count(&told, "Delete") == 1 && count(&told, "Post(") == 1, "{told:#?}");
}

#[test]
fn so_does_one_whose_performers_vanish() {
    let gone = |at, attempt| -> Input<Manager> {
        (at, Box::new(move |manager, now| manager.handle_performer_gone(AttemptId(attempt), now)))
    };
    let inputs = [
        request(1000.0, 1),
        ready(1001.0, 1),
        gone(2000.0, 1),
        ready(2001.0, 1),
        gone(3000.0, 1),
        ready(3001.0, 1),
        // Three are enough: that is a failure.
        gone(4000.0, 1),
        ready(4001.0, 1),
        request(4002.0, 2),
        request(10_000.0, 2),
        ready(10_001.0, 2),
        answer(10_100.0, 2, 200, TOKENS),
        // The first one's answer comes after all.
        answer(10_200.0, 1, 200, TOKENS),
        request(10_300.0, 2),
    ];
    let told = holds(
        || manager(MACHINE, Options::default()),
        &inputs,
        &[
            "0: Start Answer(AskAgain)",
            "1: Perform(Post)",
            "1000: Start",
            "1001: Perform(Post)",
            "2000: Start",
            "2001: Perform(Post)",
            "3000: Failed",
            "3001: End",
            "3002: Answer(Refuse)",
            "9000: Start Answer(AskAgain)",
            "9001: Perform(Post)",
            "9100: Refreshed(Initial)",
            "9300: Answer(Token)",
        ],
    );
    assert_eq!((count(&told, "Start(AttemptId(1))"), count(&told, "Start(AttemptId(2))")), (3, 1), "{told:#?}");
    assert_eq!((count(&told, "Failed {"), count(&told, "Refreshed")), (1, 1), "{told:#?}");
    assert!(told.last().is_some_and(|last| last.contains("Answer(RequesterId(2), Token)")), "{told:#?}");
}

#[test]
fn so_does_one_that_shares_its_tokens() {
    let options = Options { is_shared: true, ..Options::default() };
    let asked = |at, attempt, status| -> Input<Manager> {
        (at, Box::new(move |manager, now| manager.handle_tabs_asked(AttemptId(attempt), status, now)))
    };
    let inputs: Vec<Input<Manager>> = vec![
        request(1000.0, 1),
        ready(1001.0, 1),
        asked(1150.0, 1, RefreshTokenStatus::Usable),
        ready(1151.0, 1),
        (1152.0, Box::new(|manager, now| manager.handle_lock(AttemptId(1), false, now))),
        ready(1153.0, 1),
        asked(4200.0, 1, RefreshTokenStatus::Rotated),
        ready(4201.0, 1),
        request(4202.0, 1),
        (5000.0, Box::new(|manager, now| _ = manager.handle_sign_out(now, true, now))),
        (5001.0, Box::new(|manager, now| manager.handle_sign_in(now))),
        (5002.0, Box::new(|manager, now| manager.handle_return(now))),
        request(5003.0, 1),
    ];
    let told = holds(
        || manager(PERSON, options.clone()),
        &inputs,
        &[
            "0: Start Answer(AskAgain)",
            "1: Perform(AskTabs)",
            "151: Perform(Lock)",
            "153: Perform(AskTabs)",
            "3200: Failed",
            "3201: End",
            "3202: Answer(Refuse)",
            "4003: Answer(Refuse)",
        ],
    );
    assert!(count(&told, "AskTabs") == 2 && count(&told, "task: Lock") == 1 && count(&told, "Post(") == 0, "{told:#?}");
}

#[test]
fn a_token_that_is_used_is_refreshed_for_as_long_as_somebody_answers() {
    let mut inputs = vec![request(1000.0, 1), ready(1001.0, 1), answer(1002.0, 1, 200, TOKENS), request(1003.0, 1)];
    // The timer starts each attempt; whoever performs the odd ones vanishes, and the next is begun in its place.
    for attempt in 2..8 {
        let at = 500_000.0 * f64::from(attempt - 1);
        inputs.push(ready(at, attempt));
        inputs.push(request(at + 1.0, 1));
        if attempt % 2 == 0 {
            inputs.push(answer(at + 2.0, attempt, 200, TOKENS));
            inputs.push(request(at + 3.0, 1));
        }
    }
    let told = holds(
        || manager(MACHINE, Options::default()),
        &inputs,
        &[
            "0: Start Answer(AskAgain)",
            "1: Perform(Post)",
            "2: Refreshed(Initial)",
            "3: Answer(Token)",
            "495507: Start",
            "499000: Perform(Post)",
            "499001: Answer(Token)",
            "499002: Refreshed(Expiring)",
            "499003: Answer(Token)",
            "999000: End",
            "999001: Answer(Token)",
            "1025913: Start",
            "1036913: Start",
            "1047913: Start",
            "1058913: Start",
            "1069913: Start",
            "1080913: Start",
            "1091913: Start",
            "1093507: Expired",
            "1499000: End",
            "1499001: Start Answer(AskAgain)",
            "1499003: Answer(Wait)",
            "1999000: End",
            "1999001: Start Answer(AskAgain)",
            "2499000: End",
            "2499001: Start Answer(AskAgain)",
            "2499003: Answer(Wait)",
            "2999000: End",
            "2999001: Start Answer(AskAgain)",
        ],
    );
    assert!(count(&told, "Start(") >= 4, "{told:#?}");
}
