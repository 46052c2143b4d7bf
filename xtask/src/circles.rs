//! Circles of files inside a crate: two files that each need the other can only be read together.
//!
//! A file needs another if an import or a path in it names something that the other defines; names are followed through
//! re-exports. A module and the modules inside it count as one place and are not held against each other, and neither
//! is test code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use syn::visit::Visit;
use syn::{Item, UseTree};

/// The path of a module inside its crate; the crate's root has none.
type Module = Vec<String>;

/// What a module file says about names.
#[derive(Default)]
struct File {
    /// What it defines, modules aside.
    defined: BTreeSet<String>,
    /// What it takes from elsewhere, by the name it has here.
    taken: BTreeMap<String, Vec<String>>,
    /// Modules of which it takes everything.
    globs: Vec<Vec<String>>,
    /// Every path in it that may lead to another file.
    needed: BTreeSet<Vec<String>>,
}

/// One line for each circle in the crate whose sources are in this folder.
pub fn of_crate(src: &Path) -> Result<Vec<String>> {
    let root = ["lib.rs", "main.rs"].iter().map(|name| src.join(name)).find(|path| path.exists());
    let Some(root) = root else { return Ok(Vec::new()) };
    let mut files = BTreeMap::new();
    read(&root, src, Vec::new(), &mut files)?;
    Ok(circles(&files))
}

fn read(path: &Path, folder: &Path, module: Module, files: &mut BTreeMap<Module, File>) -> Result<()> {
    let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    let parsed = syn::parse_file(&text).with_context(|| format!("parse {}", path.display()))?;
    read_items(parsed.items, folder, module, files)
}

fn read_items(
    items: Vec<Item>,
    folder: &Path,
    module: Module,
    files: &mut BTreeMap<Module, File>,
) -> Result<()> {
    let mut file = File::default();
    for item in items.into_iter().filter(|item| !is_test(item)) {
        if let Item::Mod(inner) = item {
            let name = inner.ident.to_string();
            let below = [module.clone(), vec![name.clone()]].concat();
            match inner.content {
                Some((_, items)) => read_items(items, &folder.join(&name), below, files)?,
                None => {
                    let (path, folder) = file_of(folder, &name);
                    if path.exists() {
                        read(&path, &folder, below, files)?;
                    }
                }
            }
            continue;
        }
        if let Item::Use(item) = &item {
            file.take(&item.tree, &mut Vec::new());
        }
        file.defined.extend(name_of(&item));
        Paths(&mut file.needed).visit_item(&item);
    }
    files.insert(module, file);
    Ok(())
}

/// The file of a module, and the folder of those inside it.
fn file_of(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    let inside = folder.join(name);
    let front = inside.join("mod.rs");
    let path = if front.exists() { front } else { folder.join(format!("{name}.rs")) };
    (path, inside)
}

fn attributes(item: &Item) -> &[syn::Attribute] {
    match item {
        Item::Mod(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        _ => &[],
    }
}

fn is_test(item: &Item) -> bool {
    attributes(item).iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string().contains("test"))
    })
}

fn name_of(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        _ => return None,
    };
    Some(ident.to_string())
}

impl File {
    fn take(&mut self, tree: &UseTree, path: &mut Vec<String>) {
        match tree {
            UseTree::Path(step) => {
                path.push(step.ident.to_string());
                self.take(&step.tree, path);
                path.pop();
            }
            UseTree::Name(last) if last.ident == "self" => self.taken_as(path.last().cloned(), path.clone()),
            UseTree::Name(last) => {
                let name = last.ident.to_string();
                self.taken_as(Some(name.clone()), [path.clone(), vec![name]].concat());
            }
            UseTree::Rename(last) => {
                let from = [path.clone(), vec![last.ident.to_string()]].concat();
                self.taken_as(Some(last.rename.to_string()), from);
            }
            UseTree::Glob(_) => self.globs.push(path.clone()),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.take(tree, path)),
        }
    }

    fn taken_as(&mut self, name: Option<String>, from: Vec<String>) {
        self.needed.insert(from.clone());
        if let Some(name) = name {
            self.taken.insert(name, from);
        }
    }
}

/// Collects the paths in code, imports aside.
struct Paths<'a>(&'a mut BTreeSet<Vec<String>>);

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_item_use(&mut self, _: &'ast syn::ItemUse) {}

    fn visit_item_mod(&mut self, _: &'ast syn::ItemMod) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            self.0.insert(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        syn::visit::visit_path(self, path);
    }
}

/// The module that defines what a path names, seen from a module; nothing if that is not in this crate.
fn target(files: &BTreeMap<Module, File>, from: &Module, path: &[String], depth: usize) -> Option<Module> {
    if depth > 16 {
        return None;
    }
    let mut module = from.clone();
    let mut rest = path;
    let mut is_rooted = false;
    while let [first, others @ ..] = rest {
        match first.as_str() {
            "crate" => module = Vec::new(),
            "super" => {
                module.pop();
            }
            "self" => {}
            _ => break,
        }
        (rest, is_rooted) = (others, true);
    }
    let mut steps = 0;
    while let [name, others @ ..] = rest {
        let below = [module.clone(), vec![name.clone()]].concat();
        if files.contains_key(&below) {
            module = below;
        } else {
            return member(files, &module, name, others, depth).or_else(|| {
                // A path that begins with a name of another crate leads nowhere here.
                (is_rooted && steps == 0 && module != *from).then(|| module.clone())
            });
        }
        (rest, steps) = (others, steps + 1);
    }
    (steps > 0).then_some(module)
}

fn member(
    files: &BTreeMap<Module, File>,
    module: &Module,
    name: &str,
    rest: &[String],
    depth: usize,
) -> Option<Module> {
    let file = files.get(module)?;
    if file.defined.contains(name) {
        return Some(module.clone());
    }
    if let Some(from) = file.taken.get(name) {
        let path = [from.as_slice(), rest].concat();
        return target(files, module, &path, depth + 1).or_else(|| target(files, module, from, depth + 1));
    }
    file.globs.iter().find_map(|glob| {
        let path = [glob.as_slice(), &[name.to_owned()], rest].concat();
        target(files, module, &path, depth + 1)
    })
}

fn circles(files: &BTreeMap<Module, File>) -> Vec<String> {
    let is_inside = |a: &Module, b: &Module| a.starts_with(b) || b.starts_with(a);
    let needs = |(module, file): (&Module, &File)| {
        let found = file.needed.iter().filter_map(|path| target(files, module, path, 0));
        let found: BTreeSet<Module> = found.filter(|needed| !is_inside(needed, module)).collect();
        (module.clone(), found)
    };
    let edges: BTreeMap<Module, BTreeSet<Module>> = files.iter().map(needs).collect();
    let mut seen = BTreeSet::new();
    let mut circles = Vec::new();
    for module in edges.keys() {
        let reached = reach(&edges, module);
        if !reached.contains(module) || seen.contains(module) {
            continue;
        }
        let circle: Vec<Module> =
            reached.into_iter().filter(|other| reach(&edges, other).contains(module)).collect();
        circles.push(circle.iter().map(|module| module.join("::")).collect::<Vec<_>>().join(", "));
        seen.extend(circle);
    }
    circles
}

fn reach(edges: &BTreeMap<Module, BTreeSet<Module>>, from: &Module) -> BTreeSet<Module> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(module) = open.pop() {
        for next in edges.get(module).into_iter().flatten() {
            if reached.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sources: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in sources {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        of_crate(folder.path()).unwrap()
    }

    #[test]
    fn a_planted_circle_is_found_through_re_exports() {
        let sources = [
            ("lib.rs", "mod a; mod b; mod c; pub use a::A; pub use b::B;"),
            ("a.rs", "use crate::B; pub struct A(B);"),
            ("b.rs", "pub struct B; fn f() -> crate::A { todo!() }"),
            ("c.rs", "use crate::{A, B};"),
        ];
        assert_eq!(found(&sources), ["a, b"]);
    }

    #[test]
    fn a_folder_and_its_files_are_one_place_and_tests_do_not_count() {
        let sources = [
            ("lib.rs", "mod a; mod b;"),
            ("a/mod.rs", "mod x; pub struct A; use x::X;"),
            ("a/x.rs", "use super::A; pub struct X(A);"),
            ("b.rs", "use crate::a::A; pub struct B;"),
            ("a/y.rs", ""),
        ];
        assert_eq!(found(&sources), [""; 0]);
        let with_test = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "pub struct A; #[cfg(test)] mod tests { use crate::b::B; }"),
            ("b.rs", "use crate::a::A; pub struct B;"),
        ];
        assert_eq!(found(&with_test), [""; 0]);
    }
}
