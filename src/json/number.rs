//! Numbers keep their text: nothing is printed from a double, and a value is computed only where one is compared.

use std::borrow::Cow;

/// A number, as its text; finite as a double, but in what a provider wrote ([`super::provided`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number<'a>(pub(super) Cow<'a, str>);

impl Number<'_> {
    /// The text that it was read from.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Its value: the nearest double where all digits fit into one, and within a few units in the last place elsewhere.
    pub fn as_f64(&self) -> f64 {
        value_of(&self.0)
    }

    /// Its value, if it is written as an integer that fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }
}

/// The value of a number's text, whose grammar was checked.
pub(super) fn value_of(text: &str) -> f64 {
    let (mut digits, mut exponent, mut written) = (0_u64, 0_i32, 0_i32);
    let (mut in_fraction, mut in_exponent, mut is_down) = (false, false, false);
    for byte in text.bytes() {
        match byte {
            b'.' => in_fraction = true,
            b'e' | b'E' => in_exponent = true,
            b'-' => is_down = in_exponent,
            b'+' => {}
            digit if in_exponent => written = written.saturating_mul(10).saturating_add(i32::from(digit - b'0')),
            digit if digits < u64::MAX / 10 - 1 => {
                digits = digits * 10 + u64::from(digit - b'0');
                exponent -= i32::from(in_fraction);
            }
            // More digits than a double has: they count for their places only.
            _ => exponent += i32::from(!in_fraction),
        }
    }
    let value = scaled(digits as f64, exponent.saturating_add(if is_down { -written } else { written }));
    if text.starts_with('-') {
        -value
    } else {
        value
    }
}

/// `value` times ten to the power of `exponent`. Powers up to 22 are exact, so one of them rounds once.
fn scaled(mut value: f64, mut exponent: i32) -> f64 {
    const STEP: i32 = 22;
    if value == 0.0 {
        return 0.0;
    }
    // Whatever the digits are, these are far outside.
    exponent = exponent.clamp(-400, 400);
    while exponent != 0 {
        let step = exponent.abs().min(STEP);
        let power = (0..step).fold(1.0, |power, _| power * 10.0);
        if exponent > 0 {
            value *= power;
            exponent -= step;
        } else {
            value /= power;
            exponent += step;
        }
    }
    value
}
