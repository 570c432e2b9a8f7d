//! The refresh token there is, and those that must not be sent any more.

use std::collections::VecDeque;

use crate::secret::Secret;

/// Rotated ones that are remembered.
const MAX_ROTATED: usize = 4;

/// The refresh tokens of a manager.
#[derive(Debug)]
pub(super) struct RefreshTokens {
    current: Option<Secret>,
    /// The one that the source was configured with, as long as nobody has used it up.
    configured: Option<Secret>,
    /// Those that were exchanged for their successors, or refused for good: an old storage, whatever its time says, does not bring them back.
    rotated: VecDeque<Secret>,
    /// The one that was refused for good, while there is no other.
    lost: Option<Secret>,
}

impl RefreshTokens {
    pub(super) fn new(configured: Option<Secret>) -> Self {
        Self { current: configured.clone(), configured, rotated: VecDeque::new(), lost: None }
    }

    pub(super) const fn current(&self) -> Option<&Secret> {
        self.current.as_ref()
    }

    pub(super) const fn lost(&self) -> Option<&Secret> {
        self.lost.as_ref()
    }

    pub(super) fn set(&mut self, token: Secret) {
        self.current = Some(token);
        self.lost = None;
    }

    /// It counts no more, and nobody who has it too is to send it.
    pub(super) fn lose(&mut self) {
        self.lost = self.current.take();
        if let Some(lost) = self.lost.clone() {
            self.bar(lost);
        }
    }

    pub(super) fn take(&mut self) -> Option<Secret> {
        self.current.take()
    }

    pub(super) fn is_current(&self, token: &Secret) -> bool {
        self.current.as_ref().is_some_and(|ours| ours.matches(token.expose()))
    }

    pub(super) fn is_rotated(&self, token: &Secret) -> bool {
        self.rotated.iter().any(|rotated| rotated.matches(token.expose()))
    }

    /// An answer to the one that was sent has another one in it: sent again, the old one would count as stolen.
    pub(super) fn rotate(&mut self, sent: Option<&Secret>, new: Option<&Secret>) {
        let (Some(sent), Some(new)) = (sent, new) else { return };
        if new.matches(sent.expose()) {
            return;
        }
        self.configured.take_if(|configured| configured.matches(sent.expose()));
        self.bar(sent.clone());
    }

    fn bar(&mut self, token: Secret) {
        if self.rotated.len() >= MAX_ROTATED {
            self.rotated.pop_front();
        }
        self.rotated.push_back(token);
    }

    /// This one is of no use: the configured one takes its place, once, if it is another one.
    pub(super) fn fall_back_from(&mut self, useless: Option<&Secret>) -> bool {
        let configured = self.configured.take();
        let is_other = |token: &Secret| useless.is_some_and(|useless| !useless.matches(token.expose()));
        match configured.filter(is_other) {
            Some(configured) => {
                self.current = Some(configured);
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(configured: &str) -> RefreshTokens {
        RefreshTokens::new(Some(Secret::new(configured)))
    }

    #[test]
    fn the_configured_one_takes_a_useless_ones_place_once_and_never_its_own() {
        let mut refresh = tokens("configured");
        refresh.set(Secret::new("stored"));
        assert!(refresh.fall_back_from(Some(&Secret::new("stored"))));
        assert!(refresh.is_current(&Secret::new("configured")));
        assert!(!refresh.fall_back_from(Some(&Secret::new("configured"))));
        assert!(!tokens("configured").fall_back_from(Some(&Secret::new("configured"))));
        assert!(!tokens("configured").fall_back_from(None));
    }

    #[test]
    fn four_rotated_ones_are_remembered_and_one_that_is_repeated_is_none() {
        let mut refresh = tokens("r0");
        refresh.rotate(Some(&Secret::new("r0")), Some(&Secret::new("r0")));
        refresh.rotate(None, Some(&Secret::new("r1")));
        refresh.rotate(Some(&Secret::new("r0")), None);
        assert!(!refresh.is_rotated(&Secret::new("r0")));
        for number in 0..5 {
            let [sent, new] = [number, number + 1].map(|number| Secret::new(format!("r{number}")));
            refresh.rotate(Some(&sent), Some(&new));
        }
        assert!(!refresh.is_rotated(&Secret::new("r0")) && refresh.is_rotated(&Secret::new("r1")));
        assert!(refresh.is_rotated(&Secret::new("r4")) && !refresh.is_rotated(&Secret::new("r5")));
        // The configured one was sent: it takes nobody's place.
        assert!(!refresh.fall_back_from(Some(&Secret::new("r5"))));
    }
}
