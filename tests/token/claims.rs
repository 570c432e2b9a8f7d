//! Who is logged in: the claims of the ID token, for as long as they can be believed.

use proptest::prelude::*;

use super::{
    logins::{begun_of, complete, pending, ANSWER, SOURCE},
    *,
};

pub(crate) const STORED: Options =
    Options { refresh_margin: None, timeout: Span::from_secs(10), has_storage: true, is_shared: false };

pub(crate) fn claims(user: u8, number: usize) -> String {
    format!(r#"{{"iss":"https://i.example","sub":"u{user}","aud":"c","n":{number}}}"#)
}

/// An answer with tokens; `more` is what stands beside the access token.
pub(crate) fn tokens(number: usize, more: &str) -> Reply {
    let access = format!(r#""access_token":"a{number}","token_type":"Bearer","expires_in":600"#);
    Reply::Answer(200, format!("{{{access}{more}}}"))
}

pub(crate) fn id_token(claims: &str) -> String {
    format!(r#","id_token":"{}""#, jwt(claims))
}

/// A page where somebody has logged in.
pub(crate) fn logged_in(more: &str) -> World {
    let (mut world, _) = begun_of(SOURCE, "", STORED);
    world.reply = tokens(1, &format!("{more}{}", id_token(&claims(1, 1))));
    complete(&mut world, &ANSWER).unwrap();
    world
}

pub(crate) fn reloaded(world: &World) -> World {
    World { storage: world.storage.clone(), now: world.now, ..World::with(SOURCE, STORED) }
}

pub(crate) const REFRESH: &str = r#","refresh_token":"r1""#;

#[test]
fn claims_are_there_after_a_login_and_after_a_reload() {
    let (world, _) = begun_of(SOURCE, "", STORED);
    assert_eq!(world.manager.claims(), None);
    let world = logged_in(REFRESH);
    assert_eq!(world.manager.claims(), Some(claims(1, 1)));
    let mut next = reloaded(&world);
    assert_eq!(next.manager.claims(), None, "nobody has looked yet");
    assert_eq!(next.get().unwrap(), "a1");
    assert_eq!(next.manager.claims(), Some(claims(1, 1)));
    // Another tab is told what this one holds.
    let mut tab = World::with(SOURCE, Options { is_shared: true, ..STORED });
    tab.now = world.now;
    let told = String::from_utf8(world.manager.export().unwrap().expose().to_vec()).unwrap();
    let now = tab.time();
    assert!(tab.manager.handle_shared_tokens(&told, now));
    assert_eq!(tab.manager.claims(), Some(claims(1, 1)));
}

#[test]
fn of_what_is_stored_without_having_been_verified_there_are_none() {
    let world = logged_in(REFRESH);
    let mut next = reloaded(&world);
    next.storage = next.storage.map(|text| text.replace(r#""idTokenVerified":true"#, r#""idTokenVerified":"true""#));
    assert_eq!(next.get().unwrap(), "a1");
    assert_eq!(next.manager.claims(), None);
}

#[test]
fn claims_go_with_the_access_token_where_nothing_brings_another() {
    let mut world = logged_in("");
    assert_eq!(world.manager.claims(), Some(claims(1, 1)));
    world.sleep(700.0);
    world.wake();
    assert_eq!(world.manager.claims(), None);
    // And stay where a refresh token is left, whatever the weather.
    let mut world = logged_in(REFRESH);
    world.down();
    world.sleep(700.0);
    assert!(world.get().is_err());
    assert_eq!(world.manager.claims(), Some(claims(1, 1)));
}

#[test]
fn a_login_that_is_refused_changes_nobodys_claims() {
    let mut world = logged_in(REFRESH);
    let now = world.time();
    world.manager.handle_login(pending("t", now), "challenge", &[]).unwrap();
    world.reply = tokens(2, &id_token(&claims(2, 2)));
    world.verified = Err("ERR_TOKEN_SIGNATURE");
    assert!(complete(&mut world, &[("state", "t"), ("code", "l")]).is_err());
    assert_eq!(world.manager.claims(), Some(claims(1, 1)));
}

#[test]
fn only_a_login_vouches_for_an_id_token() {
    let mut world = World::of(CALLBACK);
    world.reply = Reply::Called(format!(r#"{{"access_token":"a"{}}}"#, id_token(&claims(1, 1))));
    assert_eq!(world.get().unwrap(), "a");
    assert_eq!(world.manager.claims(), None);
    let mut world = World::of(PERSON);
    world.reply = tokens(1, &id_token(&claims(1, 1)));
    assert!(world.get().is_ok());
    assert_eq!(world.manager.claims(), None);
}

#[derive(Clone, Debug)]
enum Turn {
    Login(u8),
    /// A refresh, and what its answer has: nothing, an ID token of somebody, one for another client, one that names nobody.
    Refresh(Answered),
    /// The refresh token counts no more.
    Reject,
    Outage,
    Revoke,
    SignOut,
    HandIn,
    Reload,
}

#[derive(Clone, Debug)]
enum Answered {
    Nothing,
    IdTokenOf(u8),
    ForAnother(u8),
    Nameless,
}

fn turn() -> impl Strategy<Value = Turn> {
    let answered = prop_oneof![
        2 => Just(Answered::Nothing),
        4 => (0u8..3).prop_map(Answered::IdTokenOf),
        1 => (0u8..3).prop_map(Answered::ForAnother),
        1 => Just(Answered::Nameless),
    ];
    prop_oneof![
        3 => (0u8..3).prop_map(Turn::Login),
        6 => answered.prop_map(Turn::Refresh),
        1 => Just(Turn::Reject),
        1 => Just(Turn::Outage),
        1 => Just(Turn::Revoke),
        1 => Just(Turn::SignOut),
        1 => Just(Turn::HandIn),
        2 => Just(Turn::Reload),
    ]
}

/// What a manager should show: who is logged in, by which ID token, and whether it can refresh; and what the storage has.
#[derive(Clone, Copy, Default)]
struct Login {
    user: Option<(u8, usize)>,
    can_refresh: bool,
}

#[derive(Clone, Copy, Default)]
struct Model {
    shown: Login,
    stored: Login,
}

impl Model {
    fn both(login: Login) -> Self {
        Self { shown: login, stored: login }
    }
}

fn answer_of(answered: &Answered, number: usize) -> String {
    match answered {
        Answered::Nothing => String::new(),
        Answered::IdTokenOf(user) => id_token(&claims(*user, number)),
        Answered::ForAnother(user) => id_token(&claims(*user, number).replace(r#""aud":"c""#, r#""aud":"d""#)),
        Answered::Nameless => id_token(r#"{"aud":"c"}"#),
    }
}

fn refresh(world: &mut World, model: &mut Model, answered: &Answered, number: usize) {
    world.reply = tokens(number, &format!(r#","refresh_token":"r{number}"{}"#, answer_of(answered, number)));
    let came = world.force().is_ok();
    let Some((user, _)) = model.shown.user.filter(|_| model.shown.can_refresh) else { return };
    match answered {
        Answered::IdTokenOf(other) if *other == user && came => {
            *model = Model::both(Login { user: Some((user, number)), can_refresh: true });
        }
        // Somebody else's tokens end it all: no reload shows the person before.
        Answered::IdTokenOf(other) | Answered::ForAnother(other) if *other != user => *model = Model::default(),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn claims_are_those_of_whoever_is_logged_in(turns in prop::collection::vec(turn(), 1..40)) {
        let (mut world, _) = begun_of(SOURCE, "", STORED);
        let mut model = Model::default();
        for (number, turn) in turns.iter().enumerate() {
            world.sleep(1.0);
            let now = world.time();
            match turn {
                Turn::Login(user) => {
                    world.manager = begun_again(&world).manager;
                    world.reply = tokens(number, &format!(r#","refresh_token":"r{number}"{}"#, id_token(&claims(*user, number))));
                    complete(&mut world, &ANSWER).unwrap();
                    model = Model::both(Login { user: Some((*user, number)), can_refresh: true });
                }
                Turn::Refresh(answered) => refresh(&mut world, &mut model, answered, number),
                Turn::Reject => {
                    world.reply = error(400, "invalid_grant");
                    let _ = world.force();
                    if model.shown.can_refresh {
                        model = Model::default();
                    }
                }
                Turn::Outage => {
                    world.down();
                    let _ = world.force();
                    world.sleep(90.0);
                }
                Turn::Revoke => {
                    world.reply = Reply::Answer(200, String::new());
                    if let Some(attempt) = world.manager.revoke(now) {
                        world.run(attempt);
                        world.manager.outcome(attempt);
                    }
                    world.storage = None;
                    model = Model::default();
                }
                Turn::SignOut => {
                    world.manager.handle_sign_out(now, true, now);
                    world.storage = None;
                    model = Model::default();
                }
                Turn::HandIn => {
                    let handed_in = arcgate::sans_io::token::response::access_token_only("handed-in").unwrap();
                    world.manager.handle_tokens(Box::new(handed_in), now);
                    let kept = world.manager.export().map(|text| String::from_utf8(text.expose().to_vec()).unwrap());
                    world.storage = kept;
                    model.shown.user = None;
                    model.stored = model.shown;
                }
                Turn::Reload => {
                    world = World { storage: world.storage.clone(), now: world.now, ..begun_of(SOURCE, "", STORED).0 };
                    world.down();
                    let _ = world.get();
                    world.sleep(90.0);
                    model.shown = model.stored;
                }
            }
            let expected = model.shown.user.map(|(user, number)| claims(user, number));
            prop_assert_eq!(world.manager.claims(), expected, "after {} of {:?}", number, turns);
        }
    }
}

/// The same page, that is left for a login and comes back.
fn begun_again(world: &World) -> World {
    let (mut next, _) = begun_of(SOURCE, "", STORED);
    let now = world.time();
    if let Some(stored) = &world.storage {
        next.manager.handle_shared_tokens(stored, now);
    }
    next.manager.handle_login(pending("s", now), "challenge", &[]).unwrap();
    next
}
