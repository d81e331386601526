//! The stanza errors that our XMPP server can answer with, found in its source.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};

/// Each as slixmpp's script prints it: RFC 6120's condition, then XEP-0060's, then the feature that is missing.
pub fn in_the_code() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/protocols/xmpp");
    let mut search = Search::default();
    for folder in [root.clone(), root.join("pubsub")] {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            // The file of the errors themselves has all names, those in use and those that are not.
            if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("xmpp/errors.rs") {
                search.file = path.display().to_string();
                search.visit_file(&syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap());
            }
        }
    }
    search.found
}

#[derive(Default)]
struct Search {
    file: String,
    found: BTreeSet<String>,
}

impl Search {
    /// The one argument, which must be written out for the search to know it.
    fn literal(&self, arguments: &syn::punctuated::Punctuated<syn::Expr, syn::Token![,]>) -> String {
        match arguments.first() {
            Some(syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. })) => text.value(),
            _ => panic!("{}: the argument of because or unsupported is not written out, so this test cannot know it", self.file),
        }
    }
}

impl<'a> Visit<'a> for Search {
    fn visit_item_mod(&mut self, module: &'a syn::ItemMod) {
        if module.ident != "tests" {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'a syn::ExprMethodCall) {
        match (call.method == "because").then(|| condition(&call.receiver)).flatten() {
            Some(condition) => {
                let detail = self.literal(&call.args);
                self.found.insert(format!("{condition}, {detail}"));
            }
            None => visit::visit_expr_method_call(self, call),
        }
    }

    fn visit_expr_call(&mut self, call: &'a syn::ExprCall) {
        if let syn::Expr::Path(path) = &*call.func
            && path.path.segments.last().is_some_and(|segment| segment.ident == "unsupported")
        {
            let feature = self.literal(&call.args);
            self.found.insert(format!("feature-not-implemented, unsupported {feature}"));
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr(&mut self, expression: &'a syn::Expr) {
        self.found.extend(condition(expression));
        visit::visit_expr(self, expression);
    }
}

/// `StanzaCondition::ItemNotFound` is item-not-found.
fn condition(expression: &syn::Expr) -> Option<String> {
    let syn::Expr::Path(path) = expression else { return None };
    let names: Vec<String> = path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    let [.., kind, name] = names.as_slice() else { return None };
    (kind == "StanzaCondition").then(|| {
        let dashed: String =
            name.chars().map(|letter| if letter.is_uppercase() { format!("-{}", letter.to_lowercase()) } else { letter.to_string() }).collect();
        dashed.trim_start_matches('-').to_owned()
    })
}
