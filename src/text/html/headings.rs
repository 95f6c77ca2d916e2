//! The levels of headings.

/// Sanitised HTML whose headings stand under one of level `above`: the first is one level below it,
/// none skips a level on the way down, and none is deeper than `h6`. Of every heading nothing but
/// the digit changes.
pub fn below(above: u8, html: &str) -> String {
    let mut levelled = html.as_bytes().to_vec();
    // Of the headings that enclose the place: as written, and as levelled.
    let mut outline: Vec<(u8, u8)> = Vec::new();
    for (at, _) in html.match_indices('<') {
        let rest = &html.as_bytes()[at..];
        let (digit, written, is_start) = match *rest {
            [_, b'h', digit @ b'1'..=b'6', b'>' | b' ', ..] => (at + 2, digit - b'0', true),
            [_, b'/', b'h', digit @ b'1'..=b'6', b'>', ..] => (at + 3, digit - b'0', false),
            _ => continue,
        };
        if is_start {
            outline.retain(|(enclosing, _)| *enclosing < written);
            let enclosing = outline.last().map_or(above, |(_, level)| *level);
            outline.push((written, (enclosing + 1).min(6)));
        }
        let level = outline.last().map_or(written, |(_, level)| *level);
        if let Some(byte) = levelled.get_mut(digit) {
            *byte = b'0' + level;
        }
    }
    // A digit for a digit: it is UTF-8 as it was.
    String::from_utf8(levelled).unwrap_or_else(|_| html.to_owned())
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn headings_are_in_order_under_the_one_above() {
        for (html, expected) in [
            ("<p>ż</p>", "<p>ż</p>"),
            (
                "<h1>a</h1><h2 id=\"x\">b</h2>",
                "<h2>a</h2><h3 id=\"x\">b</h3>",
            ),
            (
                "<h4>a</h4><h6>b</h6><h4>c</h4>",
                "<h2>a</h2><h3>b</h3><h2>c</h2>",
            ),
            (
                "<h3>a</h3><h2>b</h2><h3>c</h3>",
                "<h2>a</h2><h2>b</h2><h3>c</h3>",
            ),
            ("<h1>a</h1></h2><hr><h7>", "<h2>a</h2></h2><hr><h7>"),
        ] {
            assert_eq!(below(1, html), expected);
        }
        let deep = "<h1>a</h1><h2>b</h2><h3>c</h3><h4>d</h4><h5>e</h5><h6>f</h6>";
        assert!(below(3, deep).ends_with("<h6>c</h6><h6>d</h6><h6>e</h6><h6>f</h6>"));
    }
}
