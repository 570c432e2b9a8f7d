//! JOSE (RFC 7515 to 7519): from the bytes of a token to verified claims.

pub mod alg;
