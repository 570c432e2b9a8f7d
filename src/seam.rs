//! The numbers that both sides of the boundary to JavaScript know, written down once.
//!
//! What is called for each token crosses the boundary as numbers: which step comes next, and in which of fourteen registers its
//! details are. What a token manager's next step is, and what an application does with a job's events, are numbers, too.
//! The `numbers.ts` of `npm/verify`, `npm/token`, `npm/arcp/client`, `npm/arcp/runtime` and `npm/worker` have the same ones;
//! `cargo test --test seam` holds them against these tables, and writes them anew with `ARCGATE_WRITE=1`.

/// A number by its name, as both sides write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// `SCREAMING_CASE`, as the constants of both languages are.
    pub name: &'static str,
    /// What it is.
    pub value: u64,
    /// What it means, in one sentence.
    pub meaning: &'static str,
}

macro_rules! numbers {
    ($($(#[doc = $meaning:literal])+ $name:ident: $kind:ty = $value:expr;)+) => {
        $($(#[doc = $meaning])+ pub const $name: $kind = $value;)+
        /// All of them.
        pub const NUMBERS: &[Number] =
            &[$(Number { name: stringify!($name), value: $name as u64, meaning: concat!($($meaning),+) }),+];
    };
}

/// The verifier's: `src/js/verifier.rs` and `npm/verify`.
pub mod verify {
    use super::Number;
    use crate::jose::{alg::Algorithm, jwks, jws};

    numbers! {
        /// A step: the token is refused.
        REFUSED: u32 = 0;
        /// A step: the token is good.
        VERIFIED: u32 = 1;
        /// A step: WebCrypto checks the signature.
        CHECK: u32 = 2;
        /// A step: the provider's keys are fetched.
        FETCH: u32 = 3;
        /// A step: somebody else fetches them.
        WAIT: u32 = 4;
        /// A step: WebCrypto takes a key in.
        IMPORT: u32 = 5;
        /// A step: a request presents no bearer token, or not as it should. Its credentials are read with more care.
        NO_BEARER: u32 = 6;

        /// How many registers there are.
        REGISTERS: usize = 14;
        /// Of a fetch, a wait and a good token: the provider's index.
        PROVIDER: usize = 0;
        /// Of a fetch and a wait: the fetch.
        FETCH_ID: usize = 1;
        /// Of a wait: how long, in milliseconds.
        WAIT_MS: usize = 2;
        /// Of a check: its id.
        CHECK_ID: usize = 0;
        /// Of a check: the key's handle.
        CHECK_KEY: usize = 1;
        /// Of a check: how long the signature is.
        SIGNATURE_LEN: usize = 2;
        /// Of a check: how much of the token is signed.
        SIGNED_LEN: usize = 3;
        /// Of a check: the provider whose keys are fetched beside; behind it the fetch.
        CHECK_REFRESH: usize = 4;
        /// Of a check: what to begin again with if the signature is not this key's; 0 for nothing.
        CHECK_NEXT: usize = 6;
        /// Of a check: where the signed part of the token begins.
        SIGNED_AT: usize = 7;
        /// Of an import: the key's handle.
        IMPORT_KEY: usize = 0;
        /// Of an import: as of a check.
        IMPORT_REFRESH: usize = 1;
        /// Of a good token: where the text is that says what it says.
        TEXT_AT: usize = 1;
        /// Of a good token: how long that text is.
        TEXT_LEN: usize = 2;
        /// Of a good token: when it ends, in milliseconds, the upper half.
        EXPIRES_HIGH: usize = 3;
        /// Of a good token: and the lower half.
        EXPIRES_LOW: usize = 4;
        /// Of a good token: how long the first part of the text is, the claims. The others follow.
        CLAIMS_LEN: usize = 5;
        /// The header.
        HEADER_LEN: usize = 6;
        /// The principal's id.
        ID_LEN: usize = 7;
        /// The scopes, with line feeds between them.
        SCOPES_LEN: usize = 8;
        /// The scopes as JSON, where one of them has a line feed in it.
        SCOPE_LIST_LEN: usize = 9;
        /// The labels as JSON, where there are any.
        LABELS_LEN: usize = 10;
        /// The principal's key, where it is not the provider's prefix and the id.
        KEY_LEN: usize = 11;
        /// The issuer, where it is not the provider's own.
        ISSUER_LEN: usize = 12;
        /// The number of this token among those that are remembered, which no other ever has; 0 for none.
        SERIAL: usize = 13;
        /// In place of a provider: no fetch begins beside.
        NO_REFRESH: u32 = u32::MAX;
        /// In place of a secret's length: there is none.
        NO_SECRET: u32 = u32::MAX;
        /// A key's handle has the algorithm's number in so many of its lower bits.
        ALGORITHM_BITS: u32 = 4;
        /// The algorithm's number of HS256, which a gate's secret signs with.
        HS256: u32 = Algorithm::HS256 as u32;
        /// The longest token, in bytes.
        MAX_TOKEN: usize = jws::MAX_TOKEN;
        /// There is room for so much of a request's field and query, in bytes.
        MAX_INPUT: usize = jws::MAX_TOKEN + 1024;
        /// The longest document of a provider's, keys or metadata, in bytes.
        MAX_DOCUMENT: usize = jwks::MAX_BYTES;
    }
}

/// The token manager's: `src/js/token` and `npm/token`.
pub mod token {
    use super::Number;

    numbers! {
        /// A step: there is no token.
        REFUSED: u32 = 0;
        /// A step: there is a token.
        TOKEN: u32 = 1;
        /// A step: an attempt begins, and the caller performs it.
        BEGIN: u32 = 2;
        /// A step: somebody else performs one.
        WAIT: u32 = 3;
        /// A step: there is a token, and an attempt begins beside.
        TOKEN_AND_BEGIN: u32 = 4;

        /// A bit of what came of another tab's message: it asks for the tokens there are.
        TAB_ASKS: u32 = 1;
        /// Its tokens were taken over.
        TAB_HAS_TOKENS: u32 = 2;
        /// Somebody signed out there, and the tokens here were forgotten.
        TAB_SIGNED_OUT: u32 = 4;
        /// Its refresh token, which was ours as well, counts no more.
        TAB_LOST: u32 = 8;
    }
}

/// The ARCP client's: `src/js/arcp_client` and `npm/arcp/client`.
pub mod arcp_client {
    use super::Number;

    numbers! {
        /// The application waits for a job's result.
        AWAITS_RESULT: u8 = 1;
        /// It reads the job's events.
        READS_EVENTS: u8 = 2;
        /// It reads them no more.
        READS_NO_MORE: u8 = 3;

        /// The core learns of events that were read in portions of so many.
        READ_PORTION: usize = 16;
        /// A frame of more characters is not looked at.
        LONGEST_FRAME: usize = 16 * 1024 * 1024;
        /// Of such a frame so much of the beginning is, for its number.
        FRAME_HEAD: usize = 4096;
        /// How a connection ends that says nothing of its end, or was never made (RFC 6455 §7.1.5).
        ABNORMAL_CLOSURE: u16 = 1006;
    }
}

/// A hub's: `src/arcp/runtime` and `npm/arcp/runtime`.
pub mod arcp_runtime {
    use super::Number;

    numbers! {
        /// So long a gate has for its hello, in milliseconds.
        HELLO_MS: u32 = 10_000;
    }
}

/// A replica's of the revocations: `src/js/revocation.rs` and `npm/worker/revocations.ts`.
pub mod revocation {
    use super::Number;

    numbers! {
        /// A bit of the answer about a token: it is revoked.
        REVOKED: u8 = 1;
        /// A bit of it: the replica is to be brought up to date beside.
        AGING: u8 = 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::alg::Algorithm;

    #[test]
    fn each_algorithm_has_room_in_a_handle() {
        for &algorithm in Algorithm::ALL {
            assert!((algorithm as u32) < 1 << verify::ALGORITHM_BITS, "{algorithm}");
        }
    }

    #[test]
    fn each_name_stands_once() {
        let mut names: Vec<_> = verify::NUMBERS.iter().map(|number| number.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
