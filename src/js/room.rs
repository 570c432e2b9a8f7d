//! One place in the module's memory where JavaScript writes a text before it is handed in: no memory is asked for, and nothing is
//! copied twice. `npm/arcp/room.ts` is its other side.

use std::cell::{Ref, RefCell};

/// The longest text that it takes, in bytes. A longer one is copied to a place of its own.
const LENGTH: usize = 16 * 1024;

/// The place. What is in it is read before the next text comes.
#[derive(Debug)]
pub(super) struct Room(RefCell<Vec<u8>>);

impl Room {
    pub(super) fn new() -> Self {
        Self(RefCell::new(vec![0; LENGTH]))
    }

    /// Where it is.
    pub(super) fn address(&self) -> u32 {
        self.0.borrow().as_ptr() as usize as u32
    }

    /// How many bytes it has.
    pub(super) fn length(&self) -> u32 {
        self.0.borrow().len() as u32
    }

    /// Its first bytes, as text. What a TextEncoder has written is UTF-8.
    pub(super) fn text(&self, length: u32) -> Option<Ref<'_, str>> {
        Ref::filter_map(self.0.borrow(), |bytes| std::str::from_utf8(bytes.get(..length as usize)?).ok()).ok()
    }
}
