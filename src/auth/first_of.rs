//! Several verifiers, asked one after the other: whose refusal wins where none accepts.

/// How much a verifier's error says; the heaviest, and of these the first, is told. `None`: it is no refusal but an outage or a
/// mistake, and nobody else is asked, for the next one might let in whom this one refuses.
pub fn weight(code: &str, is_retryable: bool) -> Option<u8> {
    match code {
        "ERR_CONFIG" | "ERR_INTERNAL" => None,
        // It ends what lives on this token, whoever else has been asked.
        "ERR_TOKEN_REVOKED" => Some(3),
        // It tells the client what to do.
        "ERR_TOKEN_EXPIRED" => Some(2),
        // Only that this verifier was not meant.
        "ERR_TOKEN_ISSUER" => Some(0),
        code if is_retryable && !code.starts_with("ERR_TOKEN_") => None,
        _ => Some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn every_error_is_a_refusal_or_ends_the_asking() {
        for code in Code::ALL {
            let expected = match code {
                Code::TokenRevoked => Some(3),
                Code::TokenExpired => Some(2),
                Code::TokenIssuer => Some(0),
                Code::Config | Code::Internal => None,
                Code::TokenNotYetValid => Some(1),
                code if code.is_retryable() => None,
                _ => Some(1),
            };
            assert_eq!(weight(code.as_str(), code.is_retryable()), expected, "{code:?}");
        }
    }

    #[test]
    fn whether_it_is_retryable_counts_as_it_is_said() {
        assert_eq!(weight("ERR_TOKEN_SCOPE", true), Some(1));
        assert_eq!(weight("ERR_UNAUTHENTICATED", true), None);
        assert_eq!((weight("ERR_OF_ANOTHER", false), weight("ERR_OF_ANOTHER", true)), (Some(1), None));
        assert_eq!((weight("ERR_CONFIG", false), weight("ERR_INTERNAL", false)), (None, None));
    }
}
