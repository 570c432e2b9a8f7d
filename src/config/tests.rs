use super::*;
use crate::json;

#[test]
fn unknown_keys_name_the_nearest() {
    let options = json::parse_object(br#"{"jwks_uri":"x"}"#).unwrap();
    let mut reader = Reader::new("providers.auth0", &options);
    reader.string("jwksUri", Required::No).unwrap();
    let error = reader.finish().unwrap_err();
    assert_eq!(error.code(), Code::Config);
    assert_eq!(error.message(), "`providers.auth0.jwks_uri` is not an option; did you mean `jwksUri`?");
}

#[test]
fn a_missing_key_under_nearly_its_name_is_named() {
    let options = json::parse_object(br#"{"isuer":"x","audience":"y"}"#).unwrap();
    let mut reader = Reader::new("providers.auth0", &options);
    let error = reader.string("issuer", Required::Yes).unwrap_err();
    assert_eq!(error.message(), "`providers.auth0.isuer` is not an option; did you mean `issuer`?");
    assert_eq!(
        reader.string("clientId", Required::Yes).unwrap_err().message(),
        "`providers.auth0.clientId` is missing"
    );
}

#[test]
fn what_is_no_data_is_named_with_its_place() {
    let options = |text: &str| text.replace('~', "\\u0000");
    let message = |text: &str, read: fn(&mut Reader<'_, '_>) -> Result<(), Error>| {
        let text = options(text);
        let object = json::parse_object(text.as_bytes()).unwrap();
        let mut reader = Reader::new("source", &object);
        let read = read(&mut reader);
        read.and_then(|()| reader.finish()).map_err(|error| error.message().to_owned())
    };
    let scope: fn(&mut Reader<'_, '_>) -> Result<(), Error> = |reader| reader.string("scope", Required::No).map(drop);
    let needed: fn(&mut Reader<'_, '_>) -> Result<(), Error> = |reader| reader.string("scope", Required::Yes).map(drop);
    let record: fn(&mut Reader<'_, '_>) -> Result<(), Error> = |reader| {
        reader.take("scope");
        Ok(())
    };
    let a_function = Err("`source.scope` is a function, and must be plain data".to_owned());
    assert_eq!(message(r#"{"scope":"~a function"}"#, scope), a_function);
    assert_eq!(message(r#"{"scope":"~a function"}"#, needed), a_function);
    assert_eq!(message(r#"{"scope":"~"}"#, scope), Ok(()), "undefined is as good as not there");
    assert_eq!(message(r#"{"scope":"~"}"#, needed), Err("`source.scope` is missing".into()));
    assert_eq!(
        message(r#"{"scope":{"a":["x",{"b":"~a symbol"}]}}"#, record),
        Err("`source.scope.a[1].b` is a symbol, and must be plain data".into())
    );
    for unknown in [r#"{"scop":"~"}"#, r#"{"scop":"~a function"}"#, r#"{"scop":1}"#] {
        assert_eq!(message(unknown, scope), Err("`source.scop` is not an option; did you mean `scope`?".into()));
    }
}

#[test]
fn what_no_json_is_is_named() {
    let deep = format!(r#"{{"a":{{"b":{}1{}}}}}"#, "[".repeat(40), "]".repeat(40));
    for (text, name, path, what) in [
        (r#"{"providers":{"p":{"issuer":"x\ud83d"}}}"#, "", "providers.p.issuer", "half a character"),
        (r#"{"scope":"x\ud83d"}"#, "source", "source.scope", "half a character"),
        (&deep, "", "a.b[0][0]", "too deeply"),
        ("[]", "", "options", "no object"),
        ("[]", "source", "source", "no object"),
    ] {
        let error = object(text, name).unwrap_err();
        assert_eq!(error.code(), Code::Config);
        assert!(error.message().starts_with(&format!("`{path}")) && error.message().contains(what), "{error}");
    }
}

#[test]
fn nearest_is_near() {
    let known = ["audience", "issuer", "clockToleranceSec"];
    assert_eq!(nearest("audiences", &known), Some("audience"));
    assert_eq!(nearest("clock_tolerance_sec", &known), Some("clockToleranceSec"));
    assert_eq!(nearest("banana", &known), None);
}

#[test]
fn types_are_checked() {
    let options = json::parse_object(br#"{"a":"1","b":[1],"c":-1,"d":{"w":"1","x":1}}"#).unwrap();
    let mut reader = Reader::new("", &options);
    assert_eq!(reader.seconds("a").unwrap_err().message(), "`a` must be a number from 0 to 315360000");
    assert!(reader.strings("b").is_err());
    assert!(reader.seconds("c").is_err());
    let not_texts = reader.string_record("d").unwrap_err();
    assert_eq!(not_texts.message(), "`d` must be a record of strings, and `x` is none");
    assert!(reader.string("e", Required::Yes).is_err());
    assert!(reader.finish().is_ok());
}
