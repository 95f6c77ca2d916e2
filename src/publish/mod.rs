//! Feeds on disk and in memory.
