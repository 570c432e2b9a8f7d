//! What a log may show of errors: no token, and nothing that looks like one.

const PLACEHOLDER: &str = "[token]";
/// How every JWT begins: the base64url of `{"`.
const JWT_START: &str = "eyJ";
/// What is shorter (bytes) is a part of many a word, and no secret: within one, it is not the token.
const SHORT: usize = 6;

/// A text without `token`, where it is known, and without anything that looks like a JWT or a part of one.
pub fn without_tokens(text: &str, token: Option<&str>) -> String {
    let text = match token {
        Some(token) if token.len() < SHORT => without_word(text, token),
        Some(token) => text.replace(token, PLACEHOLDER),
        _ => text.to_owned(),
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, found)) = rest.split_once(JWT_START) {
        out.push_str(before);
        out.push_str(PLACEHOLDER);
        rest = found.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    }
    out.push_str(rest);
    out
}

fn without_word(text: &str, word: &str) -> String {
    if word.is_empty() {
        return text.to_owned();
    }
    let joins = |one: Option<char>, other: Option<char>| {
        one.is_some_and(char::is_alphanumeric) && other.is_some_and(char::is_alphanumeric)
    };
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (at, found) in text.match_indices(word) {
        let (before, after) = (&text[..at], &text[at + found.len()..]);
        if joins(before.chars().next_back(), found.chars().next())
            || joins(found.chars().next_back(), after.chars().next())
        {
            continue;
        }
        out.push_str(&text[copied..at]);
        out.push_str(PLACEHOLDER);
        copied = at + found.len();
    }
    out.push_str(&text[copied..]);
    out
}

/// An error for the log: what it was, why, and what was behind it (a kind and a text).
pub fn error(kind: &str, message: &str, cause: Option<(&str, &str)>, token: Option<&str>) -> String {
    let mut out = format!("{kind}: {}", without_tokens(message, token));
    if let Some((kind, message)) = cause {
        out.push_str(" (");
        out.push_str(kind);
        out.push_str(": ");
        out.push_str(&without_tokens(message, token));
        out.push(')');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_looks_like_a_token_is_left() {
        for (text, shown) in [
            ("no token", "no token"),
            ("eyJ", "[token]"),
            ("got eyJhbGciOi_-.eyJ9.AAAA, and", "got [token], and"),
            ("eyJa.", "[token]"),
            ("eyJa eyJb", "[token] [token]"),
            ("a-eyJa é", "a-[token] é"),
            ("ey J", "ey J"),
        ] {
            assert_eq!(without_tokens(text, None), shown, "{text}");
        }
    }

    #[test]
    fn the_token_itself_goes_wherever_it_stands() {
        assert_eq!(without_tokens("secret is not secret2", Some("secret")), "[token] is not [token]2");
        assert_eq!(without_tokens("a", Some("")), "a");
    }

    #[test]
    fn a_short_token_is_not_the_letters_of_other_words() {
        for (text, token, shown) in [
            ("the token has one segment: `tok`", "tok", "the token has one segment: `[token]`"),
            ("a=a, and a_a", "a", "[token]=[token], and [token]_[token]"),
            ("x+/=y", "+/=", "x[token]y"),
            ("é is not éé", "é", "[token] is not éé"),
        ] {
            assert_eq!(without_tokens(text, Some(token)), shown, "{text}");
        }
    }

    #[test]
    fn an_error_is_told_with_its_cause() {
        let cause = Some(("TypeError", "bad eyJx"));
        assert_eq!(
            error("ERR_X", "no s", cause, Some("s")),
            "ERR_X: no [token] (TypeError: bad eyJx)".replace("eyJx", "[token]")
        );
        assert_eq!(error("Error", "x", None, None), "Error: x");
    }
}
