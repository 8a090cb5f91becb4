//! The program `stoa`: configuration, start, commands, workers.
//!
//! [`cli`] is the contract of the command line, [`config`] the settings, [`start`] turns them into a running core, and
//! [`serve`] serves it.

pub mod access;
pub mod admin;
pub mod audit;
pub mod cli;
pub mod config;
pub mod declared;
pub mod demo;
pub mod explain;
pub mod media;
pub mod metrics;
pub mod scale;
pub mod serve;
pub mod start;
