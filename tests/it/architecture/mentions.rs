//! From a source file to every path that it mentions: in `use` trees, inline, in the tokens of
//! macros, and in the strings of attributes (`#[serde(with = "crate::x")]`).

use std::collections::{HashMap, HashSet};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// A path, resolved as far as one file tells: through its imports, and from `self`, `super` and
/// `wici` to `crate`.
#[derive(Debug)]
pub struct Mention {
    /// `["crate", "store", "Store"]`, `["tokio", "spawn"]`; `*` last for a glob.
    pub path: Vec<String>,
    /// From 1.
    pub line: usize,
}

/// What one file says.
#[derive(Debug, Default)]
pub struct Mentions {
    /// In the order of the text.
    pub paths: Vec<Mention>,
    /// Names of called methods, as paths of one name.
    pub methods: Vec<Mention>,
    /// Modules declared here, under `#[cfg(test)]` alone: their files are tests.
    pub test_modules: Vec<Vec<String>>,
}

/// Reads a file whose module path is `module` (`["store", "sled"]`). `#[cfg(test)]` code is left
/// out.
pub fn mentions(module: &[String], text: &str) -> syn::Result<Mentions> {
    let file = syn::parse_file(text)?;
    let mut reader = Reader {
        module: module.to_vec(),
        ..Reader::default()
    };
    reader.visit_file(&file);
    let Reader {
        aliases, mut found, ..
    } = reader;
    for mention in &mut found.paths {
        follow_aliases(&mut mention.path, &aliases);
    }
    Ok(found)
}

#[derive(Default)]
struct Reader {
    module: Vec<String>,
    aliases: HashMap<String, Vec<String>>,
    found: Mentions,
}

impl Reader {
    fn path(&mut self, path: Vec<String>, line: usize) {
        let path = self.absolute(path);
        self.found.paths.push(Mention { path, line });
    }

    /// `self`, `super` and `wici` to `crate`; the rest stays.
    fn absolute(&self, path: Vec<String>) -> Vec<String> {
        let first = path.first().map(String::as_str);
        if first == Some("wici") {
            return [vec!["crate".to_owned()], path[1..].to_vec()].concat();
        }
        if !matches!(first, Some("self" | "super")) {
            return path;
        }
        let climbs = |name: &&String| matches!(name.as_str(), "self" | "super");
        let steps = path.iter().take_while(climbs).count();
        let up = path[..steps].iter().filter(|name| *name == "super").count();
        let stay = self.module.len().saturating_sub(up);
        [&["crate".to_owned()], &self.module[..stay], &path[steps..]].concat()
    }

    fn import(&mut self, prefix: &[String], tree: &syn::UseTree) {
        let with = |name: &syn::Ident| [prefix, &[name.to_string()]].concat();
        let (path, line, alias) = match tree {
            syn::UseTree::Path(node) => return self.import(&with(&node.ident), &node.tree),
            syn::UseTree::Group(node) => {
                return node.items.iter().for_each(|tree| self.import(prefix, tree));
            }
            syn::UseTree::Glob(node) => (
                [prefix, &["*".to_owned()]].concat(),
                node.star_token.span.start().line,
                None,
            ),
            syn::UseTree::Name(node) => (with(&node.ident), node.ident.span().start().line, None),
            syn::UseTree::Rename(node) => (
                with(&node.ident),
                node.ident.span().start().line,
                Some(node.rename.to_string()),
            ),
        };
        // `use a::b::{self}` names `a::b`; `use self::…` and `use super as up` keep their first.
        let path = match path.split_last() {
            Some((last, rest)) if last == "self" && !rest.is_empty() => rest.to_vec(),
            _ => path,
        };
        let alias = alias.or_else(|| path.last().cloned());
        let path = self.absolute(path);
        if let Some(alias) = alias.filter(|name| name != "*" && path != [name.clone()]) {
            self.aliases.insert(alias, path.clone());
        }
        self.found.paths.push(Mention { path, line });
    }

    /// Runs of `a::b::c`, with `{…}` after `::` as in a `use`, and `.method(` calls.
    fn tokens(&mut self, prefix: &[String], tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let colons = |at: usize| is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':');
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => self.tokens(&[], group.stream()),
                TokenTree::Ident(first) => {
                    let line = first.span().start().line;
                    if at > 0 && is_punct(tokens.get(at - 1), '.') {
                        let path = vec![first.to_string()];
                        self.found.methods.push(Mention { path, line });
                    }
                    let mut path = [prefix, &[first.to_string()]].concat();
                    while colons(at + 1) {
                        match tokens.get(at + 3) {
                            Some(TokenTree::Ident(next)) => path.push(next.to_string()),
                            Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
                                path.push("*".to_owned());
                            }
                            Some(TokenTree::Group(group))
                                if group.delimiter() == Delimiter::Brace =>
                            {
                                self.tokens(&path, group.stream());
                            }
                            _ => break,
                        }
                        at += 3;
                    }
                    self.path(path, line);
                }
                _ => {}
            }
            at += 1;
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        } else if let syn::Item::Mod(module) = item {
            let name = module.ident.to_string();
            let path = [self.module.as_slice(), &[name]].concat();
            self.found.test_modules.push(path);
        }
    }

    fn visit_item_mod(&mut self, node: &'ast syn::ItemMod) {
        if node
            .attrs
            .iter()
            .any(|attribute| attribute.path().is_ident("path"))
        {
            self.path(vec!["#[path]".to_owned()], node.ident.span().start().line);
        }
        self.module.push(node.ident.to_string());
        visit::visit_item_mod(self, node);
        self.module.pop();
    }

    fn visit_impl_item_fn(&mut self, node: &'ast syn::ImplItemFn) {
        if !is_test(&node.attrs) {
            visit::visit_impl_item_fn(self, node);
        }
    }

    fn visit_item_use(&mut self, node: &'ast syn::ItemUse) {
        self.import(&[], &node.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.path(names(path), line(path));
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.found.methods.push(Mention {
            path: vec![call.method.to_string()],
            line: call.method.span().start().line,
        });
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, node: &'ast syn::Macro) {
        if node.path.is_ident("include") {
            self.path(vec!["include!".to_owned()], line(&node.path));
        }
        self.visit_path(&node.path);
        self.tokens(&[], node.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        self.visit_path(attribute.path());
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(&[], list.tokens.clone());
            for literal in list.tokens.clone() {
                if let TokenTree::Literal(literal) = literal
                    && let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string())
                    && let Ok(path) = text.parse::<syn::Path>()
                {
                    self.path(names(&path), literal.span().start().line);
                }
            }
        }
    }
}

fn names(path: &syn::Path) -> Vec<String> {
    let segments = path.segments.iter();
    segments.map(|segment| segment.ident.to_string()).collect()
}

fn line(path: &syn::Path) -> usize {
    let first = path.segments.first();
    first.map_or(0, |segment| segment.ident.span().start().line)
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

/// `use tokio::task; task::spawn(…)` is `tokio::task::spawn`; each name is followed once, so that
/// `use sled::sled` ends.
fn follow_aliases(path: &mut Vec<String>, aliases: &HashMap<String, Vec<String>>) {
    let mut followed = HashSet::new();
    while let Some(target) = aliases.get(&path[0])
        && followed.insert(path[0].clone())
        && !path.starts_with(target)
    {
        *path = [target.as_slice(), &path[1..]].concat();
    }
}

/// `#[test]`, `#[cfg(test)]`, `#[cfg(all(test, …))]`; never `not(test)`, nor `any(test, …)`,
/// which is compiled into the program too.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else {
            return attribute.path().is_ident("test");
        };
        let words = |word: &str| {
            list.tokens
                .clone()
                .into_iter()
                .any(|t| t.to_string() == word)
        };
        list.path.is_ident("cfg")
            && (words("test") || words("all") && list.tokens.to_string().contains("(test"))
    })
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
