//! From a delivery to a MIME message.
