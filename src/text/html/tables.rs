//! Tables that are wider than the page.

use super::end_of_tag;

/// A box that scrolls, also by keys (WCAG 2.2, 2.1.1).
const BOX: &str = "<div class=\"wide\" tabindex=\"0\">";

/// Sanitised HTML with a box around each table: the table scrolls in it, and the page does not.
pub fn boxed(html: &str) -> String {
    let mut boxed = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let (before, tag) = rest.split_at(start);
        let (tag, after) = tag.split_at(end_of_tag(tag));
        boxed.push_str(before);
        if tag == "<table>" || tag.starts_with("<table ") {
            boxed.push_str(BOX);
        }
        boxed.push_str(tag);
        if tag == "</table>" {
            boxed.push_str("</div>");
        }
        rest = after;
    }
    boxed.push_str(rest);
    boxed
}

#[cfg(test)]
mod tests {
    use super::boxed;

    #[test]
    fn a_table_is_in_a_box_and_what_only_looks_like_one_is_not() {
        for (html, expected) in [
            ("<p>a</p>", "<p>a</p>"),
            (
                "a<table summary=\"b\"><tbody></tbody></table>c",
                "a<div class=\"wide\" tabindex=\"0\"><table summary=\"b\"><tbody></tbody></table></div>c",
            ),
            (
                "<img alt=\"<table></table>\"> &lt;table&gt;",
                "<img alt=\"<table></table>\"> &lt;table&gt;",
            ),
        ] {
            assert_eq!(boxed(html), expected);
        }
    }
}
