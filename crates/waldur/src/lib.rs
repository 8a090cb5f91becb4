//! The waldur of Stoa.
