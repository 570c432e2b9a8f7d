//! What the driver sees: JSON, by the encoder of `src/js`.

use arcgate::sans_io::{
    arcp::runtime::{self, Action},
    json,
};

#[path = "../../src/js/arcp_runtime/encode.rs"]
mod encode;

/// An action, as JavaScript gets it.
pub(crate) fn json(action: &Action) -> serde_json::Value {
    let text = encode::action(action);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
