//! Which scopes a method needs: the matrix of the specification, and a deployment's own lines.

use crate::{
    config::nearest,
    error::{shown, Code, Error},
    json::{Object, Value},
    principal::Principal,
};

const TASK: &[&str] = &["arc.task.controller", "arc.agent.caller"];
const NOTIFY: &[&str] = &["arc.task.notify", "arc.agent.receiver"];
const CHAT: &[&str] = &["arc.chat.controller", "arc.agent.caller"];

/// Method -> scopes, all of which are needed (arc-specification.md, "Scope-to-Method Authorization Matrix").
const MATRIX: [(&str, &[&str]); 9] = [
    ("task.create", TASK),
    ("task.send", TASK),
    ("task.info", TASK),
    ("task.cancel", TASK),
    ("task.subscribe", TASK),
    ("task.notification", NOTIFY),
    ("chat.start", CHAT),
    ("chat.message", CHAT),
    ("chat.end", CHAT),
];

/// The scopes that each method needs in this deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeRules {
    /// Replaces the matrix for the methods named, and is the only way for another method to be let in at all.
    own: Vec<(String, Vec<String>)>,
}

/// What the rules say of a caller and a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Let in.
    Granted {
        /// The scopes that it was let in for.
        needs: Vec<String>,
    },
    /// No rule names the method; it is refused.
    UnknownMethod,
    /// These scopes are needed, and not all of them were shown.
    Missing {
        /// What the method needs.
        required: Vec<String>,
    },
}

/// The method of the specification's that another name was probably meant to be. One whose name is a slip would ask for nothing.
pub fn method_meant_by(name: &str) -> Option<&'static str> {
    let methods = MATRIX.map(|(method, _)| method);
    if methods.contains(&name) {
        return None;
    }
    nearest(name, &methods)
}

impl ScopeRules {
    /// Reads a deployment's own rules: an object of method -> list of scopes.
    ///
    /// # Errors
    /// `ERR_CONFIG` naming the method.
    pub fn from_json(rules: &Object<'_>) -> Result<Self, Error> {
        let mut own = Vec::with_capacity(rules.len());
        for (method, scopes) in rules.iter() {
            let wrong = |problem: &str| {
                let message = format!("the scopes of `{}` {problem}", shown(method));
                Error::new(Code::Config, message).about("arc.scopes")
            };
            if method.is_empty() {
                return Err(wrong("belong to no method: its name is empty"));
            }
            let scopes =
                scopes.as_array().ok_or_else(|| wrong("must be a list; an empty one asks for a valid token only"))?;
            let scopes =
                scopes.iter().map(|scope| Value::as_str(scope).filter(|scope| is_scope(scope)).map(str::to_owned));
            let scopes: Option<Vec<_>> = scopes.collect();
            own.push((method.to_owned(), scopes.ok_or_else(|| wrong("must be strings without spaces and quotes"))?));
        }
        Ok(Self { own })
    }

    /// Decides. A principal to which scopes do not apply (a static token without them, a development verifier) is not held
    /// to the specification's matrix, but is held to what the deployment itself asks for.
    pub fn decide(&self, method: &str, principal: &Principal) -> Ruling {
        if let Some((_, required)) = self.own.iter().find(|(name, _)| name == method) {
            if principal.has_scopes(required) {
                return Ruling::Granted { needs: required.clone() };
            }
            return Ruling::Missing { required: required.clone() };
        }
        match MATRIX.iter().find(|(name, _)| *name == method) {
            None => Ruling::UnknownMethod,
            Some(_) if principal.scopes().is_none() => Ruling::Granted { needs: Vec::new() },
            Some((_, required)) => {
                let is_met = principal.has_scopes(required);
                let required = required.iter().map(|scope| (*scope).to_owned()).collect();
                if is_met {
                    Ruling::Granted { needs: required }
                } else {
                    Ruling::Missing { required }
                }
            }
        }
    }
}

/// RFC 6749 §3.3: a scope-token.
fn is_scope(scope: &str) -> bool {
    !scope.is_empty() && scope.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{json, principal::Kind};

    fn principal(scopes: Option<&[&str]>) -> Principal {
        let principal = Principal::new(Kind::Custom, None, "a");
        match scopes {
            Some(scopes) => principal.with_scopes(scopes.iter().map(|scope| (*scope).to_owned()).collect()),
            None => principal,
        }
    }

    fn rules(text: &str) -> Result<ScopeRules, Error> {
        ScopeRules::from_json(&json::parse_object(text.as_bytes()).unwrap())
    }

    #[test]
    fn all_scopes_of_the_matrix_are_needed() {
        let rules = ScopeRules::default();
        for (method, required) in MATRIX {
            let needs = required.iter().map(|scope| (*scope).to_owned()).collect();
            assert_eq!(rules.decide(method, &principal(Some(required))), Ruling::Granted { needs });
            for held in [&[][..], &required[..1], &required[1..]] {
                assert!(
                    matches!(rules.decide(method, &principal(Some(held))), Ruling::Missing { .. }),
                    "{method} {held:?}"
                );
            }
        }
        assert!(matches!(rules.decide("task.create", &principal(None)), Ruling::Granted { .. }));
    }

    #[test]
    fn unknown_methods_are_refused() {
        let everything = principal(Some(&["arc.task.controller", "arc.chat.controller", "arc.agent.caller"]));
        for method in ["", "toString", "__proto__", "task.get", "TASK.CREATE", "task.create "] {
            assert_eq!(ScopeRules::default().decide(method, &everything), Ruling::UnknownMethod, "{method}");
        }
    }

    #[test]
    fn a_deployments_own_rules_replace_the_matrix() {
        let rules = rules(r#"{"task.create":["run"],"chat.start":[],"agent.getCapabilities":["look"]}"#).unwrap();
        assert!(matches!(rules.decide("task.create", &principal(Some(&["run"]))), Ruling::Granted { .. }));
        let matrix = principal(Some(TASK));
        assert_eq!(rules.decide("task.create", &matrix), Ruling::Missing { required: vec!["run".into()] });
        assert!(matches!(rules.decide("task.info", &matrix), Ruling::Granted { .. }));
        assert!(matches!(rules.decide("chat.start", &principal(Some(&[]))), Ruling::Granted { .. }));
        assert!(matches!(rules.decide("agent.getCapabilities", &principal(Some(&["look"]))), Ruling::Granted { .. }));
        // Scopes do not apply to it, but this deployment asks for one.
        assert!(matches!(rules.decide("task.create", &principal(None)), Ruling::Missing { .. }));
        assert!(matches!(rules.decide("chat.start", &principal(None)), Ruling::Granted { .. }));
    }

    #[test]
    fn wrong_rules_are_errors() {
        for text in [
            r#"{"task.create":"run"}"#,
            r#"{"a":[1]}"#,
            r#"{"a":["x y"]}"#,
            r#"{"a":[""]}"#,
            r#"{"":[]}"#,
            r#"{"a":null}"#,
        ] {
            assert_eq!(rules(text).unwrap_err().code(), Code::Config, "{text}");
        }
    }
}
