//! A refusal as a response.

use http::{HeaderValue, Response, StatusCode};

use crate::Refusal;

/// With a body of any kind that a text can be. In axum: `refused.map_err(Response::<Body>::from)`, or as what a handler returns.
impl<B: From<String>> From<Refusal> for Response<B> {
    fn from(refusal: Refusal) -> Self {
        let mut response = Self::new(refusal.body().to_owned().into());
        *response.status_mut() = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in refusal.fields() {
            // What the core writes is ASCII.
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
