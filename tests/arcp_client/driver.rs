//! What the driver sees: JSON, by the encoder of `src/js`.

use arcgate::sans_io::{
    arcp::{
        client::{self, Output},
        message,
    },
    json,
};
use serde_json::Value;

#[path = "../../src/js/arcp_client/encode.rs"]
mod encode;

/// An action or an event, as JavaScript gets it.
pub(crate) fn json(output: &Output) -> Value {
    let text = encode::output(output);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
