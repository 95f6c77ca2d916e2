//! The `wici` command.

fn main() {}
