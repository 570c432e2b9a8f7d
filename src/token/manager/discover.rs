//! Looking the provider's endpoints up: at OpenID's address, and at RFC 8414's when nothing of use is there.

use super::{
    attempt::{Attempt, Next, Nowhere, Operation, Stage},
    failure::Failure,
    input::Response,
    Manager,
};
use crate::{
    error::{Code, Error, Fact},
    jose::{discovery, url},
    time::Time,
    token::metadata::{self, Endpoints},
};

impl Manager {
    /// The provider's endpoints, if they are known.
    pub(super) fn endpoints(&self) -> Option<&Endpoints> {
        self.endpoints.as_ref().map(|(endpoints, _)| endpoints)
    }

    pub(super) fn discovered(
        &mut self,
        attempt: &mut Attempt,
        is_oauth: bool,
        answer: Response<'_>,
        now: Time,
    ) -> Next {
        let status = answer.status;
        let issuer = self.source.issuer.as_deref().unwrap_or_default();
        let read = match status {
            200 => metadata::parse(answer.body, issuer, &self.source.hosts).map_err(|no| no.why),
            _ => Err(format!("answered with the status {status}")),
        };
        let is_no = matches!(status, 200..=299 | 400..=499) && !matches!(status, 408 | 425 | 429);
        match read {
            Ok(endpoints) => {
                self.endpoints = Some((endpoints, now));
                if matches!(attempt.operation, Operation::Discover) {
                    self.resolve(attempt, Ok(()));
                    return Next::Over;
                }
                Next::Enter(self.send_stage())
            }
            Err(why) => {
                let nowhere = Nowhere { why, asked: answer.retry_after, is_no, status: Some(status) };
                self.undiscovered(attempt, is_oauth, nowhere, now)
            }
        }
    }

    /// One place has no metadata. No OpenID there, perhaps, but a page for people, or a server that is ill: an OAuth server has
    /// its document elsewhere.
    pub(super) fn undiscovered(
        &mut self,
        attempt: &mut Attempt,
        is_oauth: bool,
        mut nowhere: Nowhere,
        now: Time,
    ) -> Next {
        let [openid, oauth] = discovery::places(self.source.issuer.as_deref().unwrap_or_default());
        let mut place = url::without_secrets(if is_oauth { &oauth } else { &openid });
        nowhere.why = format!("{place}: {}", nowhere.why);
        if !is_oauth {
            attempt.nowhere = Some(nowhere);
            return Next::Enter(Stage::Discover(true));
        }
        if let Some(first) = attempt.nowhere.take() {
            nowhere.why = format!("{}; {}", first.why, nowhere.why);
            nowhere.asked = nowhere.asked.max(first.asked);
            // One that is ill may have it tomorrow.
            if discovery::weight(first.status) > discovery::weight(nowhere.status) {
                nowhere.status = first.status;
                place = url::without_secrets(&openid);
            }
            nowhere.is_no &= first.is_no;
        }
        let fix = if self.source.redirect_uri.is_none() { "; give `tokenEndpoint` if it publishes none" } else { "" };
        let message = format!("the provider's metadata can't be had: {}{fix}", nowhere.why);
        let mut error = Error::new(Code::RefreshUnavailable, message).with("url", Fact::Text(place));
        if let Some(status) = nowhere.status {
            error = error.with("status", Fact::Number(u64::from(status)));
        }
        let asked = nowhere.asked;
        let failure = if nowhere.is_no { Failure::refused(error) } else { Failure::outage(error) };
        self.fail(attempt, failure.retry_after(asked), now)
    }
}
