//! What happens to a client, in any order.

use proptest::prelude::*;

#[derive(Clone, Debug)]
pub(super) enum Turn {
    /// The runtime's jobs make so many events.
    Emit(u8),
    /// So many frames arrive.
    Arrive(u8),
    Duplicate,
    /// A frame arrives again that arrived long ago.
    Old(u8),
    Drop,
    Swap,
    Garbage,
    /// The connection ends with this code, or without anybody noticing.
    Gone(u16),
    Silence,
    /// What is asked for is answered: a connection opens, or doesn't.
    Connect(bool),
    Sleep(u32),
    Jump(i32),
    Submit {
        is_keyed: bool,
    },
    List,
    Cancel(u8),
    Reader(u8, u8),
    Read(u8, u8),
    WakeHint,
    /// The runtime forgets the session.
    Forget,
    Error(u8),
}

pub(super) fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        6 => (1u8..6).prop_map(Turn::Emit),
        10 => (1u8..9).prop_map(Turn::Arrive),
        2 => Just(Turn::Duplicate),
        1 => any::<u8>().prop_map(Turn::Old),
        1 => Just(Turn::Drop),
        1 => Just(Turn::Swap),
        1 => Just(Turn::Garbage),
        2 => prop::sample::select(vec![1000u16, 1006, 1012, 4408, 4410, 4429]).prop_map(Turn::Gone),
        1 => Just(Turn::Silence),
        8 => prop::bool::weighted(0.8).prop_map(Turn::Connect),
        4 => (0u32..3_000).prop_map(Turn::Sleep),
        1 => (0u32..200_000).prop_map(Turn::Sleep),
        1 => (-5_000_000i32..5_000_000).prop_map(Turn::Jump),
        5 => any::<bool>().prop_map(|is_keyed| Turn::Submit { is_keyed }),
        1 => Just(Turn::List),
        1 => any::<u8>().prop_map(Turn::Cancel),
        2 => (any::<u8>(), any::<u8>()).prop_map(|(job, reader)| Turn::Reader(job, reader)),
        2 => (any::<u8>(), any::<u8>()).prop_map(|(job, count)| Turn::Read(job, count)),
        1 => Just(Turn::WakeHint),
        1 => prop::bool::weighted(0.15).prop_map(|forgets| if forgets { Turn::Forget } else { Turn::WakeHint }),
        1 => any::<u8>().prop_map(Turn::Error),
    ]
}
