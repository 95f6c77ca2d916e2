//! HTML that is written simply: every element closed in order, attributes in double quotes, and no
//! more elements than Markdown becomes. Its tree is plain from its text, so it is read and cleaned
//! in one pass, at a fraction of a parser's cost. Whatever is not simple is left to the parser.

mod clean;
mod tokens;

#[cfg(test)]
mod tests;

pub(super) use clean::clean;
pub(super) use tokens::{NotSimple, Token, Tokens, push_text};

/// The elements that are simple.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: &'static str,
    kind: Kind,
}

/// What an element may be in, and what may be in it: so narrow that a parser moves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Holds blocks and text.
    Flow,
    /// Holds text; stands among blocks.
    Paragraph,
    /// Holds items.
    List,
    /// Holds blocks and text; stands in a list.
    Item,
    /// Holds sections; stands among blocks.
    Table,
    /// Holds rows; stands in a table.
    Section,
    /// Holds cells; stands in a section.
    Row,
    /// Holds text; stands in a row.
    Cell,
    /// Holds text, stands in text.
    Inline,
    /// Empty; stands among blocks.
    Rule,
    /// Empty; stands in text.
    Void,
}

impl Element {
    fn named(name: &str) -> Option<Element> {
        const fn element(name: &'static str, kind: Kind) -> Option<Element> {
            Some(Element { name, kind })
        }
        match name {
            "p" => element("p", Kind::Paragraph),
            "a" => element("a", Kind::Inline),
            "em" => element("em", Kind::Inline),
            "strong" => element("strong", Kind::Inline),
            "code" => element("code", Kind::Inline),
            "del" => element("del", Kind::Inline),
            "sup" => element("sup", Kind::Inline),
            "sub" => element("sub", Kind::Inline),
            "b" => element("b", Kind::Inline),
            "i" => element("i", Kind::Inline),
            "li" => element("li", Kind::Item),
            "ul" => element("ul", Kind::List),
            "ol" => element("ol", Kind::List),
            "td" => element("td", Kind::Cell),
            "th" => element("th", Kind::Cell),
            "tr" => element("tr", Kind::Row),
            "thead" => element("thead", Kind::Section),
            "tbody" => element("tbody", Kind::Section),
            "table" => element("table", Kind::Table),
            "h1" => element("h1", Kind::Paragraph),
            "h2" => element("h2", Kind::Paragraph),
            "h3" => element("h3", Kind::Paragraph),
            "h4" => element("h4", Kind::Paragraph),
            "h5" => element("h5", Kind::Paragraph),
            "h6" => element("h6", Kind::Paragraph),
            "pre" => element("pre", Kind::Paragraph),
            "blockquote" => element("blockquote", Kind::Flow),
            "div" => element("div", Kind::Flow),
            "br" => element("br", Kind::Void),
            "img" => element("img", Kind::Void),
            "hr" => element("hr", Kind::Rule),
            _ => None,
        }
    }

    fn is_empty(self) -> bool {
        matches!(self.kind, Kind::Void | Kind::Rule)
    }

    /// May it stand right in an element of that kind? The top of a page is flow.
    fn may_stand_in(self, outer: Kind) -> bool {
        use Kind::{Cell, Flow, Inline, Item, List, Paragraph, Row, Rule, Section, Table, Void};
        match self.kind {
            Flow | Paragraph | List | Table | Rule => matches!(outer, Flow | Item),
            Item => outer == List,
            Section => outer == Table,
            Row => outer == Section,
            Cell => outer == Row,
            Inline | Void => matches!(outer, Flow | Item | Cell | Paragraph | Inline),
        }
    }
}
