//! Many tabs at once, in any order.

use std::collections::HashSet;

use super::{
    tabs::{adopt, exported, give, shared, task},
    *,
};

/// Numbers that look random, and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }
}

/// A tab in a crowd: its attempt, and the messages that have not reached it.
struct Tab {
    world: World,
    attempt: Option<AttemptId>,
    inbox: Vec<String>,
    got: usize,
}

/// Tabs that do one thing each in any order, with messages that arrive whenever they like: as long as no tab dies and the lock is
/// one, no refresh token is sent twice, and everybody gets tokens.
#[test]
fn attack_23_no_order_of_events_sends_a_refresh_token_twice() {
    for seed in 0..400 {
        let mut dice = Dice(seed);
        let mut tabs: Vec<_> = (0..4)
            .map(|_| Tab { world: World::with(PERSON, shared()), attempt: None, inbox: Vec::new(), got: 0 })
            .collect();
        let (mut current, mut minted) = ("r0".to_owned(), 0);
        let mut sent = HashSet::new();
        let mut forced = 0;
        let mut lock: Option<usize> = None;
        let mut rotated = HashSet::new();
        for turn in 0..4000 {
            for tab in &mut tabs {
                tab.world.sleep(if turn % 400 == 399 { 700.0 } else { 0.001 });
            }
            let me = dice.below(tabs.len());
            if dice.below(3) == 0 && !tabs[me].inbox.is_empty() {
                let text = tabs[me].inbox.remove(0);
                adopt(&mut tabs[me].world, &text);
                continue;
            }
            let Some(attempt) = tabs[me].attempt else {
                let tab = &mut tabs[me];
                let request = tab.world.request(dice.below(40) == 0, 0);
                forced += usize::from(request.force.is_some());
                match tab.world.manager.ask(&request, tab.world.time()) {
                    Step::Begin(attempt) | Step::Token(Some(attempt)) => tab.attempt = Some(attempt),
                    Step::Token(None) => tab.got += 1,
                    // An answer may come so late that its token has ended.
                    Step::Refused(error) => {
                        assert_eq!(error.code(), Code::RefreshUnavailable, "seed {seed}: {error:?}")
                    }
                    Step::Wait(..) => panic!("a tab waits for itself"),
                }
                continue;
            };
            match task(&mut tabs[me].world, attempt) {
                None => {
                    tabs[me].attempt = None;
                    if lock == Some(me) {
                        lock = None;
                    }
                }
                Some(Task::Lock) => {
                    if lock.is_none() {
                        lock = Some(me);
                        let is_free = dice.below(2) == 0;
                        give(&mut tabs[me].world, attempt, Input::Locked(is_free));
                    }
                }
                Some(Task::AskTabs { long, usual }) => {
                    let is_rotated = |tab: &Tab| {
                        let token = tab.world.manager.refresh_token();
                        rotated
                            .iter()
                            .any(|rotated: &String| token.is_some_and(|token| token.matches(rotated.as_bytes())))
                    };
                    // Others answer when they like; but who must have an answer waits for it.
                    if long > usual && is_rotated(&tabs[me]) || dice.below(3) == 0 {
                        for other in 0..tabs.len() {
                            if other != me && tabs[other].world.manager.export().is_some() {
                                let text = exported(&tabs[other].world);
                                adopt(&mut tabs[me].world, &text);
                            }
                        }
                    }
                    let status =
                        if is_rotated(&tabs[me]) { RefreshTokenStatus::Rotated } else { RefreshTokenStatus::Usable };
                    give(&mut tabs[me].world, attempt, Input::Asked(status));
                }
                Some(Task::Post(request)) => {
                    let body = String::from_utf8(request.body.expose().to_vec()).unwrap();
                    let token =
                        body.split('&').find_map(|pair| pair.strip_prefix("refresh_token=")).unwrap().to_owned();
                    assert!(sent.insert(token.clone()), "seed {seed}: {token} was sent twice");
                    assert_eq!(token, current);
                    minted += 1;
                    current = format!("r{minted}");
                    let answer = format!(
                        r#"{{"access_token":"t{minted}","token_type":"Bearer","expires_in":600,"refresh_token":"{current}"}}"#
                    );
                    let input = Input::Response { status: 200, body: answer.as_bytes(), date: None, retry_after: None };
                    give(&mut tabs[me].world, attempt, input);
                    let text = exported(&tabs[me].world);
                    for (place, tab) in tabs.iter_mut().enumerate() {
                        if place != me {
                            tab.inbox.push(text.clone());
                        }
                    }
                    rotated.insert(token);
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(tabs.iter().all(|tab| tab.got > 0), "seed {seed}: somebody got nothing");
        // An hour and more of ten minutes each: few requests, whatever the tabs. Who forces one may have one.
        assert!(sent.len() < 30 + forced, "seed {seed}: {} requests", sent.len());
    }
}
