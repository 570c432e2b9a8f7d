//! An application of somebody else's: it greets whoever a token says is there.

use arcgate::{verifier::Builder, Error, JwtVerifier, Provider, Refusal, Time};

/// What this application trusts.
pub fn trusted() -> Provider {
    Provider::discovery("https://issuer.example").audience("https://api.example")
}

/// What it answers a request.
pub async fn greet(verifier: &JwtVerifier, authorization: Option<&str>) -> Result<String, Refusal> {
    let principal = verifier.authenticate(authorization).await?;
    Ok(format!("hello {}", principal.id()))
}

/// What a verifier with these options, or with this secret, says of a token at a time: the code of its refusal, or "ok".
pub async fn verdict(options: &str, now_ms: f64, token: &str) -> Result<&'static str, Error> {
    let builder = match options.strip_prefix("secret ") {
        Some(secret) => {
            let provider = Provider::secret("https://issuer.example", secret).audience("https://api.example/arc");
            JwtVerifier::builder().provider("main", provider)
        }
        None => Builder::from_json(options),
    };
    let verifier = builder.clock(move || Time::from_millis(now_ms)).build()?;
    Ok(match verifier.verify(token).await {
        Ok(_) => "ok",
        Err(error) => error.code().as_str(),
    })
}
