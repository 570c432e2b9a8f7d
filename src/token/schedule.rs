//! When a token is refreshed, until when it is handed out, and how long it backs off. Random numbers are arguments, from 0 up
//! to 1.

use crate::time::Span;

/// A token is refreshed so long before its end, if its life allows.
pub const REFRESH_MARGIN: Span = Span::from_secs(60);
/// A token that nobody gives an end to is replaced after this.
pub const UNKNOWN_LIFE: Span = Span::from_secs(300);
/// A token is not handed out in its last moments: it would end on its way.
const EXPIRY_LEEWAY: Span = Span::from_secs(2);
/// Times in tokens are whole seconds: a token may end so much sooner than its life says.
const ROUNDING: Span = Span::from_secs(1);
/// The first one is up to this, and each further one up to twice the one before.
const FIRST_BACKOFF: Span = Span::from_secs(2);
const LONGEST_BACKOFF: Span = Span::from_secs(60);
const SHORTEST_BACKOFF: Span = Span::from_millis(500);
/// A machine that has been refused for good asks again after this: mostly somebody has put right what was wrong.
pub const FINAL_BACKOFF: Span = Span::from_secs(6 * 3600);
/// A provider's `Retry-After` is honoured up to this.
const LONGEST_ASKED: Span = Span::from_secs(3600);

/// How long before its end a token of this life is refreshed: the configured time, or a minute, but a fifth of a short life at
/// most; and a random part of that again, or of a tenth of the life where that is less, so that a fleet does not refresh at once.
pub fn refresh_margin(life: Span, configured: Option<Span>, random: f64) -> Span {
    let expiry_leeway = expiry_leeway(life).as_millis();
    let life = life.as_millis().max(0);
    // What somebody asked for is kept as long as half of the life is left to use the token in.
    let refresh_margin = match configured {
        Some(refresh_margin) => refresh_margin.as_millis().min(life / 2),
        None => REFRESH_MARGIN.as_millis().min((life / 5).max(expiry_leeway + life / 10)),
    };
    Span::from_millis(refresh_margin + part(refresh_margin.min(life / 10), random))
}

/// How long before its end a token of this life is handed out for the last time.
pub fn expiry_leeway(life: Span) -> Span {
    let life = life.as_millis().max(0);
    EXPIRY_LEEWAY.min(Span::from_millis((life / 10).max(ROUNDING.as_millis().min(life / 4))))
}

/// How long to back off after so many failures in a row: a random part of a time that doubles ("full jitter"), and as long as the
/// provider asks for.
pub fn backoff(failures: u32, asked: Option<Span>, random: f64) -> Span {
    let doubled = FIRST_BACKOFF.as_millis() << failures.saturating_sub(1).min(5);
    let most = doubled.min(LONGEST_BACKOFF.as_millis());
    let backoff = Span::from_millis(part(most, random)).max(SHORTEST_BACKOFF);
    asked.map_or(backoff, |asked| backoff.max(asked.min(LONGEST_ASKED)))
}

/// The least time between two tokens while the servers refuse each at once.
pub fn min_interval(refusals: u32) -> Span {
    match refusals {
        0 | 1 => Span::ZERO,
        _ => Span::from_millis(FIRST_BACKOFF.as_millis() << (refusals - 1).min(5)).min(LONGEST_BACKOFF),
    }
}

fn part(of: i64, random: f64) -> i64 {
    (of as f64 * random.clamp(0.0, 1.0)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refresh_margin_fits_the_life() {
        let secs = Span::from_secs;
        for (life, configured, least, most) in [
            (secs(3600), None, secs(60), secs(120)),
            (secs(300), None, secs(60), secs(90)),
            (secs(20), None, secs(4), secs(6)),
            (secs(10), None, secs(2), secs(3)),
            (secs(5), None, Span::from_millis(1500), secs(2)),
            (secs(3600), Some(secs(600)), secs(600), secs(960)),
            (secs(20), Some(secs(600)), secs(10), secs(12)),
            (secs(20), Some(Span::ZERO), Span::ZERO, Span::ZERO),
            (secs(0), None, Span::ZERO, Span::ZERO),
            (secs(-5), None, Span::ZERO, Span::ZERO),
        ] {
            assert_eq!(refresh_margin(life, configured, 0.0), least, "{life:?}");
            assert_eq!(refresh_margin(life, configured, 1.0), most, "{life:?}");
        }
    }

    #[test]
    fn a_short_life_ends_a_second_sooner_for_its_times_are_whole_seconds() {
        for (life, expected) in [(3600, 2000), (20, 2000), (10, 1000), (5, 1000), (4, 1000), (2, 500), (0, 0), (-9, 0)]
        {
            assert_eq!(expiry_leeway(Span::from_secs(life)), Span::from_millis(expected), "{life}");
        }
    }

    #[test]
    fn backoffs_double_up_to_a_minute() {
        assert_eq!(backoff(1, None, 1.0), Span::from_secs(2));
        assert_eq!(backoff(3, None, 1.0), Span::from_secs(8));
        assert_eq!(backoff(3, None, 0.5), Span::from_secs(4));
        assert_eq!(backoff(u32::MAX, None, 1.0), Span::from_secs(60));
        assert_eq!(backoff(9, None, 0.0), Span::from_millis(500));
        assert_eq!(backoff(1, Some(Span::from_secs(120)), 1.0), Span::from_secs(120));
        assert_eq!(backoff(1, Some(Span::from_secs(999_999)), 1.0), Span::from_secs(3600));
    }

    #[test]
    fn tokens_that_are_refused_at_once_come_further_and_further_apart() {
        for (refusals, secs) in [(0, 0), (1, 0), (2, 4), (3, 8), (4, 16), (5, 32), (6, 60), (u32::MAX, 60)] {
            assert_eq!(min_interval(refusals), Span::from_secs(secs), "{refusals}");
        }
    }
}
