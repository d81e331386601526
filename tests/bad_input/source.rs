//! What the code can say: variants of error types, and the texts of which messages are made, read from the source.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Fields, Item, Lit, Meta};

/// A text of which a message is made, and its file and line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text {
    pub place: String,
    pub text: String,
}

/// A variant of an error type (or the type itself, where it has none), and its text; `None` where another error speaks for it.
pub struct Variant {
    pub name: String,
    pub text: Option<String>,
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn parsed(file: &Path) -> syn::File {
    syn::parse_file(&fs::read_to_string(file).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// All source files below a folder, or the file itself.
fn files(path: PathBuf) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path];
    }
    let mut found: Vec<PathBuf> = fs::read_dir(&path).unwrap().flat_map(|entry| files(entry.unwrap().path())).collect();
    found.retain(|file| file.extension().is_some_and(|ending| ending == "rs"));
    found.sort();
    found
}

/// All variants of all types that `thiserror` makes errors of.
pub fn variants() -> Vec<Variant> {
    files(src()).iter().flat_map(|file| parsed(file).items).flat_map(|item| of_item(&item)).collect()
}

fn of_item(item: &Item) -> Vec<Variant> {
    let is_error = |attributes: &[Attribute]| attributes.iter().any(|attribute| attribute.path().is_ident("derive") && quoted(attribute).contains("thiserror"));
    match item {
        Item::Enum(item) if is_error(&item.attrs) => {
            let one = |variant: &syn::Variant| Variant { name: format!("{}::{}", item.ident, variant.ident), text: text_of(&variant.attrs) };
            item.variants.iter().map(one).collect()
        }
        Item::Struct(item) if is_error(&item.attrs) && !matches!(item.fields, Fields::Unit) => {
            vec![Variant { name: item.ident.to_string(), text: text_of(&item.attrs) }]
        }
        Item::Mod(module) if !for_tests(&module.attrs) => module.content.iter().flat_map(|(_, items)| items).flat_map(of_item).collect(),
        _ => Vec::new(),
    }
}

/// What stands in the brackets of an attribute.
fn quoted(attribute: &Attribute) -> String {
    match &attribute.meta {
        Meta::List(list) => list.tokens.to_string(),
        _ => String::new(),
    }
}

fn for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("cfg") && quoted(attribute).contains("test"))
}

/// The text in `#[error("…")]`.
fn text_of(attributes: &[Attribute]) -> Option<String> {
    let error = attributes.iter().find(|attribute| attribute.path().is_ident("error"))?;
    let Meta::List(list) = &error.meta else { return None };
    list.tokens.clone().into_iter().next().and_then(|token| syn::parse2::<Lit>(token.into()).ok()).and_then(|literal| match literal {
        Lit::Str(text) => Some(text.value()),
        _ => None,
    })
}

/// All texts of which messages are made in these files; of the units, in the functions that read.
pub fn texts(paths: &[&str]) -> BTreeSet<Text> {
    let mut found = BTreeSet::new();
    for file in paths.iter().flat_map(|path| files(src().join(path))) {
        let shown = file.strip_prefix(src()).unwrap().display().to_string();
        if shown.ends_with("testing.rs") || shown.ends_with("tests.rs") {
            continue;
        }
        let mut seeker = Seeker { file: shown, found: &mut found, only_reading: file.ends_with("units.rs") };
        seeker.visit_file(&parsed(&file));
    }
    found
}

struct Seeker<'a> {
    file: String,
    found: &'a mut BTreeSet<Text>,
    only_reading: bool,
}

impl Seeker<'_> {
    fn note(&mut self, literal: &syn::LitStr) {
        let place = format!("src/{}:{}", self.file, literal.span().start().line);
        self.found.insert(Text { place, text: literal.value() });
    }

    fn note_expression(&mut self, expression: &Expr) {
        if let Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }) = expression {
            self.note(text);
        }
    }
}

/// Functions whose texts go to the user as they are.
const SPEAKERS: [&str; 7] = ["mistake", "allowed", "help", "wrong_kind", "wrong", "usage", "new"];

impl<'ast> Visit<'ast> for Seeker<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if !self.only_reading || function.sig.ident.to_string().starts_with("read_") {
            visit::visit_item_fn(self, function);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if SPEAKERS.contains(&call.method.to_string().as_str()) {
            call.args.iter().for_each(|argument| self.note_expression(argument));
        }
        if call.method == "to_owned" {
            self.note_expression(&call.receiver);
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let Expr::Path(path) = &*call.func
            && path.path.segments.last().is_some_and(|last| SPEAKERS.contains(&last.ident.to_string().as_str()))
        {
            call.args.iter().for_each(|argument| self.note_expression(argument));
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_macro(&mut self, made: &'ast syn::Macro) {
        if ["format", "format_args"].iter().any(|name| made.path.is_ident(name))
            && let Some(literal) = made.tokens.clone().into_iter().next().and_then(|token| syn::parse2::<syn::LitStr>(token.into()).ok())
        {
            self.note(&literal);
        }
    }
}
