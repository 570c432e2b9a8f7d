//! Logins: begun, left, and come back from.

use super::*;

impl World {
    pub(super) fn login(&mut self) {
        self.logins += 1;
        let secret = |what: &str| Secret::new(format!("{what}-{}", self.logins));
        let begun = self.time();
        let login = PendingLogin {
            state: secret("state"),
            nonce: "n".to_owned(),
            verifier: secret("verifier"),
            return_to: Some("https://a.example/".to_owned()),
            max_age: None,
            begun,
        };
        if let Ok(url) = self.manager.handle_login(login, "challenge", &[], begun) {
            assert!(url.starts_with("https://"), "{url}");
            assert!(!url.contains("verifier-"), "the verifier is in {url}");
        }
        let kept = self.manager.pending_logins().to_json(self.manager.source_id());
        json::object_of(&kept).expect("what waits is JSON");
        self.manager.handle_pending_logins(&kept, begun);
    }

    pub(super) fn come_back(&mut self, rest: &str) {
        let state = format!("state-{}", self.logins);
        let query: Vec<(&str, &str)> = rest
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name, if value == "$random" { state.as_str() } else { value }))
            .collect();
        match self.manager.handle_login_answer(&query, self.time()) {
            Ok(return_to) => {
                assert!(return_to.is_none_or(|url| url.starts_with("https://")), "back to nowhere");
                let again = self.manager.handle_login_answer(&query, self.time());
                assert!(again.is_err(), "an answer counts once");
                self.start_all();
            }
            Err(error) => assert!(!format!("{error:?}").contains(&state), "the state is in an error"),
        }
        assert!(self.manager.logout_url().is_none_or(|url| url.starts_with("https://")), "out to nowhere");
    }
}
