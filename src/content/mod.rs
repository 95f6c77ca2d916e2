//! Where publications come from.
