//! What is kept, and what is not.

use super::{
    world::{signed, unnamed},
    *,
};

#[test]
fn a_token_without_a_name_tries_each_key_without_one() {
    let mut world = World::new();
    // Keys without names, and tokens whose header names none.
    let strip =
        |text: String| text.replace(r#","kid":"1""#, "").replace(r#","kid":"2""#, "").replace(r#","kid":"3""#, "");
    let (_, first) = world.verify(unnamed(2, "a"));
    world.tasks.run();
    world.respond(Ok(arcgate::fetch::Response::new(200, strip(keys(&[1, 2, 3])))));
    assert!(first.take().unwrap().is_ok());
    assert!(world.verdict(unnamed(3, "b")).is_ok());
    assert_eq!(world.verdict(unnamed(4, "c")).unwrap_err().code(), Code::TokenSignature);
    assert!(world.verdict(signed(1, "x", "d")).is_err());
}

#[test]
fn nothing_of_a_token_or_a_key_is_shown() {
    let world = World::warm(&[1]);
    let shown = format!("{:?} {:?}", world.verifier, arcgate::JwtVerifier::builder());
    assert!(shown.contains("JwtVerifier") && !shown.contains("eyJ"), "{shown}");
}
