//! Whether a presentation holds together: relations, types, numbers, texts.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _};

use quick_xml::events::Event;

/// Path of each part → its bytes.
pub fn unpacked(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut parts = BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        let name = file.name().unwrap().into_owned();
        assert!(parts.insert(name.clone(), bytes).is_none(), "{name} is there twice");
    }
    parts
}

/// (tag, attributes) of everything in a part, with what is nested in it as a depth.
pub fn tags(xml: &str) -> Vec<(usize, String, BTreeMap<String, String>)> {
    let mut reader = quick_xml::Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let (mut depth, mut tags) = (0, Vec::new());
    let attributes = |tag: &quick_xml::events::BytesStart<'_>| {
        tag.attributes()
            .map(|attribute| attribute.unwrap())
            .map(|attribute| (attribute.key.0.to_owned(), attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).unwrap().into_owned()))
            .collect()
    };
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return tags,
            Event::Start(tag) => {
                tags.push((depth, tag.name().0.to_owned(), attributes(&tag)));
                depth += 1;
            }
            Event::Empty(tag) => tags.push((depth, tag.name().0.to_owned(), attributes(&tag))),
            Event::End(_) => depth -= 1,
            _ => {}
        }
    }
}

pub fn texts(xml: &str) -> String {
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut texts = String::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return texts,
            Event::Text(text) => texts.push_str(&text),
            Event::GeneralRef(entity) => texts.push_str(match &*entity {
                "lt" => "<",
                "gt" => ">",
                "amp" => "&",
                "quot" => "\"",
                "apos" => "'",
                other => panic!("{other}"),
            }),
            _ => {}
        }
    }
}

/// Every relation leads to a part, every part has a type and is led to, numbers are unique, and no text is without a paragraph.
pub fn hold_together(kind: &str, parts: &BTreeMap<String, Vec<u8>>) {
    let text = |name: &str| String::from_utf8(parts.get(name).unwrap_or_else(|| panic!("{kind}: {name} is missing")).clone()).unwrap();
    let types = tags(&text("[Content_Types].xml"));
    let of =
        |tag: &str, key: &str| types.iter().filter(|(_, name, _)| name == tag).map(|(.., attributes)| attributes[key].clone()).collect::<BTreeSet<String>>();
    let overridden = of("Override", "PartName");
    assert_eq!(of("Default", "Extension"), BTreeSet::from(["rels".to_owned(), "xml".to_owned()]));
    let mut led_to = BTreeSet::new();
    for name in parts.keys() {
        if let Some((folder, file)) = name.rsplit_once("/_rels/").or_else(|| name.strip_prefix("_rels/").map(|file| ("", file))) {
            let from = [folder, file.trim_end_matches(".rels")].join("/");
            assert!(file == ".rels" || parts.contains_key(from.as_str()), "{kind}: relations of {from}, which is not there");
            let mut ids = BTreeSet::new();
            for (_, _, attributes) in tags(&text(name)).into_iter().filter(|(_, tag, _)| tag == "Relationship") {
                let mut path: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
                for step in attributes["Target"].split('/') {
                    if step == ".." { _ = path.pop() } else { path.push(step) }
                }
                let target = path.join("/");
                assert!(parts.contains_key(&target), "{kind}: {name} leads to {target}, which is not there");
                assert!(ids.insert(attributes["Id"].clone()), "{kind}: {name} has {} twice", attributes["Id"]);
                led_to.insert(target);
            }
            if file != ".rels" {
                let used: BTreeSet<String> =
                    tags(&text(&from)).into_iter().flat_map(|(.., all)| all).filter(|(key, _)| key.starts_with("r:")).map(|(_, id)| id).collect();
                assert!(used.is_subset(&ids), "{kind}: {from} uses {used:?} of {ids:?}");
            }
        } else if name != "[Content_Types].xml" {
            assert!(overridden.contains(&format!("/{name}")), "{kind}: {name} has no type");
        }
    }
    assert!(overridden.iter().all(|name| led_to.contains(&name[1..])), "{kind}: a part that nothing leads to");
    for name in parts.keys().filter(|name| name.ends_with(".xml")) {
        let all = tags(&text(name));
        let numbers: Vec<&String> = all.iter().filter(|(_, tag, _)| tag == "p:cNvPr").map(|(.., attributes)| &attributes["id"]).collect();
        assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), numbers.len(), "{kind}: {name} has a number twice");
        for (place, (depth, tag, _)) in all.iter().enumerate() {
            if ["p:txBody", "c:rich", "c:txPr"].contains(&tag.as_str()) {
                let inside = all[place + 1..].iter().take_while(|(inner, ..)| inner > depth);
                assert!(inside.clone().any(|(_, tag, _)| tag == "a:p"), "{kind}: {name} has a {tag} without a paragraph");
            }
        }
        assert!(!text(name).contains("NaN") && !text(name).contains(">inf<"), "{kind}: {name} has a number that is none");
    }
    let slides = parts.keys().filter(|name| name.starts_with("ppt/slides/slide")).count();
    let notes = parts.keys().filter(|name| name.starts_with("ppt/notesSlides/notesSlide")).count();
    assert_eq!((slides, notes), (10, 10), "{kind}");
}
