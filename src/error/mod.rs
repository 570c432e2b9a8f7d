//! Errors as part of the product: a stable code, who is at fault, whether a retry helps, what to do next.
//!
//! No message, detail or `Debug` holds a token, a part of one, or a value taken from one that was not verified,
//! with four exceptions that an operator needs and that are cut to a safe length: `iss`, `kid`, `alg` and `typ`.

#[cfg(any(feature = "web", feature = "jwt-compact"))]
mod cause;
mod code;

use std::{borrow::Cow, fmt};

#[cfg(any(feature = "web", feature = "jwt-compact"))]
pub(crate) use cause::{Cause, Foreign};
pub use code::{Code, Fault};

use crate::time::Span;

/// What went wrong, in a form that people and programs can act on: the one error of this crate.
///
/// ```
/// use arcgate::{Code, Error, Fault};
///
/// // What a check of your own refuses a token with.
/// let error = Error::new(Code::PermissionDenied, "this tenant has ended").about("tid");
/// assert_eq!((error.code().as_str(), error.subject()), ("ERR_PERMISSION_DENIED", Some("tid")));
/// assert_eq!((error.code().fault(), error.code().is_retryable()), (Fault::Caller, false));
/// assert_eq!(error.to_string(), "this tenant has ended");
/// ```
///
/// Boxed: a `Result` that is a single pointer makes every `?` on the way, and so the module, smaller.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

/// A value that explains an error: [`Error::facts`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fact {
    /// A number: an HTTP status, a size, a limit.
    Number(u64),
    /// A text without a secret.
    Text(String),
    /// Several.
    List(Vec<String>),
}

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    code: Code,
    message: Cow<'static, str>,
    retry_after: Option<Span>,
    subject: Option<Cow<'static, str>>,
    facts: Vec<(&'static str, Fact)>,
    /// Where it is judged otherwise than its code: who is at fault, and whether a retry helps. (JavaScript's errors are judged where
    /// they are encoded, and need no place for it.)
    #[cfg(any(feature = "web", feature = "jwt-compact"))]
    judged: Option<(Fault, bool)>,
    /// What it came of, where that was an error of the program's own.
    #[cfg(any(feature = "web", feature = "jwt-compact"))]
    cause: Cause,
}

impl Error {
    /// An error with a message for the developer: lower case, no secret, and the fix where there is one.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self::made(code, message.into())
    }

    // Errors are made in places that are rarely reached; out of line they keep the code around them short.
    #[cold]
    #[inline(never)]
    fn made(code: Code, message: Cow<'static, str>) -> Self {
        Self(Box::new(Inner {
            code,
            message,
            retry_after: None,
            subject: None,
            facts: Vec::new(),
            #[cfg(any(feature = "web", feature = "jwt-compact"))]
            judged: None,
            #[cfg(any(feature = "web", feature = "jwt-compact"))]
            cause: Cause::default(),
        }))
    }

    #[cold]
    #[inline(never)]
    fn set_subject(&mut self, subject: Cow<'static, str>) {
        self.0.subject = Some(subject);
    }

    /// The claim, header parameter, scope list or configuration key that it is about.
    #[must_use]
    pub fn about(mut self, subject: impl Into<Cow<'static, str>>) -> Self {
        self.set_subject(subject.into());
        self
    }

    /// The same under another code, with another message.
    #[must_use]
    pub fn told(mut self, code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        self.0.code = code;
        self.0.message = message.into();
        self
    }

    /// A value that explains it, by the name that it has in `details`.
    #[must_use]
    pub fn with(mut self, name: &'static str, fact: Fact) -> Self {
        self.0.facts.push((name, fact));
        self
    }

    /// The values that explain it.
    pub fn facts(&self) -> &[(&'static str, Fact)] {
        &self.0.facts
    }

    /// When a retry makes sense.
    #[must_use]
    pub fn retry_after(mut self, span: Span) -> Self {
        self.0.retry_after = Some(span);
        self
    }

    /// The stable code.
    pub const fn code(&self) -> Code {
        self.0.code
    }

    /// The message for the developer.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The claim, header parameter, scope list or configuration key that it is about.
    pub fn subject(&self) -> Option<&str> {
        self.0.subject.as_deref()
    }

    /// When a retry makes sense, where that is known.
    pub const fn retry_delay(&self) -> Option<Span> {
        self.0.retry_after
    }
}

#[cfg(any(feature = "web", feature = "jwt-compact"))]
impl Error {
    /// The same, with another one at fault than its code says, and another answer to whether a retry helps.
    #[must_use]
    #[allow(dead_code, reason = "the drivers that judge are still to come")]
    pub(crate) fn judged(mut self, fault: Fault, is_retryable: bool) -> Self {
        self.0.judged = Some((fault, is_retryable));
        self
    }

    /// The same, with what it came of.
    #[must_use]
    pub(crate) fn because(mut self, cause: Cause) -> Self {
        self.0.cause = cause;
        self
    }

    /// Who must act: as the code says, where nothing is known of the case.
    pub fn fault(&self) -> Fault {
        self.0.judged.map_or(self.0.code.fault(), |(fault, _)| fault)
    }

    /// Whether the same call may succeed later: as the code says, where nothing is known of the case.
    pub fn is_retryable(&self) -> bool {
        self.0.judged.map_or(self.0.code.is_retryable(), |(_, is_retryable)| is_retryable)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code().as_str(), self.message())
    }
}

impl std::error::Error for Error {
    /// What a function of the program's own has failed with (`is_revoked`, the callback of a source of tokens): for logs, where whoever
    /// wrote that function knows what it says.
    #[cfg(any(feature = "web", feature = "jwt-compact"))]
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.error()
    }
}

/// A value from outside, made fit for a message: cut to 80 characters, without control characters.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut out: String = text.chars().take(LONGEST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_values_are_cut_and_cleaned() {
        assert_eq!(shown("a\nb"), "a\u{fffd}b");
        assert_eq!(shown(&"x".repeat(200)).chars().count(), 81);
    }
}
