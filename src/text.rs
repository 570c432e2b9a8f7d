//! Searching and joining texts, each compiled once: the standard library's searcher is made for long texts, and its `join` for
//! each type of text, which is a kilobyte of a module that searches URLs for `://`.

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

    proptest::proptest! {
        #[test]
        fn as_the_standard_library_does(text in "[ab:é/]{0,12}", wanted in "[ab:é/]{1,3}", texts: Vec<String>) {
            proptest::prop_assert_eq!(find(&text, &wanted), text.find(&wanted));
            proptest::prop_assert_eq!(contains(&text, &wanted), text.contains(&wanted));
            proptest::prop_assert_eq!(count(&text, &wanted), text.matches(&*wanted).count());
            proptest::prop_assert_eq!(split_once(&text, &wanted), text.split_once(&wanted));
            proptest::prop_assert_eq!(joined(texts.iter().map(String::as_str), &wanted), texts.join(&wanted));
        }
    }
}
