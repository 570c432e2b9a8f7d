//! A login that the provider ends: nothing of it is left, after a reload and in other tabs.

use super::{
    claims::{claims, id_token, logged_in, reloaded, tokens, REFRESH, STORED},
    logins::{document, SOURCE},
    *,
};

#[test]
fn somebody_elses_tokens_end_the_login_for_a_reload_too() {
    let mut world = logged_in(REFRESH);
    world.reply = tokens(2, &format!(r#","refresh_token":"r2"{}"#, id_token(&claims(2, 2))));
    assert_eq!(world.force().unwrap_err().code(), Code::RefreshRejected);
    assert_eq!((world.manager.claims(), world.storage.as_ref()), (None, None));
    let mut next = reloaded(&world);
    assert_eq!(next.get().unwrap_err().code(), Code::Unauthenticated);
    assert_eq!(next.manager.claims(), None);
}

#[test]
fn a_refresh_token_that_counts_no_more_ends_the_login_in_each_tab_that_has_it() {
    let mut world = logged_in(REFRESH);
    let told = String::from_utf8(world.manager.export().unwrap().expose().to_vec()).unwrap();
    let tab = || {
        let mut tab = World::with(SOURCE, Options { is_shared: true, ..STORED });
        tab.now = world.now;
        let now = tab.time();
        assert!(tab.manager.handle_shared_tokens(&told, now));
        tab.events();
        tab
    };
    let (mut beside, mut ahead) = (tab(), tab());
    assert!(world.manager.lost_refresh_token().is_none());
    world.reply = error(400, "invalid_grant");
    assert!(world.force().is_err());
    let lost = std::str::from_utf8(world.manager.lost_refresh_token().unwrap().expose()).unwrap();
    let message = format!(r#"{{"lost":"{lost}"}}"#);
    let now = beside.time();
    assert!(beside.manager.handle_tab_message(&message, now).is_lost);
    assert_eq!((beside.manager.claims(), beside.manager.token()), (None, None));
    assert!(!beside.manager.handle_shared_tokens(&told, now), "nor from a tab that has not heard it yet");
    assert!(matches!(beside.events().as_slice(), [Event::Failed { retry_at: None, .. }]));
    assert_eq!(beside.force().unwrap_err().code(), Code::RefreshRejected);
    assert!(!beside.manager.handle_tab_message(&message, now).is_lost);
    // Of one that has another by now it says nothing; nor does a new login have to do with it.
    ahead.replies = vec![document("")];
    ahead.reply = tokens(2, r#","refresh_token":"r2""#);
    assert_eq!(ahead.force().unwrap(), "a2");
    assert!(!ahead.manager.handle_tab_message(&message, now).is_lost);
    assert_eq!(ahead.manager.claims(), Some(claims(1, 1)));
    let told = String::from_utf8(ahead.manager.export().unwrap().expose().to_vec()).unwrap();
    assert!(beside.manager.handle_shared_tokens(&told, now));
    assert!(beside.manager.claims() == Some(claims(1, 1)) && beside.manager.lost_refresh_token().is_none());
}
