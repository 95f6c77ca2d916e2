//! What the program says to readers, in their language (Fluent).
