//! Searching and joining texts, each compiled once: the standard library's searcher is made for long texts, and its `join` for
//! each type of text, which is a kilobyte of a module that searches URLs for `://`.

/// A number of digits alone; what no u64 holds is as large as it gets.
pub(crate) fn digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let add = |all: u64, digit: u8| all.saturating_mul(10).saturating_add(u64::from(digit & 0xf));
    is_number.then(|| text.bytes().fold(0, add))
}

/// What stands before the first of these bytes, which are ASCII.
pub(crate) fn before<'t>(text: &'t str, stops: &[u8]) -> &'t str {
    let end = text.bytes().position(|byte| stops.contains(&byte));
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// Where `wanted`, which is not empty, begins in a text.
pub(crate) fn find(text: &str, wanted: &str) -> Option<usize> {
    text.as_bytes().windows(wanted.len().max(1)).position(|part| part == wanted.as_bytes())
}

/// Whether a text has `wanted`, which is not empty, in it.
pub(crate) fn contains(text: &str, wanted: &str) -> bool {
    find(text, wanted).is_some()
}

/// How often `wanted`, which is not empty, is in a text.
pub(crate) fn count(text: &str, wanted: &str) -> usize {
    let mut rest = text;
    let mut count = 0;
    while let Some((_, after)) = split_once(rest, wanted) {
        rest = after;
        count += 1;
    }
    count
}

/// What stands before and behind the first `wanted`, which is not empty.
pub(crate) fn split_once<'t>(text: &'t str, wanted: &str) -> Option<(&'t str, &'t str)> {
    let at = find(text, wanted)?;
    Some((text.get(..at)?, text.get(at + wanted.len()..)?))
}

/// A text with `other` in the place of each `wanted`, which is not empty.
pub(crate) fn replaced(text: &str, wanted: &str, other: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = split_once(rest, wanted) {
        out.push_str(before);
        out.push_str(other);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The texts with `between` in between.
pub(crate) fn joined<'t>(texts: impl IntoIterator<Item = &'t str>, between: &str) -> String {
    let mut out = String::new();
    join_into(&mut out, &mut texts.into_iter(), between);
    out
}

fn join_into(out: &mut String, texts: &mut dyn Iterator<Item = &str>, between: &str) {
    for (index, text) in texts.enumerate() {
        if index > 0 {
            out.push_str(between);
        }
        out.push_str(text);
    }
}

// proptest is not there for wasm32.
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_alone() {
        for (text, number) in [("0", Some(0)), ("007", Some(7)), ("18446744073709551616", Some(u64::MAX))] {
            assert_eq!(digits(text), number);
        }
        for text in ["", "+1", "-1", "1.5", " 1", "1e3", "١"] {
            assert_eq!(digits(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn as_the_standard_library_does(text in "[ab:é/]{0,12}", wanted in "[ab:é/]{1,3}", texts: Vec<String>) {
            proptest::prop_assert_eq!(find(&text, &wanted), text.find(&wanted));
            proptest::prop_assert_eq!(contains(&text, &wanted), text.contains(&wanted));
            proptest::prop_assert_eq!(before(&text, b":/"), text.split([':', '/']).next().unwrap());
            proptest::prop_assert_eq!(count(&text, &wanted), text.matches(&*wanted).count());
            proptest::prop_assert_eq!(split_once(&text, &wanted), text.split_once(&wanted));
            proptest::prop_assert_eq!(replaced(&text, &wanted, "é"), text.replace(&*wanted, "é"));
            proptest::prop_assert_eq!(joined(texts.iter().map(String::as_str), &wanted), texts.join(&wanted));
        }
    }
}
