//! What a token says, written down once, until its signature is known to be good.

use std::{borrow::Cow, mem};

use super::token::{Parts, Sealed, SEPARATOR};
use crate::{
    error::Error,
    jose::claims::Candidate,
    json,
    principal::{self, Kind},
};

/// A token's issuer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'a> {
    pub(super) name: &'a str,
    /// Whether it is this token's own: that of its tenant, which the provider's configuration doesn't say.
    pub(super) is_own: bool,
}

/// Writes down what the token says. Payload and header were parsed strictly, so their own text can stand there: every parser
/// reads the same in it.
pub(super) fn seal(
    issuer: Named<'_>,
    candidate: &Candidate<'_>,
    token: &str,
    header: &str,
    payload: &str,
) -> Result<Sealed, Error> {
    let id = candidate.subject;
    let scopes: usize = candidate.scopes.iter().map(|scope| scope.len() + 1).sum();
    let mut text = String::with_capacity(token.len() + payload.len() + header.len() + id.len() + scopes);
    text.push_str(token);
    let mut written = text.len();
    let mut part = |text: &String| {
        let length = text.len() - written;
        written = text.len();
        length
    };
    text.push_str(payload);
    let claims = part(&text);
    text.push_str(header);
    let header = part(&text);
    text.push_str(id);
    let id_len = part(&text);
    let has_separator = write_scopes(&mut text, &candidate.scopes);
    let scopes = part(&text);
    if has_separator {
        write_list(&mut text, &candidate.scopes);
    }
    let scope_list = part(&text);
    if !candidate.labels.is_empty() {
        write_record(&mut text, &candidate.labels);
    }
    let labels = part(&text);
    if issuer.is_own || !principal::is_plain(id) {
        text.push_str(&principal::key(Kind::Jwt, Some(issuer.name), id));
    }
    let key = part(&text);
    if issuer.is_own {
        text.push_str(issuer.name);
    }
    let issuer = part(&text);
    Ok(Sealed {
        text,
        token_len: token.len(),
        parts: Parts { claims, header, id: id_len, scopes, scope_list, labels, key, issuer },
        window: candidate.window,
        expires_at: candidate.expires_at,
        is_long_lived: candidate.is_long_lived,
    })
}

/// Writes the scopes with separators between them. A scope out of a list may hold a space (a role, say), and must not count as
/// two. One that holds the separator itself is left out, and can't be asked for: whether there is one.
fn write_scopes(out: &mut String, scopes: &[&str]) -> bool {
    let mut has_separator = false;
    let mut is_first = true;
    for scope in scopes {
        if scope.as_bytes().contains(&(SEPARATOR as u8)) {
            has_separator = true;
            continue;
        }
        if !mem::take(&mut is_first) {
            out.push(SEPARATOR);
        }
        out.push_str(scope);
    }
    has_separator
}

#[cold]
#[inline(never)]
fn write_list(out: &mut String, items: &[&str]) {
    for (index, item) in items.iter().enumerate() {
        out.push(if index == 0 { '[' } else { ',' });
        json::write_string(out, item);
    }
    out.push(']');
}

#[inline(never)]
fn write_record(out: &mut String, members: &[(&str, Cow<'_, str>)]) {
    for (index, (name, value)) in members.iter().enumerate() {
        out.push(if index == 0 { '{' } else { ',' });
        json::write_string(out, name);
        out.push(':');
        json::write_string(out, value);
    }
    out.push('}');
}
