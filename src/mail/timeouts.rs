//! How long each step of the conversation may take.

use std::time::Duration;

/// How long to wait for the server.
#[derive(Debug, Clone)]
pub struct Timeouts {
    /// For TCP, per address of the server, and for the handshake of TLS.
    pub connect: Duration,
    /// For the greeting.
    pub greeting: Duration,
    /// For each answer to EHLO and STARTTLS.
    pub ehlo: Duration,
    /// For AUTH in all.
    pub auth: Duration,
    /// For the answer to MAIL, and to RSET.
    pub mail: Duration,
    /// For the answer to RCPT.
    pub rcpt: Duration,
    /// For the answer to DATA.
    pub data: Duration,
    /// For any part of a message to leave.
    pub block: Duration,
    /// For the answer to the final dot, from when all has left. What went by until then in waiting
    /// for the last part may come on top.
    pub dot: Duration,
    /// For the next letter, before a connection is given up.
    pub idle: Duration,
    /// For QUIT.
    pub quit: Duration,
}

impl Default for Timeouts {
    /// Those of RFC 5321, 4.5.3.2, where it names one.
    fn default() -> Timeouts {
        const MINUTE: Duration = Duration::from_mins(1);
        Timeouts {
            connect: Duration::from_secs(30),
            greeting: 5 * MINUTE,
            ehlo: 5 * MINUTE,
            auth: 5 * MINUTE,
            mail: 5 * MINUTE,
            rcpt: 5 * MINUTE,
            data: 2 * MINUTE,
            block: 3 * MINUTE,
            dot: 10 * MINUTE,
            idle: Duration::from_secs(5),
            quit: Duration::from_secs(2),
        }
    }
}

/// What the server answers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Auth,
    Mail,
    Rcpt,
    Data,
    Dot,
    Reset,
}

impl Step {
    /// An envelope.
    pub(super) const ENVELOPE: [Step; 3] = [Step::Mail, Step::Rcpt, Step::Data];

    pub(super) fn name(self) -> &'static str {
        match self {
            Step::Auth => "AUTH",
            Step::Mail => "MAIL",
            Step::Rcpt => "RCPT",
            Step::Data => "DATA",
            Step::Dot => "the final dot",
            Step::Reset => "RSET",
        }
    }

    pub(super) fn limit(self, limits: &Timeouts) -> Duration {
        match self {
            Step::Auth => limits.auth,
            Step::Mail | Step::Reset => limits.mail,
            Step::Rcpt => limits.rcpt,
            Step::Data => limits.data,
            Step::Dot => limits.dot,
        }
    }
}
