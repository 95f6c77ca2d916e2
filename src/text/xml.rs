//! Characters that XML 1.0 allows.
