//! Who is calling: how credentials become a principal, and what a refused caller is told.

pub mod credentials;

pub mod assertion;
pub mod challenge;
pub mod credential_status;
pub mod custom;
pub mod dev;
pub mod first_of;

pub use crate::principal::{Kind, Principal};
