//! The numbers that go with a verifier's step: JavaScript reads them where they stand, at the places that [`crate::seam`] names.

use crate::{
    jose::{
        alg::Algorithm,
        jwks::KeyId,
        jwks_cache::FetchId,
        verify::{SignatureCheck, VerifiedToken},
    },
    seam::verify as numbers,
};

/// The registers, at one address for as long as their verifier lives.
#[derive(Debug)]
pub(super) struct Registers(Box<[u32; numbers::REGISTERS]>);

impl Registers {
    pub(super) fn new() -> Self {
        Self(Box::new([0; numbers::REGISTERS]))
    }

    pub(super) fn address(&self) -> u32 {
        self.0.as_ptr() as u32
    }

    pub(super) fn fetch(&mut self, provider: usize, fetch: FetchId) -> u32 {
        let registers = &mut *self.0;
        registers[numbers::PROVIDER] = provider as u32;
        registers[numbers::FETCH_ID] = fetch.0;
        numbers::FETCH
    }

    pub(super) fn wait(&mut self, provider: usize, fetch: FetchId, millis: u32) -> u32 {
        self.fetch(provider, fetch);
        let registers = &mut *self.0;
        registers[numbers::WAIT_MS] = millis;
        numbers::WAIT
    }

    pub(super) fn import(&mut self, key: KeyId, algorithm: Algorithm, refresh: Option<(usize, FetchId)>) -> u32 {
        let registers = &mut *self.0;
        registers[numbers::IMPORT_KEY] = handle(key, algorithm);
        [registers[numbers::IMPORT_REFRESH], registers[numbers::IMPORT_REFRESH + 1]] = fetch_beside(refresh);
        numbers::IMPORT
    }

    pub(super) fn check(&mut self, check: &SignatureCheck, signed_at: u32) -> u32 {
        let registers = &mut *self.0;
        registers[numbers::CHECK_ID] = check.id.0;
        registers[numbers::CHECK_KEY] = handle(check.key, check.algorithm);
        registers[numbers::SIGNATURE_LEN] = check.signature_len as u32;
        registers[numbers::SIGNED_LEN] = check.signing_input_len as u32;
        [registers[numbers::CHECK_REFRESH], registers[numbers::CHECK_REFRESH + 1]] = fetch_beside(check.refresh);
        registers[numbers::CHECK_NEXT] = check.next.unwrap_or(0) as u32;
        registers[numbers::SIGNED_AT] = signed_at;
        numbers::CHECK
    }

    pub(super) fn verified(&mut self, verified: &VerifiedToken) -> u32 {
        let (text, parts) = (verified.text(), verified.parts());
        let expires_at = verified.expires_at().as_millis() as u64;
        let registers = &mut *self.0;
        registers[numbers::PROVIDER] = verified.provider() as u32;
        registers[numbers::TEXT_AT] = text.as_ptr() as u32;
        registers[numbers::TEXT_LEN] = text.len() as u32;
        registers[numbers::EXPIRES_HIGH] = (expires_at >> 32) as u32;
        registers[numbers::EXPIRES_LOW] = expires_at as u32;
        registers[numbers::CLAIMS_LEN] = parts.claims as u32;
        registers[numbers::HEADER_LEN] = parts.header as u32;
        registers[numbers::ID_LEN] = parts.id as u32;
        registers[numbers::SCOPES_LEN] = parts.scopes as u32;
        registers[numbers::SCOPE_LIST_LEN] = parts.scope_list as u32;
        registers[numbers::LABELS_LEN] = parts.labels as u32;
        registers[numbers::KEY_LEN] = parts.key as u32;
        registers[numbers::ISSUER_LEN] = parts.issuer as u32;
        registers[numbers::SERIAL] = verified.serial();
        numbers::VERIFIED
    }
}

/// A fetch that begins beside, if one does.
fn fetch_beside(refresh: Option<(usize, FetchId)>) -> [u32; 2] {
    refresh.map_or([numbers::NO_REFRESH, 0], |(provider, fetch)| [provider as u32, fetch.0])
}

/// A key and what it is used for, as one number.
const fn handle(key: KeyId, algorithm: Algorithm) -> u32 {
    key.0 << numbers::ALGORITHM_BITS | algorithm as u32
}

/// The key and the algorithm of a [`handle`].
pub(super) fn from_handle(handle: u32) -> Option<(KeyId, Algorithm)> {
    let algorithm = handle & ((1 << numbers::ALGORITHM_BITS) - 1);
    Some((KeyId(handle >> numbers::ALGORITHM_BITS), *Algorithm::ALL.get(algorithm as usize)?))
}
