//! Verdicts for whoever asks: a line of options, one with the time, then tokens; a verdict for each token, and what jsonwebtoken says.

use std::{
    error::Error,
    io::{stdin, BufRead},
};

use jsonwebtoken::{decode, Algorithm, DecodingKey, Validation};

fn main() -> Result<(), Box<dyn Error>> {
    let lines = stdin().lock().lines().collect::<Result<Vec<_>, _>>()?;
    let [options, now, tokens @ ..] = lines.as_slice() else { return Err("options and the time are needed".into()) };
    for token in tokens {
        let verdict = pollster::block_on(dependant_host::verdict(options, now.parse()?, token))?;
        println!("{verdict} {}", before(token));
    }
    Ok(())
}

/// As the document shows it, with a secret: its clock is the system's.
fn before(token: &str) -> &'static str {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&["https://issuer.example"]);
    validation.set_audience(&["https://api.example/arc"]);
    let key = DecodingKey::from_secret(b"a secret of thirty-two bytes and more");
    match decode::<serde_json::Value>(token, &key, &validation) {
        Ok(_) => "accepted",
        Err(_) => "refused",
    }
}
