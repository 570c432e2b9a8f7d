//! Who is calling: principals, and how credentials become one.

pub mod principal;

pub use principal::{Kind, Principal};
