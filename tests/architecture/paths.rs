//! Every path that a module writes: in `use`, expressions, types, patterns, attributes, and the tokens of macros.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit::Visit;
use syn::{Attribute, Item};

use crate::house::{self, Module};

/// A path as it is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Written {
    pub line: usize,
    pub path: Vec<String>,
}

/// All paths of a module, those of its tests left out.
pub fn written(module: &Module) -> Vec<Written> {
    let mut collector = Collector(Vec::new());
    module.items.iter().for_each(|item| collector.visit_item(item));
    collector.0.sort();
    collector.0.dedup();
    collector.0
}

struct Collector(Vec<Written>);

impl<'ast> Visit<'ast> for Collector {
    fn visit_item(&mut self, item: &'ast Item) {
        if !house::is_for_tests(house::attributes(item)) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !house::is_for_tests(&item.attrs) {
            syn::visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.0.extend(house::flatten(item).into_iter().map(|import| Written { line: import.line, path: import.path }));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|segment| segment.ident.to_string());
        let path_of = |names: Vec<String>| if path.leading_colon.is_some() { [vec![String::new()], names].concat() } else { names };
        if let Some(first) = path.segments.first() {
            self.0.push(Written { line: first.ident.span().start().line, path: path_of(names.collect()) });
        }
        // Generic arguments hold paths of their own.
        syn::visit::visit_path(self, path);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        match &attribute.meta {
            syn::Meta::List(list) => scan(&list.tokens, &mut self.0),
            // `pub(crate)` and doc comments are no use of anything.
            syn::Meta::Path(_) | syn::Meta::NameValue(_) => {}
        }
        self.visit_path(attribute.path());
    }

    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}

    fn visit_macro(&mut self, invoked: &'ast syn::Macro) {
        self.visit_path(&invoked.path);
        scan(&invoked.tokens, &mut self.0);
    }
}

/// Finds what looks like a path in tokens: `a::b`, `::a::b`, `$crate::a`, `a::{b, c::d}`, and texts such as `"crate::a::b"`.
fn scan(tokens: &TokenStream, into: &mut Vec<Written>) {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut place = 0;
    while place < tokens.len() {
        match &tokens[place] {
            TokenTree::Group(group) => scan(&group.stream(), into),
            TokenTree::Literal(literal) => {
                // serde and its kin take paths as texts.
                if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string())
                    && is_path(&text.value())
                {
                    into.push(Written { line: literal.span().start().line, path: text.value().split("::").map(str::to_owned).collect() });
                }
            }
            TokenTree::Ident(_) => {
                let colons_before = place >= 2 && is_colons(&tokens, place - 2);
                let prefix = if colons_before { vec![String::new()] } else { Vec::new() };
                place = path(&tokens, place, &prefix, into);
                continue;
            }
            TokenTree::Punct(_) => {}
        }
        place += 1;
    }
}

/// Reads a path that begins at `place`; returns the place behind it.
fn path(tokens: &[TokenTree], mut place: usize, prefix: &[String], into: &mut Vec<Written>) -> usize {
    let mut names = prefix.to_vec();
    let line = tokens[place].span().start().line;
    loop {
        match tokens.get(place) {
            Some(TokenTree::Ident(name)) => names.push(name.to_string()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace && !names.is_empty() => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                for part in inner.split(|token| matches!(token, TokenTree::Punct(comma) if comma.as_char() == ',')) {
                    if !part.is_empty() {
                        path(part, 0, &names, into);
                    }
                }
                return place + 1;
            }
            // A glob, or generic arguments: what went before is a path.
            _ => break,
        }
        place += 1;
        if !is_colons(tokens, place) {
            break;
        }
        place += 2;
    }
    // A lone name is a variable, a field, a keyword; where it is an import, that was seen where it was imported.
    if names.len() > 1 {
        into.push(Written { line, path: names });
    }
    place
}

fn is_path(text: &str) -> bool {
    let begins = ["crate::", "self::", "super::"].iter().any(|start| text.starts_with(start));
    begins && text.chars().all(|character| character == ':' || character == '_' || character.is_alphanumeric())
}

fn is_colons(tokens: &[TokenTree], place: usize) -> bool {
    let is_colon = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    is_colon(tokens.get(place)) && is_colon(tokens.get(place + 1))
}
