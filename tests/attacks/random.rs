//! Chooses, the same each time: for whoever bends what comes in.

/// SplitMix64: small, seeded, good enough to choose mutations.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub(crate) fn pick<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        let index = self.below(items.len());
        &items[index]
    }

    /// Changes some bytes: flips, cuts, doubles, swaps in what parsers stumble over.
    pub(crate) fn mutate(&mut self, bytes: &mut Vec<u8>) {
        const STUMBLES: [&str; 36] = [
            "\"",
            "\\",
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            ".",
            "..",
            "=",
            "-",
            "+",
            "e9999",
            "null",
            "true",
            "0",
            "-0",
            "1e400",
            "\u{0}",
            "\\u0000",
            "\\ud800",
            "\\udc00",
            "\\u",
            "\u{feff}",
            "é",
            "😀",
            " ",
            "\n",
            "//",
            "\"exp\":0,",
            "\"exp\":1,\"exp\":2",
            "\"__proto__\":{},",
            "99999999999999999999",
            "\"crit\":[],",
            "\"aud\":[],",
        ];
        const VALUES: [&str; 14] = [
            "null",
            "0",
            "-1",
            "1.5",
            "\"\"",
            "\"api\"",
            "[]",
            "{}",
            "[\"api\"]",
            "true",
            "1800000000",
            "\"none\"",
            "1e300",
            "{\"a\":1}",
        ];
        let at = self.below(bytes.len() + 1);
        let end = (at + self.below(9)).min(bytes.len());
        match self.below(10) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            1 if at < bytes.len() => bytes[at] = self.next() as u8,
            2 => drop(bytes.drain(at..end)),
            3 => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            4 => bytes.truncate(at),
            5 => drop(bytes.splice(at..at, self.pick(&STUMBLES).bytes())),
            6 => drop(bytes.splice(at..end, self.pick(&STUMBLES).bytes())),
            7 | 8 => {
                // Another value for some member.
                let Some(colon) = bytes[at..].iter().position(|byte| *byte == b':').map(|found| at + found + 1) else {
                    return;
                };
                let rest = bytes[colon..].iter().position(|byte| matches!(byte, b',' | b'}'));
                let end = rest.map_or(bytes.len(), |found| colon + found);
                drop(bytes.splice(colon..end, self.pick(&VALUES).bytes()));
            }
            _ => {
                let most = 1 << self.below(12);
                let length = self.below(most);
                let byte = *self.pick(b"[{\"A.= \\");
                drop(bytes.splice(at..at, std::iter::repeat_n(byte, length)));
            }
        }
    }
}
