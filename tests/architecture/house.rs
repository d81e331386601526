//! The modules of the crate as the compiler sees them: what each defines, what it imports, what it hands on.
//!
//! A path is followed from module to module, through renames, globs and re-exports, until it reaches the module that
//! defines its end, or leaves the crate. Names are looked up without regard to namespaces, and imports inside of a
//! function count for its whole module: too many candidates are better than a path that slips through.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::visit::Visit;
use syn::{Attribute, Item, UseTree};

/// A module's path from the root of the library; that of the binary begins with [`MAIN`].
pub type Place = Vec<String>;

/// Stands for the binary's root.
pub const MAIN: &str = "main";
/// What the binary calls the library.
const LIBRARY: &str = "pushbench";

/// All modules.
#[derive(Default)]
pub struct House {
    pub modules: BTreeMap<Place, Module>,
    /// Files of modules that exist in tests only: not judged.
    pub test_files: BTreeSet<PathBuf>,
}

/// A module, inline or in a file of its own.
pub struct Module {
    pub file: PathBuf,
    pub items: Vec<Item>,
    defines: BTreeSet<String>,
    imports: BTreeMap<String, Vec<Vec<String>>>,
    globs: Vec<Vec<String>>,
}

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// Into this module: the one that defines the item, or one that hands it on.
    Inside(Place),
    /// Out of the crate: `std::process::exit`.
    Outside(Vec<String>),
}

impl House {
    /// Reads the crate below `src`.
    pub fn read(src: &Path) -> Self {
        let mut house = Self::default();
        house.add_file(Place::new(), &src.join("lib.rs"), src);
        house.add_file(vec![MAIN.to_owned()], &src.join("main.rs"), &src.join("main"));
        house
    }

    /// A crate of one text, for tests of this file.
    pub fn of_text(text: &str) -> Self {
        let mut house = Self::default();
        house.add(Place::new(), syn::parse_file(text).unwrap().items, Path::new("lib.rs"), Path::new("nowhere"));
        house
    }

    /// Everything that `path`, written in the module `at`, leads to and through.
    pub fn follow(&self, at: &Place, path: &[String]) -> BTreeSet<End> {
        let mut ends = BTreeSet::new();
        self.step(at, path, &mut Vec::new(), &mut ends);
        ends
    }

    fn add_file(&mut self, place: Place, file: &Path, folder: &Path) {
        let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}:{}: {error}", file.display(), error.span().start().line));
        self.add(place, parsed.items, file, folder);
    }

    /// Adds a module and all below it; `folder` is where its children's files are.
    fn add(&mut self, place: Place, items: Vec<Item>, file: &Path, folder: &Path) {
        let mut module = Module { file: file.to_owned(), items: Vec::new(), defines: BTreeSet::new(), imports: BTreeMap::new(), globs: Vec::new() };
        for item in items {
            let only_in_tests = is_for_tests(attributes(&item));
            let Item::Mod(child) = item else {
                if !only_in_tests {
                    module.note(&item);
                    module.items.push(item);
                }
                continue;
            };
            assert!(!child.attrs.iter().any(|attribute| attribute.path().is_ident("path")), "{}: #[path] hides where a file belongs", file.display());
            let name = child.ident.to_string();
            let below = folder.join(&name);
            let child_file = [folder.join(format!("{name}.rs")), below.join("mod.rs")].into_iter().find(|file| file.exists());
            if only_in_tests {
                self.test_files.extend(child_file);
                continue;
            }
            module.defines.insert(name.clone());
            let mut child_place = place.clone();
            child_place.push(name);
            match (child.content, child_file) {
                (Some((_, items)), _) => self.add(child_place, items, file, &below),
                (None, Some(child_file)) => self.add_file(child_place, &child_file, &below),
                (None, None) => panic!("{}: no file for mod {}", file.display(), child_place.join("::")),
            }
        }
        self.modules.insert(place, module);
    }

    /// Follows a path as it is written in the module `at`. `trail` holds the names that are being looked up: no circles.
    fn step(&self, at: &Place, path: &[String], trail: &mut Vec<(Place, String)>, ends: &mut BTreeSet<End>) {
        let Some((first, rest)) = path.split_first() else { return };
        let in_main = at.first().is_some_and(|first| first == MAIN);
        match first.as_str() {
            "crate" | "$crate" => self.walk(&if in_main { vec![MAIN.to_owned()] } else { Place::new() }, rest, trail, ends),
            "self" | "super" => self.walk(at, path, trail, ends),
            // `::std::…`: the name of a crate, for sure.
            "" => _ = ends.insert(End::Outside(rest.to_vec())),
            LIBRARY if in_main => self.walk(&Place::new(), rest, trail, ends),
            _ => {
                if !self.look_up(at, first, rest, trail, ends) {
                    ends.insert(End::Outside(path.to_vec()));
                }
            }
        }
    }

    /// Follows names that are members of the module `at`.
    fn walk(&self, at: &Place, path: &[String], trail: &mut Vec<(Place, String)>, ends: &mut BTreeSet<End>) {
        match path.split_first() {
            Some((first, rest)) if first == "self" => self.walk(at, rest, trail, ends),
            Some((first, rest)) if first == "super" => self.walk(&at[..at.len().saturating_sub(1)].to_vec(), rest, trail, ends),
            Some((first, rest)) if self.look_up(at, first, rest, trail, ends) => {}
            // The module itself; or something that a macro defines in it.
            _ => _ = ends.insert(End::Inside(at.clone())),
        }
    }

    /// Follows a name that the module `at` defines or imports; false where it does neither.
    fn look_up(&self, at: &Place, name: &str, rest: &[String], trail: &mut Vec<(Place, String)>, ends: &mut BTreeSet<End>) -> bool {
        let Some(module) = self.modules.get(at) else { return false };
        let lookup = (at.clone(), name.to_owned());
        if trail.contains(&lookup) {
            return false;
        }
        let below = [at.as_slice(), &[name.to_owned()]].concat();
        if self.modules.contains_key(&below) {
            self.walk(&below, rest, trail, ends);
            return true;
        }
        trail.push(lookup);
        let mut found = module.defines.contains(name);
        for import in module.imports.get(name).into_iter().flatten() {
            self.step(at, &[import.as_slice(), rest].concat(), trail, ends);
            found = true;
        }
        if !found {
            for glob in &module.globs {
                let mut targets = BTreeSet::new();
                self.step(at, glob, trail, &mut targets);
                for target in targets {
                    match target {
                        End::Inside(target) => found |= self.look_up(&target, name, rest, trail, ends),
                        // Whatever a foreign glob may bring: judged as if it did.
                        End::Outside(path) => _ = ends.insert(End::Outside([path.as_slice(), &[name.to_owned()], rest].concat())),
                    }
                }
            }
        }
        trail.pop();
        if found {
            // Whoever hands on what is not his own is passed through, and counts as well.
            ends.insert(End::Inside(at.clone()));
        }
        found
    }
}

impl Module {
    fn note(&mut self, item: &Item) {
        let name = match item {
            Item::Const(item) => Some(&item.ident),
            Item::Enum(item) => Some(&item.ident),
            Item::Fn(item) => Some(&item.sig.ident),
            Item::Macro(item) => item.ident.as_ref(),
            Item::Static(item) => Some(&item.ident),
            Item::Struct(item) => Some(&item.ident),
            Item::Trait(item) => Some(&item.ident),
            Item::TraitAlias(item) => Some(&item.ident),
            Item::Type(item) => Some(&item.ident),
            Item::Union(item) => Some(&item.ident),
            _ => None,
        };
        self.defines.extend(name.map(ToString::to_string));
        self.visit_item(item);
    }
}

/// Collects imports, those inside of functions too.
impl<'ast> Visit<'ast> for Module {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        for import in flatten(item) {
            match import.name {
                Some(name) => self.imports.entry(name).or_default().push(import.path),
                None => self.globs.push(import.path),
            }
        }
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        let name = item.rename.as_ref().map_or(&item.ident, |(_, name)| name).to_string();
        let path = if item.ident == "self" { vec!["crate".to_owned()] } else { vec![String::new(), item.ident.to_string()] };
        self.imports.entry(name).or_default().push(path);
    }
}

/// One leaf of a `use` tree.
pub struct Import {
    pub path: Vec<String>,
    /// What it is called here; none for a glob.
    pub name: Option<String>,
    pub line: usize,
}

/// The leaves of a `use` tree.
pub fn flatten(item: &syn::ItemUse) -> Vec<Import> {
    fn go(tree: &UseTree, prefix: &[String], into: &mut Vec<Import>) {
        let with = |ident: &syn::Ident| {
            // `a::{self}` is `a`.
            if ident == "self" && !prefix.is_empty() { prefix.to_vec() } else { [prefix, &[ident.to_string()]].concat() }
        };
        match tree {
            UseTree::Path(path) => go(&path.tree, &with(&path.ident), into),
            UseTree::Group(group) => group.items.iter().for_each(|tree| go(tree, prefix, into)),
            UseTree::Name(name) => {
                let path = with(&name.ident);
                into.push(Import { name: path.last().cloned(), path, line: name.ident.span().start().line });
            }
            UseTree::Rename(rename) => {
                into.push(Import { path: with(&rename.ident), name: Some(rename.rename.to_string()), line: rename.ident.span().start().line })
            }
            UseTree::Glob(glob) => into.push(Import { path: prefix.to_vec(), name: None, line: glob.star_token.spans[0].start().line }),
        }
    }
    let mut imports = Vec::new();
    let prefix = if item.leading_colon.is_some() { vec![String::new()] } else { Vec::new() };
    go(&item.tree, &prefix, &mut imports);
    imports
}

/// Whether something exists in tests only.
pub fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test")))
}

/// The attributes of an item.
pub fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
