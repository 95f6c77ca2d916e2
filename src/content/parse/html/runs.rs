//! The lines that a reader of the page sees, each with the nodes that it is made of.

use std::collections::HashSet;

use dom_query::{NodeId, NodeRef};

use super::super::text::is_size_letter;
use crate::text::html;

/// One line: what stands between two blocks or line breaks. An empty one is the end of a block.
#[derive(Default)]
pub struct Run<'d> {
    /// On one line.
    pub text: String,
    /// Texts, pictures and line breaks.
    nodes: Vec<NodeRef<'d>>,
}

impl Run<'_> {
    /// Is it nothing but pictures?
    pub fn is_picture(&self) -> bool {
        self.text.is_empty() && self.nodes.iter().any(is_picture)
    }

    /// Takes it out of the page; pictures stay if `keeps_pictures`. Their parents are noted.
    pub fn remove(&self, keeps_pictures: bool, parents: &mut HashSet<NodeId>) {
        for node in &self.nodes {
            if keeps_pictures && is_picture(node) {
                continue;
            }
            parents.extend(node.parent().map(|parent| parent.id));
            node.remove_from_parent();
        }
    }
}

enum Step<'d> {
    Enter(NodeRef<'d>),
    Leave { is_heading: bool },
}

/// The lines within a node, in order.
pub fn runs<'d>(root: NodeRef<'d>) -> Vec<Run<'d>> {
    let mut runs = Runs::default();
    let mut steps = vec![Step::Enter(root)];
    while let Some(step) = steps.pop() {
        let node = match step {
            Step::Enter(node) => node,
            Step::Leave { is_heading } => {
                runs.end_block();
                runs.headings -= usize::from(is_heading);
                continue;
            }
        };
        if node.is_text() {
            runs.push(node);
            continue;
        }
        let name = node.node_name().unwrap_or_default();
        if &*name == "br" {
            runs.push(node);
            if runs.headings == 0 {
                runs.end_line();
            }
        } else if is_picture(&node) {
            runs.push(node);
        } else {
            if !html::is_inline(&name) {
                let is_heading = is_heading(&name);
                runs.end_block();
                runs.headings += usize::from(is_heading);
                steps.push(Step::Leave { is_heading });
            }
            steps.extend(node.children_it(true).map(Step::Enter));
        }
    }
    runs.end_block();
    join_size_letters(&mut runs.done);
    runs.done
}

/// `h1` to `h6`.
pub fn is_heading(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

/// The words within a node on one line, up to about `most` bytes of them, or somewhat more.
pub fn words(root: NodeRef<'_>, most: usize) -> String {
    let mut text = String::new();
    for node in std::iter::once(root).chain(root.descendants_it()) {
        if text.len() > most {
            break;
        }
        if node.is_text() {
            text.extend(node.text().chars().take(most));
        } else if !html::is_inline(&node.node_name().unwrap_or_default()) {
            text.push(' ');
        }
    }
    html::one_line(&text)
}

/// Something to see that has no words.
pub fn is_picture(node: &NodeRef<'_>) -> bool {
    ["img", "picture", "video", "audio", "object", "hr"]
        .iter()
        .any(|name| node.has_name(name))
}

#[derive(Default)]
struct Runs<'d> {
    done: Vec<Run<'d>>,
    nodes: Vec<NodeRef<'d>>,
    /// Headings that are open: a line break within one breaks no line.
    headings: usize,
}

impl<'d> Runs<'d> {
    fn push(&mut self, node: NodeRef<'d>) {
        self.nodes.push(node);
    }

    fn end_line(&mut self) {
        let nodes = std::mem::take(&mut self.nodes);
        let mut text = String::new();
        let mut pieces = Vec::new();
        for node in &nodes {
            let piece = if node.is_text() {
                node.text()
            } else {
                " ".into()
            };
            text.push_str(&piece);
            pieces.push(piece);
        }
        let mut text = html::one_line(&text);
        let words: Vec<&str> = pieces
            .iter()
            .map(|piece| piece.trim())
            .filter(|piece| !piece.is_empty())
            .collect();
        // `<a>A</a><a>A</a><a>A</a>` is three buttons and no word.
        if words.len() == 3 && words.iter().all(|word| is_size_letter(word)) {
            text = words.join(" ");
        }
        if !text.is_empty() || nodes.iter().any(|node| !node.is_text()) {
            self.done.push(Run { text, nodes });
        }
    }

    fn end_block(&mut self) {
        self.end_line();
        let is_open = self.done.last().is_some_and(|run| !run.nodes.is_empty());
        if is_open {
            self.done.push(Run::default());
        }
    }
}

/// The control as a list: three lines of one letter become one.
fn join_size_letters(runs: &mut [Run<'_>]) {
    let with_words: Vec<usize> = (0..runs.len())
        .filter(|at| runs.get(*at).is_some_and(|run| !run.text.is_empty()))
        .collect();
    for three in with_words.windows(3) {
        let of_letter = |at: &usize| runs.get(*at).filter(|run| is_size_letter(&run.text));
        let letters: Vec<String> = three
            .iter()
            .filter_map(of_letter)
            .map(|run| run.text.clone())
            .collect();
        if letters.len() < 3 {
            continue;
        }
        let mut joined = Vec::new();
        for at in three {
            if let Some(run) = runs.get_mut(*at) {
                joined.append(&mut run.nodes);
                run.text.clear();
            }
        }
        if let Some(run) = three.first().and_then(|at| runs.get_mut(*at)) {
            run.nodes = joined;
            run.text = letters.join(" ");
        }
    }
}
