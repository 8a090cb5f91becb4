//! The testing of Stoa.
