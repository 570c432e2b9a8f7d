//! One JWS by itself: what is handed to WebCrypto, and which keys and algorithms are accepted.

use arcgate::sans_io::jose::{alg::Algorithm, jws_verify::JwsVerification};
use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};

use super::token;

fn key(name: &str, fill: char) -> String {
    let kid = if name.is_empty() { String::new() } else { format!(r#""kid":"{name}","#) };
    // 32 bytes; the last character has no spare bits.
    format!(r#"{{{kid}"kty":"oct","k":"{}A"}}"#, fill.to_string().repeat(42))
}

fn read(jws: &str, keys: &str, algorithms: &str) -> Result<JwsVerification, String> {
    JwsVerification::new(jws.as_bytes(), keys.as_bytes(), algorithms.as_bytes())
        .map_err(|error| format!("{}: {}", error.code().as_str(), error.message()))
}

#[test]
fn what_is_checked_stands_where_it_was() {
    let header = r#"{"alg":"HS256","kid":"k"}"#;
    let jws = token(header, "any bytes");
    let read = read(&jws, &key("k", 'a'), r#"["HS256"]"#).unwrap();
    assert_eq!(read.algorithm(), Algorithm::HS256);
    assert_eq!(read.keys().len(), 1);
    assert_eq!(read.header_text(), header.as_bytes());
    assert_eq!(read.payload(), b"any bytes");
    assert_eq!(read.signature(), [0; 32]);
    let (signed, signature) = jws.rsplit_once('.').unwrap();
    assert_eq!(read.signing_input_len(), signed.len());
    assert_eq!(URL_SAFE_NO_PAD.decode(signature).unwrap(), read.signature());
}

#[test]
fn the_key_is_that_of_the_name_or_each_of_a_few_without_names() {
    let set = |keys: &[String]| format!(r#"{{"keys":[{}]}}"#, keys.join(","));
    let named = token(r#"{"alg":"HS256","kid":"k"}"#, "{}");
    let nameless = token(r#"{"alg":"HS256"}"#, "{}");
    let two = set(&[key("k", 'a'), key("l", 'b')]);
    assert_eq!(read(&named, &two, r#"["HS256"]"#).unwrap().keys()[0].kid(), Some("k"));
    assert!(read(&nameless, &two, r#"["HS256"]"#).unwrap_err().starts_with("ERR_KEY_NOT_FOUND: more than one"));
    let unnamed = set(&[key("", 'a'), key("", 'b'), key("", 'a')]);
    assert_eq!(read(&nameless, &unnamed, r#"["HS256"]"#).unwrap().keys().len(), 2, "each once");
    assert!(read(&named, &set(&[key("l", 'b')]), r#"["HS256"]"#).unwrap_err().starts_with("ERR_KEY_NOT_FOUND: none"));
}

#[test]
fn algorithms_are_a_list_of_names_that_has_the_tokens() {
    let jws = token(r#"{"alg":"HS256"}"#, "{}");
    for wrong in ["[]", "{}", "\"HS256\"", "7", "[7]", r#"["HS257"]"#, "["] {
        assert!(read(&jws, &key("", 'a'), wrong).unwrap_err().starts_with("ERR_CONFIG: `algorithms`"), "{wrong}");
    }
    assert!(read(&jws, &key("", 'a'), r#"["HS384","ES256"]"#).unwrap_err().starts_with("ERR_TOKEN_ALGORITHM"));
    assert!(read(&jws, &key("", 'a'), r#"["ES256","HS256"]"#).is_ok());
}
