use super::*;

#[test]
fn reads_every_kind_of_value() {
    let value = parse(br#" {"a":[1,-2,0.5,"x\u0041",true,null],"b":{}} "#).unwrap();
    let object = value.as_object().unwrap();
    let items = object.get("a").unwrap().as_array().unwrap();
    assert_eq!(items[3].as_str(), Some("xA"));
    assert_eq!(items[2].as_number().unwrap().as_f64(), 0.5);
    assert!(object.get("b").unwrap().as_object().unwrap().is_empty());
    assert_eq!(object.len(), 2);
}

#[test]
fn refuses_a_duplicate_at_any_depth_and_through_escapes() {
    for text in
        [r#"{"a":1,"a":1}"#, r#"{"x":[{"exp":1,"\u0065xp":2}]}"#, r#"{"":1,"":2}"#, r#"{"__proto__":1,"__proto__":2}"#]
    {
        assert_eq!(parse(text.as_bytes()), Err(Problem::DuplicateMember), "{text}");
    }
    let mut many = String::from("{");
    for index in 0..1000 {
        many.push_str(&format!("\"k{index}\":0,"));
    }
    assert!(parse(format!("{many}\"z\":0}}").as_bytes()).is_ok());
    assert_eq!(parse(format!("{many}\"k17\":0}}").as_bytes()), Err(Problem::DuplicateMember));
}

#[test]
fn refuses_what_is_too_deep() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(nested(32).as_bytes()).is_ok());
    assert_eq!(parse(nested(33).as_bytes()), Err(Problem::TooDeep));
    assert_eq!(parse(nested(10_000).as_bytes()), Err(Problem::TooDeep));
}

#[test]
fn refuses_what_has_too_many_values() {
    let list = |count: u32| format!("[{}0]", "0,".repeat(count as usize - 1));
    assert!(parse(list(MAX_VALUES - 1).as_bytes()).is_ok());
    assert_eq!(parse(list(MAX_VALUES).as_bytes()), Err(Problem::TooMany));
}

#[test]
fn small_objects_take_little() {
    let value = parse(br#"{"list":[{},{"a":0}]}"#).unwrap();
    let list = value.as_object().unwrap().get("list").unwrap().as_array().unwrap();
    let room = |at: usize| list[at].as_object().unwrap().0.capacity();
    assert_eq!(room(0), 0);
    assert!(room(1) <= 2, "{}", room(1));
}

#[test]
fn refuses_what_is_not_json() {
    for text in [
        &b""[..],
        b"{",
        b"{} x",
        b"{}{}",
        b"\xef\xbb\xbf{}",
        b"\"\xff\"",
        b"\"\\ud800\"",
        b"1e400",
        b"NaN",
        b"01",
        b"'a'",
        b"[1,]",
        b"{\"a\":1,}",
        b"\"a\nb\"",
    ] {
        assert_eq!(parse(text), Err(Problem::Syntax), "{:?}", String::from_utf8_lossy(text));
    }
}

#[test]
fn writes_what_it_read() {
    let text = r#"{"a":[1,-2,0.5,"x\"\\\n\u0007é",true,null],"b":{}}"#;
    let mut out = String::new();
    parse(text.as_bytes()).unwrap().write(&mut out);
    assert_eq!(out, text);
    assert_eq!(parse(out.as_bytes()).unwrap(), parse(text.as_bytes()).unwrap());
}

#[test]
fn halves_of_characters_are_read_where_they_are_only_passed_on() {
    for (text, expected) in [
        (r#"{"a":"x\ud83d"}"#, "x\u{fffd}"),
        (r#"{"a":"\ude00x"}"#, "\u{fffd}x"),
        (r#"{"a":"\ud83d\ud83d\ude00"}"#, "\u{fffd}\u{1f600}"),
        (r#"{"a":"\ud83d\n\ude00"}"#, "\u{fffd}\n\u{fffd}"),
        (r#"{"a":"\ud83d\u0041"}"#, "\u{fffd}A"),
    ] {
        let (object, has_halves) = relayed(text).unwrap();
        assert_eq!((object.get("a").and_then(Value::as_str), has_halves), (Some(expected), true), "{text}");
        assert_eq!(parse(text.as_bytes()), Err(Problem::Syntax), "{text}");
    }
    assert_eq!(relayed(r#"{"a":"\ud83d\ude00"}"#).map(|(_, has_halves)| has_halves), Ok(false));
    for wrong in [
        r#"{"a":"\ud83"}"#,
        r#"{"a":"\ud83d\"}"#,
        r#"{"a":"\ud83d\ude0g"}"#,
        r#"{"a":1,"a":1}"#,
        "[]",
        r#"{"a":"\ud83d"#,
    ] {
        assert!(relayed(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_text_of_a_member_is_had_as_it_is_written() {
    let text = r#" {"a" : [1,{"b":"x"}], "b":"\ud83d\u0041\n" ,"c":{"d":2}}"#;
    for (name, expected) in
        [("a", Some(r#"[1,{"b":"x"}]"#)), ("b", Some(r#""\ud83d\u0041\n""#)), ("c", Some(r#"{"d":2}"#)), ("d", None)]
    {
        assert_eq!(raw_member(text, name), expected, "{name}");
    }
    for text in ["", "{", "{}", "[]", r#"{"a"}"#, r#"{"a":}"#, r#"{"b":1,}"#] {
        assert_eq!(raw_member(text, "a"), None, "{text}");
    }
}

#[test]
fn a_providers_document_may_be_clumsy() {
    let value =
        provided(b"\xef\xbb\xbf{\"a\":1,\"a\":2,\"b\":[{\"c\":1,\"c\":1}],\"d\":\"\\ud83d!\\udc00\\ud83d\\ude00\"}")
            .unwrap();
    let object = value.as_object().unwrap();
    assert!(object.is_ambiguous("a") && !object.is_ambiguous("b") && !object.is_ambiguous("x"));
    let inner = object.get("b").and_then(Value::as_array).unwrap()[0].as_object().unwrap();
    assert!(!inner.is_ambiguous("c"), "the same twice is no question");
    assert_eq!(object.get("d").and_then(Value::as_str), Some("\u{fffd}!\u{fffd}\u{1f600}"));
    let value = provided(b"{\"a\":1e999,\"b\":-1E+400,\"c\":\"caf\xe9 \xff\",\"d\":\"x\"}").unwrap();
    let object = value.as_object().unwrap();
    let number = |name| object.get(name).and_then(Value::as_number).map(Number::as_f64);
    assert_eq!((number("a"), number("b")), (Some(f64::INFINITY), Some(f64::NEG_INFINITY)));
    let text = |name| object.get(name).and_then(Value::as_str);
    assert_eq!((text("c"), text("d")), (Some("caf\u{fffd} \u{fffd}"), Some("x")));
    // Everything else is as strict as ever, and all of it elsewhere.
    for odd in
        ["", "{\"a\":1} x", "{\"a\":01}", "{'a':1}", "{\"a\":\"\\x\"}", "\u{feff}\u{feff}{}", "<html>", "{\"a\":NaN}"]
    {
        assert!(provided(odd.as_bytes()).is_err(), "{odd}");
    }
    assert!(parse(b"\"\xe9\"").is_err());
    for strict in ["1e999", "\u{feff}{}", "{\"a\":1,\"a\":1}", "\"\\ud83d\""] {
        assert!(parse(strict.as_bytes()).is_err(), "{strict}");
    }
    let deep = "[".repeat(40) + &"]".repeat(40);
    assert_eq!(provided(deep.as_bytes()), Err(Problem::TooDeep));
}

#[test]
fn what_is_wrong_is_found() {
    let deep = format!("{{\"a\":[1,{{\"b\":{}1{}}}]}}", "[".repeat(40), "]".repeat(40));
    for (text, expected) in [
        (deep.as_str(), Some(("a[1].b[0][0][0][0][0]…", Problem::TooDeep))),
        (r#"{"a":{"b":["x","y\ud83d"]}}"#, Some(("a.b[1]", Problem::Syntax))),
        (r#"{"a":1,"a":2}"#, Some(("", Problem::DuplicateMember))),
        (r#"{"a":[{"b":1,"b":1}]}"#, Some(("a[0]", Problem::DuplicateMember))),
        (r#"["\ud83d"]"#, Some(("[0]", Problem::Syntax))),
        (r#"{"a":1}"#, None),
    ] {
        assert_eq!(blame(text), expected.map(|(path, problem)| (path.to_owned(), problem)), "{text}");
    }
}

/// What [`relayed_around`] says of a text is what [`relayed`] says of it; whether it has looked over the payload only.
fn is_looked_over(text: &str) -> bool {
    let whole = relayed(text);
    let (object, has_halves, beside) = match relayed_around(text, "payload") {
        Ok(read) => read,
        Err(problem) => {
            assert_eq!(whole, Err(problem), "{text}");
            return false;
        }
    };
    let Some(beside) = beside else {
        assert_eq!(whole, Ok((object, has_halves)), "{text}");
        return false;
    };
    let payload = relayed(beside).unwrap().0;
    let members = object.iter().map(|(name, value)| match name {
        "payload" => (Cow::Borrowed(name), Value::Object(payload.clone())),
        _ => (Cow::Borrowed(name), value.clone()),
    });
    assert_eq!(whole, Ok((Object(members.collect()), has_halves)), "{text}");
    true
}

#[test]
fn what_is_looked_over_is_as_sound_as_what_is_read() {
    let deep = |depth: usize| format!("{{\"payload\":{{\"a\":{}{}}}}}", "[".repeat(depth), "]".repeat(depth));
    let many = |count: usize| {
        let members = (0..count).map(|n| format!("\"m{n}\":{n}")).collect::<Vec<_>>().join(",");
        format!("{{\"payload\":{{{members}}}}}")
    };
    for (text, expected) in [
        (r#"{"arcp":"1.1","payload":{"kind":"progress","body":{"current":1,"list":[1,{},[]]}},"b":[true]}"#, true),
        (r#" { "payload" : { } } "#, true),
        (r#"{"payload":{"a":"\ud83d \u0041"}}"#, true),
        (&deep(30), true),
        (&deep(31), false),
        (&many(16), true),
        (&many(17), false),
        (r#"{"payload":{"a":{"b":1,"c":2,"b":3}}}"#, false),
        (r#"{"payload":{"\u0061":1,"a":2}}"#, false),
        (r#"{"payload":{"\u0061":1}}"#, false),
        (r#"{"p\u0061yload":{},"payload":{}}"#, false),
        (r#"{"payload":{},"payload":{}}"#, false),
        (r#"{"payload":[]}"#, false),
        (r#"{"payload":{"a":1e999}}"#, false),
        (r#"{"payload":{}} x"#, false),
        (r#"{"a":1}"#, false),
        ("{}", false),
        ("", false),
    ] {
        assert_eq!(is_looked_over(text), expected, "{text}");
    }
}

#[test]
fn a_text_that_is_bent_anywhere_is_looked_over_as_it_is_read() {
    let text = r#"{"a":"1.1","payload":{"k":"\u00e9\ud83d","b":{"n":-1.5e3,"m":[true,null,{"x":""}]},"kk":0},"z":7}"#;
    let mut looked_over = 0;
    for at in 0..=text.len() {
        let (before, rest) = (&text[..at], &text[at..]);
        let without = rest.get(1..).unwrap_or_default();
        for put in
            ["", "\"", "\\", "{", "}", "[", "]", ",", ":", "a", "b", "k", "0", "1", "-", " ", "\n", "e", "\\u0061"]
        {
            looked_over += usize::from(is_looked_over(&format!("{before}{put}{rest}")));
            looked_over += usize::from(is_looked_over(&format!("{before}{put}{without}")));
        }
    }
    assert!(looked_over > 500, "{looked_over}");
}
