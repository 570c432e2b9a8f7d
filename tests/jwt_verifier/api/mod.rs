//! What a program sees of a verifier besides tables: tokens seen before, functions of its own, options, credentials.

mod cache;
mod credentials;
mod options;
mod user_functions;
