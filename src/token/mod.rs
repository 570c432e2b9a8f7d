//! Access tokens over time: obtained, refreshed before they expire, handed to whoever asks.
//!
//! Read downwards: [`source`] says where tokens come from, [`grant`] builds the requests, [`response`] reads the answers ([`denial`] those that say no),
//! [`metadata`] says where to send them, [`id_token`] says who has logged in, [`login`] knows whose answer to a login it is, [`schedule`] knows when, and [`manager`] is the machine that brings them together,
//! and has a picture of how it stands. [`attached`] says with which requests of others a token goes.
//! There are instants here and no timers, ids of attempts and no promises: [`Manager`] keeps the contract of [`crate::machine`].

pub mod attached;
pub mod denial;

pub mod response;

pub mod id_token;

pub mod persisted_state;
pub mod renewals;

pub mod grant;
pub mod jitter;
pub mod metadata;
pub mod schedule;

pub mod source;

pub mod login;

pub mod manager;

pub use manager::Manager;
