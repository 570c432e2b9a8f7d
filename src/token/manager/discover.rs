//! Looking the provider's endpoints up: at OpenID's address, and at RFC 8414's when nothing of use is there.

use super::{
    answer::Trouble,
    flight::{Errand, Flight, Stage},
    progress::Next,
    Manager,
};
use crate::{
    error::shown,
    jose::discovery,
    time::{Span, Time},
    token::metadata,
};

impl Manager {
    pub(super) fn discovered(
        &mut self,
        flight: &mut Flight,
        is_oauth: bool,
        (status, body): (u16, &[u8]),
        asked: Option<Span>,
        now: Time,
        random: f64,
    ) -> Next {
        let read = match status {
            200 => metadata::parse(body, self.source.issuer.as_deref().unwrap_or_default()).map_err(|no| no.why),
            _ => Err(format!("answered with the status {status}")),
        };
        match read {
            Ok(endpoints) => {
                self.endpoints = Some((endpoints, now));
                if matches!(flight.errand, Errand::Discover) {
                    self.end(flight, Ok(()));
                    return Next::Over;
                }
                Next::Go(self.send_stage())
            }
            Err(why) => self.undiscovered(flight, is_oauth, &why, asked, now, random),
        }
    }

    /// One place has no metadata. No OpenID there, perhaps, but a page for people, or a server that is ill: an OAuth server has
    /// its document elsewhere.
    pub(super) fn undiscovered(
        &mut self,
        flight: &mut Flight,
        is_oauth: bool,
        why: &str,
        asked: Option<Span>,
        now: Time,
        random: f64,
    ) -> Next {
        let [openid, oauth] = discovery::places(self.source.issuer.as_deref().unwrap_or_default());
        let place = if is_oauth { oauth } else { openid };
        let mut told = format!("{}: {why}", shown(&place));
        if !is_oauth {
            flight.nowhere = Some((told, asked));
            return Next::Go(Stage::Discover(true));
        }
        let mut asked = asked;
        if let Some((first, asked_first)) = flight.nowhere.take() {
            told = format!("{first}; {told}");
            asked = asked.max(asked_first);
        }
        let fix = if self.source.redirect_uri.is_none() { "; give `tokenEndpoint` if it publishes none" } else { "" };
        let message = format!("the provider's metadata can't be had: {told}{fix}");
        self.fail(flight, Trouble { asked, ..Trouble::unknown(message) }, now, random)
    }
}
