//! A sum over what is stored, by which what a disk has changed is found: FNV-1a, which differs for any two texts that differ in one
//! byte. It guards against accidents, not against whoever can write there.

/// The sum of these parts, in their order; where one ends counts, too.
pub(super) fn sum(parts: &[&[u8]]) -> u32 {
    let step = |sum: u32, byte: u8| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    // 255 is in no UTF-8.
    let bytes = parts.iter().flat_map(|part| part.iter().copied().chain([255]));
    bytes.fold(0x811c_9dc5, step)
}

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    fn each_byte_and_each_border_counts() {
        let whole = sum(&[b"ab", b"c"]);
        for other in [sum(&[b"a", b"bc"]), sum(&[b"abc"]), sum(&[b"ab", b"d"]), sum(&[b"Ab", b"c"]), sum(&[])] {
            assert_ne!(other, whole);
        }
        assert_eq!(sum(&[b"ab", b"c"]), whole);
    }
}
