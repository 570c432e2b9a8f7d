//! Rust code as text: without what is no code, and the paths that it names.

/// The code without comments, and without what strings and character literals hold.
pub(super) fn strip(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = literal(rest) {
            out.push_str("\"\"");
            length
        } else {
            out.push(c);
            c.len_utf8()
        };
        rest = &rest[skip..];
    }
    out
}

/// The length of the string or character literal at the beginning of `text`.
fn literal(text: &str) -> Option<usize> {
    if let Some(raw) = text.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let body = &raw[hashes + 1..];
            return Some(2 + hashes + body.find(&end).map_or(body.len(), |at| at + end.len()));
        }
        return None;
    }
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return Some(at + c.len_utf8()),
            _ => {}
        }
        // A lifetime is no character.
        let chars = text[1..at + c.len_utf8()].chars().count();
        if quote == '\'' && chars > 1 && !text.starts_with("'\\") {
            return None;
        }
    }
    None
}

/// Code in which names can be looked for as whole words.
pub(super) struct Words<'c>(&'c str);

pub(super) const fn words(code: &str) -> Words<'_> {
    Words(code)
}

impl Words<'_> {
    pub(super) fn contains(&self, name: &str) -> bool {
        self.0.match_indices(name).any(|(at, _)| {
            let before = self.0[..at].chars().next_back().is_some_and(is_word);
            let after = self.0[at + name.len()..].chars().next().is_some_and(is_word);
            (!before || !name.starts_with(is_word)) && (!after || !name.ends_with(is_word))
        })
    }
}

/// All paths that begin with `crate`, `super` or `self`, segment by segment; lists are taken apart.
pub(super) fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for root in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(root) {
            let before = code[..at].chars().next_back();
            if before.is_none_or(|c| !is_word(c) && c != ':') {
                expand(&code[at..], &mut Vec::new(), &mut found);
            }
        }
    }
    found
}

/// The paths that `text` begins with, each behind `prefix`.
pub(super) fn expand(text: &str, prefix: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let text = text.trim_start();
    if text.starts_with('{') {
        for item in items(braced(text)) {
            expand(&item, &mut prefix.clone(), found);
        }
        return;
    }
    let name: String = text.chars().take_while(|c| is_word(*c)).collect();
    let rest = &text[name.len()..];
    prefix.push(name);
    match (rest.strip_prefix("::"), rest.strip_prefix(" as ")) {
        (Some(rest), _) => expand(rest, prefix, found),
        // Under another name: that one goes behind it.
        (None, Some(alias)) => {
            prefix.push(alias.chars().take_while(|c| is_word(*c)).collect());
            found.push(prefix.clone());
        }
        (None, None) => found.push(prefix.clone()),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What stands between a brace at the beginning and the one that closes it.
fn braced(text: &str) -> &str {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return &text[1..at],
            '}' => depth -= 1,
            _ => {}
        }
    }
    ""
}

/// The items of a list, nested lists left whole.
fn items(list: &str) -> Vec<String> {
    let (mut items, mut depth) = (vec![String::new()], 0);
    for c in list.chars() {
        match c {
            ',' if depth == 0 => {
                items.push(String::new());
                continue;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if let Some(item) = items.last_mut() {
            item.push(c);
        }
    }
    items.into_iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}
