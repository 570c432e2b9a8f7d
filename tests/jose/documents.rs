//! Metadata documents.

use arcgate::sans_io::jose::{
    discovery::{Document, Remedy},
    issuer::Issuer,
};

use super::ISSUER;

#[test]
fn a_flag_is_its_own_members_true_and_nobody_elses() {
    let text = format!(r#"{{"issuer":"{ISSUER}","one":true,"two":false,"three":"true"}}"#);
    let issuer = Issuer::exactly(ISSUER);
    let document = Document::read(text.as_bytes(), &issuer, Remedy { instead: "" }).unwrap();
    assert!(document.flag("one"));
    for name in ["two", "three", "four", "issuer"] {
        assert!(!document.flag(name), "{name}");
    }
}
