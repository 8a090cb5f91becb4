//! The market of Stoa.
