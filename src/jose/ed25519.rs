//! Which points are no Ed25519 key (RFC 8032): under those of small order signatures hold that nobody made.
//!
//! RFC 8032 leaves them to the verifier, and platforms differ about them. Here they are no keys, so that all say the same.

/// y of a point of order 8, the least byte first, without its first byte (26) and its last (05).
const ORDER_8: [u8; 30] = [
    0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05,
    0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc,
];

/// Whether these 32 bytes may be a key: they are none of the eight points of small order, and the y that they hold is written in its
/// one way, as a number under p = 2^255 - 19 (RFC 8032 §5.1.3). Whether there is such a point, who checks signatures finds out.
pub fn may_be_key(bytes: &[u8]) -> bool {
    let [first, middle @ .., last] = bytes else { return false };
    let are = |byte: u8| middle.iter().all(|own| *own == byte);
    // The last bit is the sign of x: no matter, for with a point its negative has the same order.
    match (first, last & 0x7f) {
        // Order 4 (y = 0) and 1 (y = 1).
        (0 | 1, 0) => !are(0),
        // Order 2 (y = p - 1); and from p on, where the first two stand once more.
        (0xec.., 0x7f) => !are(0xff),
        (0x26, 0x05) => middle != ORDER_8,
        // p - y: order 8, too.
        (0xc7, 0x7a) => !middle.iter().zip(ORDER_8).all(|(own, byte)| *own == !byte),
        _ => true,
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    type Dalek = <jwt_compact::alg::Ed25519 as jwt_compact::Algorithm>::VerifyingKey;

    /// The eight, as everybody lists them.
    const OF_SMALL_ORDER: [&str; 8] = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ];

    #[allow(clippy::unwrap_used, reason = "the table above is written in hexadecimal")]
    fn bytes(hex: &str) -> [u8; 32] {
        std::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
    }

    /// What the crate of those who know says: a point of small order, however it is written.
    fn is_weak(bytes: &[u8; 32]) -> bool {
        Dalek::from_bytes(bytes).is_ok_and(|key| key.is_weak())
    }

    #[test]
    fn attack_18_points_of_small_order() {
        for hex in OF_SMALL_ORDER {
            assert!(is_weak(&bytes(hex)), "{hex}");
            assert!(!may_be_key(&bytes(hex)), "{hex}");
        }
    }

    #[test]
    fn attack_18_numbers_from_p_on() {
        for sign in [0, 0x80] {
            for low in 0xeb..=0xff {
                let mut key = [0xff; 32];
                (key[0], key[31]) = (low, 0x7f | sign);
                assert_eq!(may_be_key(&key), low == 0xeb, "{key:x?}");
            }
        }
    }

    #[test]
    fn all_that_is_near_one_of_small_order_is_judged_as_dalek_judges() {
        let mut judged = 0;
        let mut weak = 0;
        for hex in OF_SMALL_ORDER {
            for at in 0..32 {
                for value in 0..=u8::MAX {
                    let mut key = bytes(hex);
                    key[at] = value;
                    let is_written_otherwise = key[31] & 0x7f == 0x7f && key[0] >= 0xed && key[1..31] == [0xff; 30];
                    assert_eq!(may_be_key(&key), !is_weak(&key) && !is_written_otherwise, "{key:x?}");
                    judged += 1;
                    weak += usize::from(is_weak(&key));
                }
            }
        }
        assert!(judged == 65_536 && weak > 8 * 32, "{weak} of {judged}");
    }

    #[test]
    fn keys_of_another_length_are_none() {
        assert!(!may_be_key(&[]) && !may_be_key(&[9]));
    }
}
