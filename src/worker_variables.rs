//! The variables of the repository's Worker: which belong together, and whose token a name in UPSTREAM_TOKENS is. Nothing here sees
//! a secret: what is checked is which variables are set.

use crate::{
    error::{Code, Error},
    principal::Kind,
};

/// How the upstreams know each user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// By an assertion that the gate signs.
    Assertion,
    /// By a token for each.
    Map,
    /// By their own token.
    Passthrough,
}

const MODES: [(&str, Mode); 3] =
    [("assertion", Mode::Assertion), ("map", Mode::Map), ("passthrough", Mode::Passthrough)];

/// Which mode each variable belongs to.
const OWNERS: [(&str, Mode); 4] = [
    ("UPSTREAM_KEY", Mode::Assertion),
    ("UPSTREAM_ISSUER", Mode::Assertion),
    ("UPSTREAM_AUDIENCE", Mode::Assertion),
    ("UPSTREAM_TOKENS", Mode::Map),
];

impl Mode {
    /// Its name in UPSTREAM_AUTH.
    pub fn as_str(self) -> &'static str {
        MODES.iter().find(|(_, mode)| *mode == self).map_or("", |(name, _)| name)
    }

    /// The mode that the variables say; none where there is no upstream. `set` are the names of those that are set, `mode` the
    /// value of UPSTREAM_AUTH.
    ///
    /// # Errors
    /// `ERR_CONFIG` about a variable that is missing, or would be without effect.
    pub fn of_variables(set: &[&str], mode: Option<&str>) -> Result<Option<Self>, Error> {
        let is_set = |name: &str| set.contains(&name);
        if is_set("RESUME_KEY") && !is_set("ARCP_UPSTREAM") {
            return Err(wrong("RESUME_KEY", "is set, but ARCP_UPSTREAM is not"));
        }
        if is_set("ARCP_HOLD") && !is_set("ARCP_UPSTREAM") {
            return Err(wrong("ARCP_HOLD", "is set, but ARCP_UPSTREAM is not"));
        }
        if !is_set("ARC_UPSTREAM") && !is_set("ARCP_UPSTREAM") {
            let mut names = std::iter::once("UPSTREAM_AUTH").chain(OWNERS.map(|(name, _)| name));
            return match names.find(|name| is_set(name)) {
                Some(name) => Err(wrong(name, "is set, but neither ARC_UPSTREAM nor ARCP_UPSTREAM is")),
                None => Ok(None),
            };
        }
        let own = match mode.filter(|_| is_set("UPSTREAM_AUTH")) {
            None => Self::Assertion,
            Some(given) => MODES.iter().find(|(name, _)| *name == given).map(|(_, mode)| *mode).ok_or_else(|| {
                wrong("UPSTREAM_AUTH", &format!("must be one of {}", MODES.map(|(name, _)| name).join(", ")))
            })?,
        };
        for (name, owner) in OWNERS {
            if owner != own && is_set(name) {
                let (theirs, ours) = (owner.as_str(), own.as_str());
                return Err(wrong(name, &format!("belongs to UPSTREAM_AUTH={theirs}, and UPSTREAM_AUTH is {ours}")));
            }
        }
        for (name, owner) in OWNERS {
            if owner == own && !is_set(name) {
                let own = own.as_str();
                return Err(wrong(name, &format!("is missing: UPSTREAM_AUTH={own} needs it (docs/upstream.md)")));
            }
        }
        // Users' tokens are never a key: whoever has a code made with them can try others' tokens against it, as fast as a machine
        // can. Where there is an UPSTREAM_KEY, it will do.
        if own == Self::Map && is_set("ARCP_UPSTREAM") && !is_set("RESUME_KEY") {
            return Err(wrong(
                "RESUME_KEY",
                "is missing: with ARCP_UPSTREAM and UPSTREAM_AUTH=map, resume tokens need a key of their own: 32 random \
                 characters or more, such as `openssl rand -base64 32` gives (docs/upstream.md)",
            ));
        }
        Ok(Some(own))
    }
}

/// What is known of the principals that a deployment can have.
#[derive(Clone, Copy, Debug)]
pub struct Principals {
    /// The name stands in STATIC_TOKENS.
    pub is_static: bool,
    /// How many providers there are.
    pub providers: usize,
}

/// Checks a name in UPSTREAM_TOKENS: a principal's id, or its whole key where an id could be more than one principal's. A name in
/// STATIC_TOKENS and a `sub` of some provider are two users, and neither may get the other's token.
///
/// # Errors
/// `ERR_CONFIG`.
pub fn check_name(name: &str, known: Principals) -> Result<(), Error> {
    if is_key(name) || known.is_static || known.providers <= 1 {
        return Ok(());
    }
    Err(wrong(
        "UPSTREAM_TOKENS",
        "has an id that several providers could mean: write the principal's key, as the audit log shows it (jwt|issuer|sub)",
    ))
}

/// Whether the token that stands at an id is this principal's.
pub fn is_named_by_id(id: &str, kind: Kind, known: Principals) -> bool {
    let is_meant = if known.is_static { kind == Kind::Static } else { kind == Kind::Jwt && known.providers == 1 };
    is_meant && !is_key(id)
}

fn is_key(name: &str) -> bool {
    name.split_once('|').is_some_and(|(kind, _)| kind_of(kind).is_some())
}

/// The kind of a name, which is how a principal's key begins.
pub fn kind_of(name: &str) -> Option<Kind> {
    [Kind::Jwt, Kind::Static, Kind::Dev, Kind::Anonymous, Kind::Custom].into_iter().find(|kind| kind.as_str() == name)
}

fn wrong(name: &'static str, problem: &str) -> Error {
    Error::new(Code::Config, format!("{name}: {problem}")).about(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASSERTION: [&str; 3] = ["UPSTREAM_KEY", "UPSTREAM_ISSUER", "UPSTREAM_AUDIENCE"];

    fn of(set: &[&str], mode: Option<&str>) -> Result<Option<Mode>, String> {
        Mode::of_variables(set, mode).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn the_mode_is_what_the_variables_say() {
        let with = |more: &[&'static str]| [&ASSERTION[..], more].concat();
        assert_eq!(of(&[], None), Ok(None));
        assert_eq!(of(&with(&["ARC_UPSTREAM"]), None), Ok(Some(Mode::Assertion)));
        assert_eq!(of(&with(&["ARCP_UPSTREAM", "UPSTREAM_AUTH"]), Some("assertion")), Ok(Some(Mode::Assertion)));
        assert_eq!(of(&["ARC_UPSTREAM", "UPSTREAM_AUTH"], Some("passthrough")), Ok(Some(Mode::Passthrough)));
        assert_eq!(of(&["ARC_UPSTREAM", "UPSTREAM_AUTH", "UPSTREAM_TOKENS"], Some("map")), Ok(Some(Mode::Map)));
        let map = ["ARCP_UPSTREAM", "UPSTREAM_AUTH", "UPSTREAM_TOKENS", "RESUME_KEY"];
        assert_eq!(of(&map, Some("map")), Ok(Some(Mode::Map)));
    }

    #[test]
    fn what_is_missing_or_without_effect_is_named() {
        for (set, mode, problem) in [
            (&["UPSTREAM_AUTH"][..], Some("map"), "UPSTREAM_AUTH: is set, but neither"),
            (&["UPSTREAM_KEY"], None, "UPSTREAM_KEY: is set, but neither"),
            (&["ARCP_HOLD"], None, "ARCP_HOLD: is set, but ARCP_UPSTREAM is not"),
            (&["RESUME_KEY", "ARC_UPSTREAM"], None, "RESUME_KEY: is set, but ARCP_UPSTREAM is not"),
            (
                &["ARC_UPSTREAM", "UPSTREAM_AUTH"],
                Some("x"),
                "UPSTREAM_AUTH: must be one of assertion, map, passthrough",
            ),
            (&["ARC_UPSTREAM"], None, "UPSTREAM_KEY: is missing: UPSTREAM_AUTH=assertion needs it"),
            (&["ARC_UPSTREAM", "UPSTREAM_KEY"], None, "UPSTREAM_ISSUER: is missing"),
            (&["ARC_UPSTREAM", "UPSTREAM_AUTH"], Some("map"), "UPSTREAM_TOKENS: is missing: UPSTREAM_AUTH=map"),
            (
                &["ARC_UPSTREAM", "UPSTREAM_AUTH", "UPSTREAM_TOKENS"],
                Some("passthrough"),
                "UPSTREAM_TOKENS: belongs to UPSTREAM_AUTH=map, and UPSTREAM_AUTH is passthrough",
            ),
            (&["ARCP_UPSTREAM", "UPSTREAM_AUTH", "UPSTREAM_TOKENS"], Some("map"), "RESUME_KEY: is missing: with ARCP"),
        ] {
            let told = of(set, mode).unwrap_err();
            assert!(told.starts_with(problem), "{told}");
            let error = Mode::of_variables(set, mode).unwrap_err();
            assert_eq!((error.code(), error.subject()), (Code::Config, problem.split_once(':').map(|(name, _)| name)));
        }
    }

    #[test]
    fn an_id_names_one_principal_or_none() {
        let known = |is_static, providers| Principals { is_static, providers };
        for (name, is_static, providers, is_good) in [
            ("alice", true, 2, true),
            ("42", false, 1, true),
            ("42", false, 2, false),
            ("jwt|https://a|42", false, 2, true),
            ("other|42", false, 2, false),
            ("jwt", false, 2, false),
        ] {
            assert_eq!(check_name(name, known(is_static, providers)).is_ok(), is_good, "{name}");
        }
        for (id, kind, is_static, providers, is_named) in [
            ("alice", Kind::Static, true, 1, true),
            ("alice", Kind::Jwt, true, 1, false),
            ("42", Kind::Jwt, false, 1, true),
            ("42", Kind::Jwt, false, 2, false),
            ("42", Kind::Static, false, 1, false),
            ("42", Kind::Custom, false, 1, false),
            ("static|x|42", Kind::Jwt, false, 1, false),
        ] {
            assert_eq!(is_named_by_id(id, kind, known(is_static, providers)), is_named, "{id} {kind:?}");
        }
    }
}
