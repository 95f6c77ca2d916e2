//! The template environment: strict, escaping, bounded.
