//! multipart/alternative in quoted-printable (RFC 2045 6.7, 2046 5.1.4), cut at every place where
//! a token is to be put in.

use quoted_printable::encode_to_str;

/// A message body being written, and the places left open in it.
pub(super) struct Spliced<'a> {
    mark: &'a str,
    done: Vec<String>,
    open: String,
}

impl<'a> Spliced<'a> {
    /// `mark` stands where a token will be.
    pub(super) fn new(mark: &'a str) -> Spliced<'a> {
        Spliced {
            mark,
            done: Vec::new(),
            open: String::new(),
        }
    }

    /// Text that is ready as it is.
    pub(super) fn line(&mut self, text: &str) {
        self.open.push_str(text);
    }

    /// The rest of the header, and both renderings, the better one last.
    pub(super) fn alternatives(&mut self, text: &str, html: &str) {
        // `=_` never occurs in quoted-printable; the digest keeps a forwarded message's parts apart
        // from those of the one around it.
        let digest = blake3::hash(format!("{text}\0{html}").as_bytes()).to_hex();
        let boundary = format!("=_{}", digest.get(..24).unwrap_or_default());
        self.line(&format!(
            "MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary=\"{boundary}\"\r\n"
        ));
        for (kind, content) in [("plain", text), ("html", html)] {
            self.line(&format!(
                "\r\n--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\n\
                 Content-Transfer-Encoding: quoted-printable\r\n\r\n"
            ));
            self.quoted_printable(content);
        }
        self.line(&format!("\r\n--{boundary}--\r\n"));
    }

    /// Encodes, and leaves each mark's place open on a line of its own between two soft line
    /// breaks, which vanish when decoded: so no line grows too long, whatever stands around it.
    fn quoted_printable(&mut self, content: &str) {
        for (index, piece) in content.split(self.mark).enumerate() {
            if index > 0 {
                if !self.open.ends_with("\r\n") {
                    self.line("=\r\n");
                }
                self.done.push(std::mem::take(&mut self.open));
                self.line("=\r\n");
            }
            let lines: Vec<&str> = piece.split('\n').map(without_cr).collect();
            self.line(&encode_to_str(lines.join("\r\n")));
        }
    }

    /// The pieces between the open places.
    pub(super) fn finish(mut self) -> Vec<String> {
        self.done.push(self.open);
        self.done
    }
}

fn without_cr(line: &str) -> &str {
    line.strip_suffix('\r').unwrap_or(line)
}
