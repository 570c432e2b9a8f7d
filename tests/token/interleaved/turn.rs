//! What may happen next.

use proptest::prelude::*;

#[derive(Clone, Debug)]
pub(super) enum Turn {
    Sleep(u32),
    /// The clock is set, while no time passes.
    Jump(i32),
    Ask {
        force: bool,
        min_secs: u8,
    },
    Wake,
    Invalidate,
    /// One of those under way goes on: it does what is next, or takes what came of it.
    Step(u8),
    /// One of them vanishes.
    Lose(u8),
    /// Somebody notices that one has vanished.
    Notice(u8),
    /// How long the tokens live from now on; none: the provider is down.
    Provider(Option<u16>),
}

pub(super) fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        3 => (0u32..20_000).prop_map(Turn::Sleep),
        1 => (20_000u32..90_000_000).prop_map(Turn::Sleep),
        1 => (-4_000_000i32..4_000_000).prop_map(Turn::Jump),
        8 => (prop::bool::weighted(0.2), 0u8..90).prop_map(|(force, min_secs)| Turn::Ask { force, min_secs }),
        2 => Just(Turn::Wake),
        1 => Just(Turn::Invalidate),
        14 => any::<u8>().prop_map(Turn::Step),
        1 => any::<u8>().prop_map(Turn::Lose),
        1 => any::<u8>().prop_map(Turn::Notice),
        2 => prop::option::weighted(0.7, 1u16..4000).prop_map(Turn::Provider),
    ]
}
