//! The verifiers that the tables name, made as a program makes them; tests/node/jwt-verifier-tables has the same for the package.

use arcgate::{verifier::Builder, Algorithm, JwtVerifier, Provider};
use serde_json::{json, Value};

pub(crate) const ISSUER: &str = "https://one.example";

/// The builder of the verifier of this name, or of one provider with these members as its options in JSON.
pub(crate) fn builder(on: &Value, terms: &Value) -> Builder {
    let (one, other) = (terms["one"].to_string(), terms["other"].to_string());
    let secret = || terms["secret"].as_str().unwrap().as_bytes().to_vec();
    let local = || Provider::jwks(ISSUER, &one).audience("api");
    let only = |algorithms: &[Algorithm]| local().algorithms(algorithms.iter().copied());
    let with = |provider| JwtVerifier::builder().provider("one", provider);
    match on {
        Value::String(name) => match name.as_str() {
            "remote" => with(Provider::jwks_uri(ISSUER, format!("{ISSUER}/keys")).audience("api")),
            "discovering" => with(Provider::discovery(ISSUER).audience("api")),
            "local" => with(local()),
            "shared" => with(Provider::secret(ISSUER, secret()).audience("api")),
            "strict_typ" => with(local().typ(["at+jwt"])),
            "any_audience" => with(Provider::jwks(ISSUER, &one).any_audience()),
            "only_es256" => with(only(&[Algorithm::ES256])),
            "only_eddsa" => with(only(&[Algorithm::Ed25519])),
            "only_rs256" => with(only(&[Algorithm::RS256])),
            "only_hs256" => with(Provider::secret(ISSUER, secret()).audience("api").algorithms([Algorithm::HS256])),
            "two_issuers" => {
                with(local()).provider("two", Provider::jwks("https://two.example", &other).audience("other"))
            }
            other => panic!("no verifier {other}"),
        },
        members => {
            let mut provider = members.clone();
            provider["issuer"] = json!(ISSUER);
            Builder::from_json(&json!({ "providers": { "one": provider } }).to_string())
        }
    }
}
