//! The head of a request: what is let in, and what a page may read.

use super::*;

#[test]
fn heads() {
    let long_token = format!("Bearer {}", "a".repeat(20_000));
    #[rustfmt::skip]
    let table: Vec<(&str, Head<'_>, u16, i64)> = vec![
        ("another path", Head { path: "/", ..GOOD }, 404, -32600),
        ("a path below", Head { path: "/arc/x", ..GOOD }, 404, -32600),
        ("a longer name", Head { path: "/arcs", ..GOOD }, 404, -32600),
        ("two slashes before", Head { path: "//arc", ..GOOD }, 404, -32600),
        ("two slashes after", Head { path: "/arc//", ..GOOD }, 404, -32600),
        ("upper case", Head { path: "/ARC", ..GOOD }, 404, -32600),
        ("a prefix", Head { path: "/api/arc", ..GOOD }, 404, -32600),
        ("no path", Head { path: "", ..GOOD }, 404, -32600),
        ("a host that is none", Head { host: "", ..GOOD }, 400, -32600),
        ("a token in the URL", Head { query: "?TOKEN=x", ..GOOD }, 400, -44001),
        ("no host of ours, from a page", Head { host: "evil.example", origin: Some("http://evil.example"), ..GOOD }, 421, -32600),
        ("another origin", Head { origin: Some("https://evil.example"), ..GOOD }, 403, -44006),
        ("no origin", Head { origin: Some("null"), ..GOOD }, 403, -44006),
        ("another origin's preflight", Head { method: "OPTIONS", origin: Some("https://evil.example"), ..GOOD }, 403, -44006),
        ("GET", Head { method: "GET", ..GOOD }, 405, -32600),
        ("HEAD", Head { method: "HEAD", ..GOOD }, 405, -32600),
        ("PUT", Head { method: "PUT", ..GOOD }, 405, -32600),
        ("lower-case post", Head { method: "post", ..GOOD }, 405, -32600),
        ("no method", Head { method: "", ..GOOD }, 405, -32600),
        ("no type", Head { content_type: None, ..GOOD }, 415, -32600),
        ("a form", Head { content_type: Some("application/x-www-form-urlencoded"), ..GOOD }, 415, -32600),
        ("plain text", Head { content_type: Some("text/plain"), ..GOOD }, 415, -32600),
        ("almost JSON", Head { content_type: Some("application/jsonp"), ..GOOD }, 415, -32600),
        ("latin-1", Head { content_type: Some("application/json; charset=latin1"), ..GOOD }, 415, -32600),
        ("compressed", Head { content_encoding: Some("gzip"), ..GOOD }, 415, -32600),
        ("a stream's label without wanting one", Head { content_type: Some("text/event-stream"), ..GOOD }, 415, -32600),
        ("too long", Head { content_length: Some("4097"), ..GOOD }, 413, -45004),
        ("far too long", Head { content_length: Some("99999999999999999999999999"), ..GOOD }, 413, -45004),
        ("a negative length", Head { content_length: Some("-1"), ..GOOD }, 400, -32600),
        ("two lengths", Head { content_length: Some("1, 2"), ..GOOD }, 400, -32600),
        ("no credentials", Head { authorization: None, ..GOOD }, 401, -44001),
        ("two credentials", Head { authorization: Some("Bearer a, Bearer b"), ..GOOD }, 400, -44001),
        ("two spaces", Head { authorization: Some("Bearer  a"), ..GOOD }, 400, -44001),
        ("no token", Head { authorization: Some("Bearer"), ..GOOD }, 400, -44001),
        ("a token in the query", Head { query: "?access_token=a", ..GOOD }, 400, -44001),
        ("a token too long", Head { authorization: Some(&long_token), ..GOOD }, 401, -44001),
    ];
    for (what, head, status, code) in table {
        let admission = builtin().head(&head);
        assert!(admission.fields.contains(&("Vary", "Origin".to_owned())), "{what}");
        let reply = answered(admission);
        assert_eq!((reply.status, arc_code(&reply)), (status, Some(code)), "{what}");
        let body = reply.body.as_deref().unwrap();
        assert!(
            body.starts_with(r#"{"arc":"1.0","id":"error","responseAgent":"arcgate","targetAgent":"unknown","#),
            "{what}"
        );
        assert!(!body.contains("details"), "{what}: nothing but the code");
    }
}

#[test]
fn heads_that_are_let_in() {
    for head in [
        GOOD,
        Head { path: "/arc/", ..GOOD },
        Head { authorization: Some("bearer token-of-somebody"), ..GOOD },
        Head { content_type: Some("Application/JSON; charset=\"UTF-8\""), ..GOOD },
        Head { content_type: Some("text/event-stream"), accept: Some("text/event-stream"), ..GOOD },
        Head { content_length: None, ..GOOD },
        Head { content_length: Some("4096"), ..GOOD },
        Head { content_encoding: Some("identity"), ..GOOD },
        Head { host: "evil.example/y?", ..GOOD },
        Head { query: "?x=1", ..GOOD },
    ] {
        match builtin().head(&head).step {
            Step::Authenticate(credentials) => {
                assert_eq!(credentials.scheme(), "bearer");
                assert_eq!(credentials.token().unwrap().expose(), b"token-of-somebody");
            }
            Step::Reply(reply) => panic!("{head:?}: {reply:?}"),
        }
    }
    let prefixed = gate(r#"{"basePath":"/api/v1"}"#);
    assert!(matches!(prefixed.head(&Head { path: "/api/v1/arc", ..GOOD }).step, Step::Authenticate(_)));
    assert_eq!(answered(prefixed.head(&GOOD)).status, 404);
}

#[test]
fn fields_that_some_answers_have() {
    let reply = |head| answered(builtin().head(&head));
    assert_eq!(header(&reply(Head { method: "GET", ..GOOD }), "Allow"), Some("POST, OPTIONS"));
    assert!(header(&reply(Head { content_type: None, ..GOOD }), "Accept-Post").is_some());
    let challenge =
        |authorization| header(&reply(Head { authorization, ..GOOD }), "WWW-Authenticate").map(str::to_owned);
    assert_eq!(challenge(None).as_deref(), Some("Bearer realm=\"arcgate\""));
    assert!(challenge(Some("Bearer a b")).unwrap().contains("error=\"invalid_request\""));
}

#[test]
fn pages_of_allowed_origins_can_read_every_answer() {
    let gate = gate(r#"{"allowedOrigins":["https://app.example"],"allowedHosts":["gate.example"]}"#);
    let page = Head { scheme: "https", host: "gate.example", origin: Some("https://app.example"), ..GOOD };
    let preflight = gate.head(&Head { method: "OPTIONS", authorization: None, content_type: None, ..page });
    assert!(preflight.fields.contains(&("Access-Control-Allow-Origin", "https://app.example".to_owned())));
    let reply = answered(preflight);
    assert_eq!((reply.status, reply.body.as_deref()), (204, None));
    assert_eq!(header(&reply, "Access-Control-Allow-Headers"), Some("Authorization, Content-Type"));
    for head in [
        page,
        Head { authorization: None, ..page },
        Head { method: "GET", ..page },
        Head { content_type: None, ..page },
    ] {
        let fields = gate.head(&head).fields;
        assert!(fields.contains(&("Access-Control-Allow-Origin", "https://app.example".to_owned())), "{head:?}");
        assert!(fields.iter().all(|(name, value)| *name != "Access-Control-Allow-Credentials" && value != "*"));
    }
    for head in [
        Head { origin: Some("https://evil.example"), ..page },
        Head { origin: Some("null"), ..page },
        Head { origin: None, ..page },
        Head { host: "evil.example", ..page },
        Head { path: "/x", ..page },
    ] {
        assert!(gate.head(&head).fields.iter().all(|(name, _)| *name == "Vary"), "{head:?}");
    }
}

#[test]
fn what_a_verifier_says() {
    #[rustfmt::skip]
    let table = [
        (Code::TokenExpired, 401, -44004),
        (Code::TokenSignature, 401, -44001),
        (Code::TokenAudience, 401, -44001),
        (Code::Unauthenticated, 401, -44001),
        (Code::TokenRevoked, 401, -44001),
        (Code::JwksUnavailable, 503, -32603),
        (Code::Config, 500, -32603),
        (Code::Internal, 500, -32603),
    ];
    for (code, status, arc) in table {
        let reply = Reply::refused(&Error::new(code, "secret reason").retry_after(Span::from_secs(7)));
        assert_eq!((reply.status, arc_code(&reply)), (status, Some(arc)), "{code:?}");
        assert_eq!(header(&reply, "WWW-Authenticate").is_some(), status == 401, "{code:?}");
        assert_eq!(header(&reply, "Retry-After"), (status == 503).then_some("7"), "{code:?}");
        assert!(!format!("{:?}{:?}", reply.body, reply.headers).contains("secret"), "{code:?}");
    }
}
