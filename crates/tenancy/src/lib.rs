//! The tenancy of Stoa.
