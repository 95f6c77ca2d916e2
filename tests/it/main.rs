//! The whole house from outside. One binary; one module a subject.

mod smtp;
mod smtp_server;
