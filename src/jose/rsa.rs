//! What an RSA public key must be before anything is verified with it.

/// The smallest modulus in bits (RFC 7518 §3.3).
pub const MIN_BITS: usize = 2048;
/// The largest modulus in bits: beyond it a verification costs too much for what it adds, and browsers differ.
pub const MAX_BITS: usize = 8192;

/// The odd primes up to 167. Every key length that the ROCA library made has all of them in its primorial.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// A big-endian number without its leading zero bytes. RFC 7518 §6.3.1.1 forbids them; some issuers write one anyway, as
/// ASN.1 does, and it changes nothing.
pub(super) fn stripped(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// The length of a number in bits; `number` has no leading zero byte.
pub(super) fn bits(number: &[u8]) -> usize {
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

/// Whether the public exponent is odd, over 1 and below 2^32, as every WebCrypto implementation can use it.
pub(super) fn exponent_is_sound(exponent: &[u8]) -> bool {
    matches!(exponent, [.., last] if last & 1 == 1) && exponent != [1] && exponent.len() <= 4
}

/// Whether a prime up to 167 divides the modulus: then it is no product of two large primes.
pub(super) fn has_small_factor(modulus: &[u8]) -> bool {
    modulus.last().is_none_or(|last| last & 1 == 0) || PRIMES.iter().any(|prime| remainder(modulus, *prime) == 0)
}

/// Whether the modulus has the fingerprint of CVE-2017-15361 (ROCA): primes of the form `k·M + (65537^a mod M)`, M a
/// primorial, which can be factored.
///
/// Such a modulus lies, modulo each prime of M, in the group that 65537 generates; a sound one lies in all of them by a
/// chance of less than 2^-27. Nemec, Sýs, Švenda, Klinec, Matyáš: "The Return of Coppersmith's Attack", ACM CCS 2017, §2.3.
pub(super) fn has_roca_fingerprint(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|prime| is_power(65537 % prime, remainder(modulus, *prime), *prime))
}

fn remainder(number: &[u8], divisor: u32) -> u32 {
    number.iter().fold(0, |rest, byte| (rest << 8 | u32::from(*byte)) % divisor)
}

fn is_power(base: u32, wanted: u32, modulus: u32) -> bool {
    let mut power = 1;
    loop {
        if power == wanted {
            return true;
        }
        power = power * base % modulus;
        if power == 1 {
            return false;
        }
    }
}
