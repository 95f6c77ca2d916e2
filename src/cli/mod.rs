//! Words in, requests out, tables or JSON back.
