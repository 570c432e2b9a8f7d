//! A token that goes along with the requests of somebody's own: with which, and whether another one may help when it is refused
//! (RFC 6750 §3).

use crate::time::Span;

/// How long a server that has refused a fresh token as well gets no other one on its account, at first.
const FIRST_PAUSE: Span = Span::from_secs(60);
/// And at most: a token may really have been taken back.
const LONGEST_PAUSE: Span = Span::from_secs(600);

/// Whether the token goes to this origin. `origins` are those that it may go to, as a URL parser writes them: nothing but the same text
/// is the same origin.
pub fn goes_to<'o>(origin: &str, origins: impl IntoIterator<Item = &'o str>) -> bool {
    // What has no origin of its own is "null".
    origin.contains("://") && origins.into_iter().any(|known| known == origin)
}

/// Whether an answer says that the token is bad, so that another one may help. `challenges` is `WWW-Authenticate`, where it can be
/// read: pages of other origins often may not. A challenge without an error says no more than the status.
pub fn may_be_renewed(status: u16, challenges: Option<&str>) -> bool {
    status == 401 && challenges.is_none_or(|text| text.is_empty() || says_bad(text))
}

/// How long a token is not renewed for a server, which has refused so many fresh ones in a row. It refuses them for a reason of its own,
/// and those who get along with the token are not to pay for that.
pub fn renewal_pause(futile: u32) -> Span {
    match futile {
        0 => Span::ZERO,
        _ => Span::from_millis(FIRST_PAUSE.as_millis() << (futile - 1).min(4)).min(LONGEST_PAUSE),
    }
}

/// Whether a challenge of the scheme Bearer names `invalid_token`, or no error.
fn says_bad(text: &str) -> bool {
    // Of the one that is being read, if its scheme is Bearer.
    let mut is_bad = None;
    for part in parts(text) {
        let (first, rest) = part.split_once(' ').unwrap_or((part, ""));
        // `name=value` goes on with the challenge before; `scheme`, alone or before a parameter, begins one.
        let is_parameter = first.contains('=') || rest.starts_with('=');
        if !is_parameter {
            if is_bad == Some(true) {
                return true;
            }
            is_bad = first.eq_ignore_ascii_case("bearer").then_some(true);
        }
        let parameter = if is_parameter { part } else { rest };
        let Some((name, value)) = parameter.split_once('=') else { continue };
        if is_bad.is_some() && name.trim_matches(' ').eq_ignore_ascii_case("error") {
            is_bad = Some(value.trim_matches([' ', '"']) == "invalid_token");
        }
    }
    is_bad == Some(true)
}

/// What stands between commas, but for those in quotes.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let between = move |c: char| {
        let was_escaped = std::mem::take(&mut is_escaped);
        match c {
            '"' if !was_escaped => is_quoted = !is_quoted,
            '\\' if is_quoted && !was_escaped => is_escaped = true,
            _ => {}
        }
        c == ',' && !is_quoted
    };
    text.split(between).map(|part| part.trim_matches([' ', '\t'])).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_to_exactly_these_origins() {
        let origins = ["https://api.example", "http://localhost:8787"];
        for (origin, goes) in [
            ("https://api.example", true),
            ("http://localhost:8787", true),
            ("http://api.example", false),
            ("https://api.example:8443", false),
            ("https://api.example.evil.example", false),
            ("https://API.example", false),
            ("http://localhost", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(goes_to(origin, origins), goes, "{origin}");
        }
        assert!(!goes_to("null", ["null"]) && !goes_to("https://api.example", []));
    }

    #[test]
    fn another_token_helps_where_this_one_is_called_bad_or_nothing_is_said() {
        for (challenges, may) in [
            (None, true),
            (Some(""), true),
            (Some("Bearer"), true),
            (Some("bearer realm=\"a, error=b\""), true),
            (Some("Bearer error=\"invalid_token\", error_description=\"expired\""), true),
            (Some("Bearer realm=\"x\", error=invalid_token"), true),
            (Some("Bearer realm=\"say \\\"error\\\", error=\\\"y\", ERROR = \"invalid_token\""), true),
            (Some("DPoP error=\"use_dpop_nonce\", Bearer error=\"invalid_token\""), true),
            (Some("Basic realm=\"x\", Bearer"), true),
            (Some("Bearer, DPoP error=\"invalid_token\""), true),
            (Some("Bearer error=\"insufficient_scope\", scope=\"a b\""), false),
            (Some("Bearer error=\"invalid_request\""), false),
            (Some("Bearer error=\"insufficient_user_authentication\", acr_values=\"a\""), false),
            (Some("Basic realm=\"x\""), false),
            (Some("DPoP error=\"invalid_token\""), false),
            (Some("Basic realm=\"Bearer\""), false),
            (Some(",,"), false),
        ] {
            assert_eq!(may_be_renewed(401, challenges), may, "{challenges:?}");
            assert!(!may_be_renewed(403, challenges) && !may_be_renewed(200, challenges));
        }
    }

    #[test]
    fn a_server_that_refuses_fresh_tokens_waits_longer_each_time() {
        let pauses = [0, 1, 2, 3, 4, 5, u32::MAX].map(|futile| renewal_pause(futile).as_millis() / 1000);
        assert_eq!(pauses, [0, 60, 120, 240, 480, 600, 600]);
    }
}
