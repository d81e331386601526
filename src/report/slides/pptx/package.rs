//! A package of parts that refer to each other (ECMA-376, part 2): contents with their types, relations with their targets, all in a ZIP file
//! whose bytes depend on nothing but its contents.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
/// Of relations between parts of office documents.
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// A part of the package.
pub struct Part {
    /// Its path from the root: `ppt/slides/slide1.xml`.
    pub name: String,
    content_type: &'static str,
    bytes: Vec<u8>,
    relations: Vec<Relation>,
}

struct Relation {
    kind: String,
    /// Path of a part from the root.
    target: String,
}

impl Part {
    /// A part of XML, without its head.
    pub fn xml(name: impl Into<String>, content_type: &'static str, text: &str) -> Self {
        Self::binary(name, content_type, format!("{HEAD}{text}").into_bytes())
    }

    /// Any other part.
    pub fn binary(name: impl Into<String>, content_type: &'static str, bytes: Vec<u8>) -> Self {
        Self { name: name.into(), content_type, bytes, relations: Vec::new() }
    }

    /// Adds a relation of an office document to another part; the first is `rId1`, and so on.
    #[must_use]
    pub fn relates(mut self, kind: &str, target: impl Into<String>) -> Self {
        self.relations.push(Relation { kind: format!("{OFFICE}/{kind}"), target: target.into() });
        self
    }
}

/// Packs the parts; the root refers to the document and to its two parts of properties.
///
/// # Errors
/// None that memory could raise.
pub fn pack(parts: &[Part], document: &str, core: &str, app: &str) -> Result<Vec<u8>, String> {
    let root = [
        Relation { kind: format!("{OFFICE}/officeDocument"), target: document.to_owned() },
        Relation { kind: format!("{PACKAGE}/relationships/metadata/core-properties"), target: core.to_owned() },
        Relation { kind: format!("{OFFICE}/extended-properties"), target: app.to_owned() },
    ];
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // 1980: the same recording gives the same bytes whenever it is packed.
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).last_modified_time(DateTime::default());
    let mut put = |name: &str, bytes: &[u8]| -> Result<(), String> {
        zip.start_file(name, options).map_err(|error| error.to_string())?;
        zip.write_all(bytes).map_err(|error| error.to_string())
    };
    put("[Content_Types].xml", types(parts).as_bytes())?;
    put("_rels/.rels", relations("", &root).as_bytes())?;
    for part in parts {
        put(&part.name, &part.bytes)?;
        if !part.relations.is_empty() {
            let (folder, file) = part.name.rsplit_once('/').unwrap_or(("", &part.name));
            put(&format!("{folder}/_rels/{file}.rels"), relations(folder, &part.relations).as_bytes())?;
        }
    }
    Ok(zip.finish().map_err(|error| error.to_string())?.into_inner())
}

fn types(parts: &[Part]) -> String {
    let mut xml = format!(
        "{HEAD}<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Default Extension=\"xml\" ContentType=\"application/xml\"/>"
    );
    for part in parts {
        xml += &format!("<Override PartName=\"/{}\" ContentType=\"{}\"/>", part.name, part.content_type);
    }
    xml + "</Types>"
}

/// Relations of a part in a folder: targets are told as seen from there.
fn relations(folder: &str, all: &[Relation]) -> String {
    let mut xml = format!("{HEAD}<Relationships xmlns=\"{PACKAGE}/relationships\">");
    for (index, relation) in all.iter().enumerate() {
        xml += &format!("<Relationship Id=\"rId{}\" Type=\"{}\" Target=\"{}\"/>", index + 1, relation.kind, seen_from(folder, &relation.target));
    }
    xml + "</Relationships>"
}

fn seen_from(folder: &str, target: &str) -> String {
    let from: Vec<&str> = folder.split('/').filter(|name| !name.is_empty()).collect();
    let to: Vec<&str> = target.split('/').collect();
    let common = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let steps = std::iter::repeat_n("..", from.len() - common).chain(to[common..].iter().copied());
    steps.collect::<Vec<&str>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_told_as_seen_from_the_folder() {
        for (folder, target, seen) in [
            ("", "ppt/presentation.xml", "ppt/presentation.xml"),
            ("ppt", "ppt/slides/slide1.xml", "slides/slide1.xml"),
            ("ppt/slides", "ppt/charts/chart1.xml", "../charts/chart1.xml"),
            ("ppt/slides", "ppt/slides/slide2.xml", "slide2.xml"),
        ] {
            assert_eq!(seen_from(folder, target), seen);
        }
    }
}
