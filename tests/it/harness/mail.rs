//! How a site's mail goes.

use super::Site;
use crate::smtp_server::SmtpServer;

impl Site {
    /// Mail goes to this server.
    pub fn mailing_to(self, server: &SmtpServer) -> Site {
        self.mailing_by(&format!("smtp+plain://127.0.0.1:{}", server.port()))
    }

    /// Mail goes by this transport.
    pub fn mailing_by(mut self, transport: &str) -> Site {
        self.mail = format!("transport = \"{transport}\"\n");
        self
    }

    /// One more line under `[mail]`.
    pub fn with_mail(mut self, line: &str) -> Site {
        self.mail += line;
        self.mail += "\n";
        self
    }
}
