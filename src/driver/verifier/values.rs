//! Options and claims as values of JavaScript's: for those who stand between a program in Rust and one in JavaScript.

use super::{options::Options, Builder, JwtVerifier, VerifiedToken};
use crate::{
    error::Error,
    web::{self, Value},
};

impl JwtVerifier {
    /// A verifier of options that are an object of JavaScript's: those of the package's `JwtVerifier.create`, with secrets as
    /// `Uint8Array`. What is a function there is a closure here, and goes to a builder: [`Builder::from_js`].
    ///
    /// # Errors
    /// `ERR_CONFIG` that names the option and the fix.
    pub fn from_js(options: &Value) -> Result<Self, Error> {
        Builder::from_js(options).build()
    }
}

impl Builder {
    /// Options that are an object of JavaScript's. The others can be added to them; what is wrong is said by
    /// [`build`](Self::build).
    pub fn from_js(options: &Value) -> Self {
        let mut builder = Self::from_json("{}");
        match web::read_options(options) {
            Ok(read) => {
                builder.options = Options::from_json(&read.json);
                for (provider, secret) in read.secrets {
                    builder.options.secret(&provider, secret);
                }
            }
            Err(error) => builder.options.refuse(error),
        }
        builder
    }
}

impl VerifiedToken {
    /// The claims as `JSON.parse` gives them: plain objects, and numbers as JavaScript has them. A claim of the name `__proto__` is one
    /// like any other.
    ///
    /// # Errors
    /// None that is known: the claims are sound JSON.
    pub fn claims_js(&self) -> Result<Value, Error> {
        web::parsed(self.claims_json())
    }
}
