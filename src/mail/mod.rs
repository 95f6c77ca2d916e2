//! How letters leave the house.
