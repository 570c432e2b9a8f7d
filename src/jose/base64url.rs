//! base64url without padding (RFC 7515 §2, RFC 4648 §5), in its one canonical spelling.
//!
//! What is decoded here is public, or the caller's own: it needs no constant time. Why this is not the `base64` crate:
//! docs/decisions/0004-small-parsers.md. The tests hold it against that crate.

use std::mem;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What stands for no value.
const NONE: u8 = 0xff;

/// Each character's value.
#[expect(clippy::indexing_slicing, reason = "read by the compiler, which would stop")]
const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut index = 0;
    while index < ALPHABET.len() {
        values[ALPHABET[index] as usize] = index as u8;
        index += 1;
    }
    values
};

/// Decodes up to the first character that is not of the alphabet, or the end: how many bytes were written to `out`, how many
/// characters were read. `None` when they are not what an encoder gives for any bytes, or when `out` is too short.
pub fn decode_start(text: &[u8], out: &mut [u8]) -> Option<(usize, usize)> {
    let (mut read, mut written) = (0, 0);
    let (mut from, mut to) = (text, &mut *out);
    // Whole groups, as patterns: an index would be checked each time.
    while let ([a, b, c, d, from_rest @ ..], [x, y, z, to_rest @ ..]) = (from, mem::take(&mut to)) {
        let [a, b, c, d] = [value(*a), value(*b), value(*c), value(*d)];
        if (a | b | c | d) > 63 {
            break;
        }
        let bits = a << 18 | b << 12 | c << 6 | d;
        (*x, *y, *z) = ((bits >> 16) as u8, (bits >> 8) as u8, bits as u8);
        (from, to) = (from_rest, to_rest);
        read += 4;
        written += 3;
    }
    // Up to three more. One alone is too little for a byte, and bits that fill no byte must be zero.
    let (mut bits, mut rest) = (0, 0);
    while let Some(six) = text.get(read).map(|character| value(*character)).filter(|six| *six <= 63) {
        bits = bits << 6 | six;
        rest += 1;
        read += 1;
        if rest > 3 {
            return None;
        }
    }
    match rest {
        0 => {}
        2 if bits & 0xf == 0 => *out.get_mut(written)? = (bits >> 4) as u8,
        3 if bits & 0x3 == 0 => {
            *out.get_mut(written)? = (bits >> 10) as u8;
            *out.get_mut(written + 1)? = (bits >> 2) as u8;
        }
        _ => return None,
    }
    Some((written + if rest == 0 { 0 } else { rest - 1 }, read))
}

/// Decodes all of `text`.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = vec![0; text.len() / 4 * 3 + 2];
    let (written, read) = decode_start(text.as_bytes(), &mut out)?;
    out.truncate(written);
    (read == text.len()).then_some(out)
}

/// Appends `bytes` to `out`, encoded.
#[expect(clippy::indexing_slicing, reason = "six bits of an alphabet of 64")]
pub fn encode(bytes: &[u8], out: &mut String) {
    for three in bytes.chunks(3) {
        let byte = |index: usize| three.get(index).copied().map_or(0, u32::from);
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for index in 0..=three.len() {
            out.push(char::from(ALPHABET[(bits >> (18 - 6 * index) & 63) as usize]));
        }
    }
}

#[expect(clippy::indexing_slicing, reason = "a value for each byte")]
#[inline(always)]
const fn value(character: u8) -> u32 {
    VALUES[character as usize] as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine as _};

    #[test]
    fn encodes_and_decodes_as_the_base64_crate_does() {
        for length in 0..70_usize {
            let bytes: Vec<u8> = (0..length).map(|index| (index * 37 + length * 11) as u8).collect();
            let mut text = String::new();
            encode(&bytes, &mut text);
            assert_eq!(text, URL_SAFE_NO_PAD.encode(&bytes));
            assert_eq!(decode(&text), Some(bytes));
        }
    }

    #[test]
    fn takes_exactly_what_the_base64_crate_takes() {
        // Every text of up to three characters of this kind, alone and behind a whole group.
        let characters =
            ['A', 'B', 'E', 'Q', 'g', 'w', '9', '-', '_', '+', '/', '=', '.', ' ', '\n', '\0', '\u{7f}', 'é'];
        let mut texts = vec![String::new()];
        for _ in 0..3 {
            texts = texts
                .iter()
                .flat_map(|text| {
                    std::iter::once(text.clone()).chain(characters.iter().map(move |c| format!("{text}{c}")))
                })
                .collect();
        }
        for text in texts.iter().flat_map(|text| [text.clone(), format!("AbCd{text}"), format!("{text}AbCd")]) {
            assert_eq!(decode(&text), URL_SAFE_NO_PAD.decode(&text).ok(), "{text:?}");
        }
    }

    #[test]
    fn stops_where_the_alphabet_ends() {
        let mut out = [0; 16];
        assert_eq!(decode_start(b"AQID.AQID", &mut out), Some((3, 4)));
        assert_eq!(&out[..3], [1, 2, 3]);
        assert_eq!(decode_start(b"AQI.AQID", &mut out), Some((2, 3)));
        assert_eq!(decode_start(b".AQID", &mut out), Some((0, 0)));
        assert_eq!(decode_start(b"A.AQID", &mut out), None);
        assert_eq!(decode_start(b"AQIDAQ", &mut [0; 3]), None);
        assert_eq!(decode_start(b"AQIDAQID", &mut [0; 3]), None);
    }
}
