//! A whole token, by the machine that verifies it.

use std::collections::BTreeMap;

use arcgate::sans_io::{
    error::Code,
    jose::{
        options,
        verify::{Step, Verifier},
    },
    json::{self, Value},
    time::Time,
};
use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::webcrypto::{base64url, check_signature, import_key};

#[wasm_bindgen_test]
async fn a_whole_token_in_the_browser() {
    // The examples of RFC 7515, A.2 and A.3, at a time when they had not expired.
    let examples = json::parse(include_bytes!("../vectors/rfc.json")).unwrap();
    let examples = examples.as_object().unwrap().get("examples").and_then(Value::as_array).unwrap();
    let now = Time::from_millis(1_300_819_000_000.0);
    let mut verified = 0;
    for name in ["RFC 7515 A.2: RS256", "RFC 7515 A.3: ES256"] {
        let text = |example: &Value<'_>, member| example.as_object()?.get(member)?.as_str().map(str::to_owned);
        let example = examples.iter().find(|example| text(example, "name").as_deref() == Some(name)).unwrap();
        let token = text(example, "jws").unwrap();
        let mut key = String::new();
        example.as_object().unwrap().get("key").unwrap().write(&mut key);
        let options = format!(
            r#"{{"providers":{{"joe":{{"issuer":"joe","audience":null,"optionalClaims":["iat","sub"],"principalClaim":"iss",
                "jwks":{{"keys":[{key}]}}}}}}}}"#
        );
        let options = json::parse_object(options.as_bytes()).unwrap();
        let mut verifier = options::verifier(&options, |_| None).unwrap();
        let mut keys = BTreeMap::new();
        assert_eq!(drive(&mut verifier, &mut keys, &token, now).await, Ok(()), "{name}");
        // The second time nobody is asked.
        assert!(matches!(verifier.begin(token.as_bytes(), now, now), Step::Verified(_)));
        let (head, signature) = token.rsplit_once('.').unwrap();
        let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        bytes[7] ^= 1;
        let forged = format!("{head}.{}", base64url(&bytes));
        assert_eq!(drive(&mut verifier, &mut keys, &forged, now).await, Err(Code::TokenSignature), "{name}");
        let later = Time::from_millis(1_300_819_411_000.0);
        assert_eq!(drive(&mut verifier, &mut keys, &token, later).await, Err(Code::TokenExpired), "{name}");
        verified += 1;
    }
    assert_eq!(verified, 2);
}

/// Does what the machine asks for, as `npm/verify/driver.ts` does.
async fn drive(verifier: &mut Verifier, keys: &mut BTreeMap<u32, JsValue>, token: &str, now: Time) -> Result<(), Code> {
    for _ in 0..4 {
        match verifier.begin(token.as_bytes(), now, now) {
            Step::Verified(_) => return Ok(()),
            Step::Refused(error) => return Err(error.code()),
            Step::Import { key, algorithm, .. } => {
                let jwk = verifier.key(key).unwrap();
                let imported = import_key(algorithm as u32, jwk.to_import_jwk(), None).unwrap();
                keys.insert(key.0, JsFuture::from(imported).await.unwrap());
                verifier.handle_imported(key, algorithm, true);
            }
            Step::Check(check) => {
                let signature = verifier.signature()[..check.signature_len].to_vec();
                let data = &token.as_bytes()[..check.signing_input_len];
                let answer = check_signature(check.algorithm as u32, &keys[&check.key.0], &signature, data).unwrap();
                let approved = JsFuture::from(answer).await.unwrap().as_bool().unwrap();
                return verifier.finish(check.id, approved, now).map(drop).map_err(|error| error.code());
            }
            other => panic!("{other:?}"),
        }
    }
    panic!("no progress")
}
