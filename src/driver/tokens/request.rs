//! What a call asks for.

use std::time::Duration;

/// How a token is asked for. By default the present one will do for as long as it can be handed out.
///
/// ```
/// use std::time::Duration;
///
/// use arcgate::tokens::Request;
///
/// let for_a_socket = Request::new().min_validity(Duration::from_secs(600));
/// let after_new_rights = Request::new().fresh();
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Request {
    pub(super) is_fresh: bool,
    pub(super) min_validity: Duration,
}

impl Request {
    /// What [`TokenManager::token`](super::TokenManager::token) asks for.
    pub const fn new() -> Self {
        Self { is_fresh: false, min_validity: Duration::ZERO }
    }

    /// Not the present token, and none that is on its way: one that is asked for after this call, as claims need right after
    /// somebody's rights have changed. Calls at the same time share it.
    pub const fn fresh(mut self) -> Self {
        self.is_fresh = true;
        self
    }

    /// How long the token shall live on, for a connection that stays. At most half of its life can be asked for.
    pub const fn min_validity(mut self, least: Duration) -> Self {
        self.min_validity = least;
        self
    }
}
