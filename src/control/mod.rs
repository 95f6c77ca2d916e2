//! One path for socket and direct mode.
