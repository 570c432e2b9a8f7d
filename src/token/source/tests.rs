//! Options of sources: what is read, what is refused, what an id tells apart.

use super::*;
use crate::{error::Code, json};

fn source(text: &str) -> Result<Source, String> {
    Source::from_options(&json::parse_object(text.as_bytes()).unwrap(), &PlainHosts::default()).map_err(|error| {
        assert_eq!(error.code(), Code::Config);
        error.message().to_owned()
    })
}

#[test]
fn reads_each_kind() {
    assert_eq!(source(r#"{"type":"static","token":"t"}"#).unwrap().kind, Kind::Static);
    assert!(source(r#"{"type":"callback","fetchToken":true}"#).unwrap().obtains());
    let machine = source(
        r#"{"type":"client_credentials","issuer":"https://i.example","clientId":"c","clientSecret":"s","parameters":{"a":"b"}}"#,
    )
    .unwrap();
    assert!(matches!(machine.auth, ClientAuth::Basic(_)));
    let refresh = r#"{"type":"refresh_token","tokenEndpoint":"https://i.example/t","clientId":"c","refreshToken":"r"}"#;
    assert!(matches!(source(refresh).unwrap().auth, ClientAuth::None));
    let login = r#"{"type":"authorization_code","issuer":"https://i.example","clientId":"c","redirectUri":"https://p.example/"}"#;
    assert_eq!(source(login).unwrap().scope.as_deref(), Some("openid"));
}

#[test]
fn what_is_wrong_is_named_with_its_fix() {
    let machine = |rest: &str| {
        let text =
            r#"{"type":"client_credentials","issuer":"https://i.example","clientId":"c""#.to_owned() + rest + "}";
        source(&text).unwrap_err()
    };
    assert!(source(r#"{"type":"password"}"#).unwrap_err().contains("authorization_code"));
    assert!(source(r#"{"type":"static","token":"a b"}"#).unwrap_err().contains("character"));
    assert!(machine("").contains("clientSecret"));
    assert!(machine(r#","clientSecret":"s","privateKey":true"#).contains("give one"));
    assert!(machine(r#","clientSecret":"s","clientAuth":"none""#).contains("clientAuth"));
    assert!(machine(r#","clientSecret":"s","clientAuth":"private_key_jwt""#).contains("privateKey"));
    assert!(machine(r#","clientSecret":"s","client_secret":"s""#).contains("did you mean"));
    // Of another kind, but undefined: as good as not there. With a value it would be without effect.
    let undefined = r#"{"type":"static","token":"t","issuer":"\u0000","scope":"\u0000"}"#;
    assert!(source(undefined).is_ok());
    assert!(source(&undefined.replace("\\u0000", "x")).unwrap_err().contains("`source.issuer`"));
    assert!(source(&undefined.replace("issuer", "isuer")).unwrap_err().contains("`source.isuer`"));
    assert!(machine(r#","clientSecret":"s","assertionAudience":"x""#).contains("`privateKey`"));
    let keyed = |rest: &str| machine(&(r#","privateKey":true,"algorithm":"RS256""#.to_owned() + rest));
    assert!(keyed(r#","x5t#S256":"x""#).contains("`assertionHeader`"));
    assert!(keyed(r#","assertionHeader":"x""#).contains("object"));
    assert!(keyed(r#","assertionHeader":{"x5t":"AAA="}"#).contains("base64url"));
    assert!(keyed(r#","assertionHeader":{"x5tS256":"x"}"#).contains("did you mean `x5t#S256`"));
    assert!(machine(r#","clientSecret":"s","parameters":{"grant_type":"x"}"#).contains("grant_type"));
    assert!(machine(r#","clientSecret":"s","tokenEndpoint":"http://i.example""#).contains("https://"));
    assert!(source(r#"{"type":"client_credentials","clientId":"c"}"#).unwrap_err().contains("tokenEndpoint"));
}

#[test]
fn ids_differ_where_the_tokens_do_and_hold_no_secret() {
    let of = |rest: &str| {
        let text =
            r#"{"type":"client_credentials","issuer":"https://i.example","clientId":"c","clientSecret":"hunter2""#
                .to_owned()
                + rest
                + "}";
        source(&text).unwrap().id()
    };
    let ids = [
        of(""),
        of(r#","scope":"a""#),
        of(r#","audience":"a""#),
        of(r#","resource":"a""#),
        of(r#","parameters":{"a":"b"}"#),
    ];
    for (index, id) in ids.iter().enumerate() {
        assert!(!id.contains("hunter2"));
        assert!(!ids[..index].contains(id));
    }
}

#[test]
fn how_a_person_is_asked_makes_no_other_source() {
    let of = |parameters: &str| {
        let page = r#"{"type":"authorization_code","issuer":"https://i.example","clientId":"c","redirectUri":"https://a.example/""#;
        source(&format!(r#"{page},"authorizationParams":{{{parameters}}}}}"#)).unwrap().id()
    };
    assert_eq!(of(r#""ui_locales":"de","prompt":"login""#), of(""));
    assert_ne!(of(r#""organization":"o""#), of(""));
}

#[test]
fn a_way_to_show_who_the_client_is_needs_what_it_is_shown_with() {
    let problem = |rest: &str| {
        let text = r#"{"type":"refresh_token","tokenEndpoint":"https://i.example/t","clientId":"c","refreshToken":"r""#;
        source(&format!("{text}{rest}}}")).unwrap_err()
    };
    for auth in ["client_secret_basic", "client_secret_post"] {
        let problem = problem(&format!(r#","clientAuth":"{auth}""#));
        assert!(problem.contains("clientSecret` is missing"), "{problem}");
    }
    let keyless = problem(r#","clientAuth":"private_key_jwt""#);
    assert!(keyless.contains("privateKey` is missing"), "{keyless}");
    let none = problem(r#","clientAuth":"none","privateKey":true,"algorithm":"RS256""#);
    assert!(none.contains("clientAuth` must be"), "{none}");
}

#[test]
fn who_has_a_token_endpoint() {
    let has = |text: &str| source(text).unwrap().has_endpoint();
    assert!(!has(r#"{"type":"static","token":"t"}"#) && !has(r#"{"type":"callback","fetchToken":true}"#));
    assert!(has(r#"{"type":"refresh_token","tokenEndpoint":"https://i.example/t","clientId":"c","refreshToken":"r"}"#));
}
