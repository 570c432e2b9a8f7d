//! Names of members, compared where they stand. They are short and most differ early, so that a call for each comparison would
//! be most of what it costs.

use std::borrow::Cow;

/// The text, without asking whose it is through a trait.
#[inline(always)]
#[allow(
    clippy::ptr_arg,
    reason = "what it is for: a Cow's own dereferencing is a call when the module is built for size"
)]
pub(super) fn text_of<'t>(text: &'t Cow<'_, str>) -> &'t str {
    match text {
        Cow::Borrowed(text) => text,
        Cow::Owned(text) => text,
    }
}

/// Equality.
#[expect(clippy::indexing_slicing, reason = "both are as long")]
#[inline(always)]
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// One bit of 64 for a name, by its length and two of its bytes: names whose marks differ differ.
#[inline(always)]
pub(super) const fn mark_of(name: &str) -> u64 {
    match name.as_bytes() {
        [] => 1,
        [only] => 1 << (*only & 63),
        [first, .., last] => 1 << ((*first as usize * 5 + *last as usize * 3 + name.len()) & 63),
    }
}
