//! Reading a table of a scenario, field by field: what is there, of which kind, in which range.
//!
//! Swept values lie over the text: where the overlay has a path, its value is read instead, so that a
//! value which cannot be used is shown where it stands, in the sweep.

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use toml_edit::{Item, TableLike, Value};

use crate::mistake::{Mistake, Read, Source};
use crate::units;

const ANY_TEXT: &str = "a text in quotes, with more in it than spaces";

/// Swept values by dotted path.
pub(super) type Overlay = Vec<(String, Item)>;

/// A table of the scenario, or its absence.
#[derive(Clone)]
pub(super) struct Fields<'a> {
    pub source: Source<'a>,
    overlay: &'a Overlay,
    table: Option<&'a dyn TableLike>,
    /// Where its header stands.
    pub span: Option<Range<usize>>,
    /// As messages show it: `[workload]`.
    pub shown: &'static str,
    /// What its keys' paths begin with: `workload`.
    pub path: String,
}

impl<'a> Fields<'a> {
    /// The document itself.
    pub fn top(source: Source<'a>, overlay: &'a Overlay, table: &'a dyn TableLike) -> Self {
        Self { source, overlay, table: Some(table), span: None, shown: "the scenario", path: String::new() }
    }

    /// The table under `key`; without fields where it is absent.
    pub fn table(&self, key: &'static str, shown: &'static str) -> Read<Self> {
        let Some(item) = self.table.and_then(|table| table.get(key)) else {
            return Ok(Self { table: None, span: None, shown, path: key.to_owned(), ..self.clone() });
        };
        let Some(table) = item.as_table_like() else {
            return Err(self.wrong_kind(key, item, "a table").help(format!("write {shown} above its keys")));
        };
        Ok(Self { table: Some(table), span: item.span(), shown, path: key.to_owned(), ..self.clone() })
    }

    /// The tables of a list such as `[[contender]]`.
    pub fn list(&self, key: &'static str, shown: &'static str) -> Read<Vec<Self>> {
        let Some(item) = self.table.and_then(|table| table.get(key)) else { return Ok(Vec::new()) };
        let one = |table: &'a dyn TableLike, span| Self { table: Some(table), span, shown, path: key.to_owned(), ..self.clone() };
        if let Some(tables) = item.as_array_of_tables() {
            return Ok(tables.iter().map(|table| one(table, table.span())).collect());
        }
        let wrong = |item_span: Option<Range<usize>>| {
            self.source.mistake(item_span, format!("{key:?} must be a list of tables")).help(format!("write {shown} above each"))
        };
        let Some(array) = item.as_array() else { return Err(wrong(item.span())) };
        array.iter().map(|value| value.as_inline_table().map(|table| one(table, value.span())).ok_or_else(|| wrong(value.span()))).collect()
    }

    /// Whether it stands in the text.
    pub fn is_there(&self) -> bool {
        self.table.is_some()
    }

    /// All keys, in the order of the text.
    pub fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.table.into_iter().flat_map(|table| table.iter().map(|(key, _)| key))
    }

    /// Refuses keys that are not known.
    pub fn only(&self, known: &[&str]) -> Read<()> {
        let Some(table) = self.table else { return Ok(()) };
        match self.keys().find(|key| !known.contains(key)) {
            None => Ok(()),
            Some(key) => {
                let span = table.key(key).and_then(toml_edit::Key::span);
                Err(self.source.mistake(span, format!("unknown key {key:?} in {}", self.shown)).allowed(known.join(", ")).near(key, known))
            }
        }
    }

    /// A field that may be left out.
    pub fn optional(&self, key: &'static str) -> Option<Field<'a>> {
        self.named(key)
    }

    /// A field whose key is known only now.
    pub fn named(&self, key: &'a str) -> Option<Field<'a>> {
        let path = format!("{}.{key}", self.path);
        let swept = self.overlay.iter().find(|(swept, _)| *swept == path).map(|(_, item)| item);
        let item = swept.or_else(|| self.table.and_then(|table| table.get(key)))?;
        let key_span = self.table.and_then(|table| table.key(key)).and_then(toml_edit::Key::span);
        Some(Field { source: self.source, key, item, key_span, span: item.span() })
    }

    /// A field that must be there.
    pub fn required(&self, key: &'static str, example: &str) -> Read<Field<'a>> {
        self.optional(key).ok_or_else(|| {
            let missing = self.source.mistake(self.span.clone(), format!("{key:?} is missing in {}", self.shown));
            missing.help(format!("add a line such as: {key} = {example}"))
        })
    }

    /// All fields by dotted path, those of tables inside as well.
    pub fn leaves(&self) -> Read<Vec<(String, Field<'a>)>> {
        let mut all = Vec::new();
        let Some(table) = self.table else { return Ok(all) };
        for (key, item) in table.iter() {
            let key_span = table.key(key).and_then(toml_edit::Key::span);
            let field = Field { source: self.source, key, item, key_span, span: item.span() };
            match self.nested(&field, self.shown) {
                None => all.push((key.to_owned(), field)),
                Some(inner) => all.extend(inner.leaves()?.into_iter().map(|(path, field)| (format!("{key}.{path}"), field))),
            }
        }
        Ok(all)
    }

    /// The fields of a field that is itself a table; swept values do not reach into it.
    pub fn nested(&self, field: &Field<'a>, shown: &'static str) -> Option<Self> {
        let table = field.item.as_table_like()?;
        Some(Self { table: Some(table), span: field.span.clone(), shown, path: String::new(), ..self.clone() })
    }

    fn wrong_kind(&self, key: &str, item: &Item, wanted: &str) -> Box<Mistake> {
        self.source.mistake(item.span(), format!("{key:?} must be {wanted}, not {}", kind(item)))
    }
}

/// A value of the scenario and its place.
#[derive(Clone)]
pub(super) struct Field<'a> {
    source: Source<'a>,
    /// Its key.
    pub key: &'a str,
    item: &'a Item,
    /// Where its key stands.
    pub key_span: Option<Range<usize>>,
    span: Option<Range<usize>>,
}

impl<'a> Field<'a> {
    /// A mistake in the value.
    pub fn mistake(&self, message: impl Into<String>) -> Box<Mistake> {
        self.source.mistake(self.span.clone(), message)
    }

    fn wrong_kind(&self, wanted: &str) -> Box<Mistake> {
        self.mistake(format!("{:?} must be {wanted}, not {}", self.key, kind(self.item)))
    }

    /// The value or table itself.
    pub fn item(&self) -> &'a Item {
        self.item
    }

    /// The value itself.
    pub fn value(&self) -> Read<&'a Value> {
        self.item.as_value().ok_or_else(|| self.wrong_kind("a value"))
    }

    /// The value as a text, where it is one.
    pub fn as_text(&self) -> Option<&'a str> {
        self.item.as_str()
    }

    /// A text that is not empty.
    pub fn text(&self) -> Read<&'a str> {
        let text = self.as_text().ok_or_else(|| self.wrong_kind("a text").allowed(ANY_TEXT))?;
        if text.trim().is_empty() {
            return Err(self.mistake(format!("{:?} must not be empty", self.key)).allowed(ANY_TEXT));
        }
        Ok(text)
    }

    /// The word, where a table would be right as well.
    pub fn word_or_table(&self) -> Read<&'a str> {
        self.as_text().ok_or_else(|| self.wrong_kind("a word or a table"))
    }

    /// One of these words.
    pub fn word(&self, words: &[&str]) -> Read<&'a str> {
        let allowed = words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ");
        let text = self.as_text().ok_or_else(|| self.wrong_kind("a text").allowed(&allowed))?;
        if words.contains(&text) {
            return Ok(text);
        }
        Err(self.mistake(format!("{text:?} is not a choice for {:?}", self.key)).allowed(allowed).near(text, words))
    }

    /// `true` or `false`.
    pub fn flag(&self) -> Read<bool> {
        self.item.as_bool().ok_or_else(|| self.wrong_kind("true or false").allowed("true, false"))
    }

    /// A whole number in a range.
    pub fn count(&self, range: RangeInclusive<u32>) -> Read<u32> {
        let allowed = format!("a whole number from {} to {}", units::show_count(i64::from(*range.start())), units::show_count(i64::from(*range.end())));
        let number = self.item.as_integer().ok_or_else(|| self.wrong_kind("a whole number").allowed(&allowed))?;
        let inside = u32::try_from(number).ok().filter(|number| range.contains(number));
        inside.ok_or_else(|| self.mistake(format!("{number} is out of range for {:?}", self.key)).allowed(allowed))
    }

    /// A seed.
    pub fn seed(&self) -> Read<u64> {
        let allowed = "a whole number from 0 to 9,223,372,036,854,775,807";
        let number = self.item.as_integer().ok_or_else(|| self.wrong_kind("a whole number").allowed(allowed))?;
        u64::try_from(number).map_err(|_| self.mistake(format!("{number} is out of range for {:?}", self.key)).allowed(allowed))
    }

    /// A finite number for which `fits` holds.
    pub fn number(&self, allowed: &str, fits: impl Fn(f64) -> bool) -> Read<f64> {
        let number = self.item.as_float().or_else(|| self.item.as_integer().map(|number| number as f64));
        let number = number.ok_or_else(|| self.wrong_kind("a number").allowed(allowed))?;
        if number.is_finite() && fits(number) {
            return Ok(number);
        }
        Err(self.mistake(format!("{number} is out of range for {:?}", self.key)).allowed(allowed))
    }

    /// A duration of scenario time, more than zero unless `zero`.
    pub fn duration(&self, zero: bool) -> Read<Duration> {
        let text = self.as_text().ok_or_else(|| self.wrong_kind("a duration").allowed(units::DURATION_FORMS))?;
        let duration = units::read_duration(text).map_err(|why| self.mistake(why).allowed(units::DURATION_FORMS))?;
        if duration.is_zero() && !zero {
            return Err(self.mistake(format!("{:?} must be more than zero", self.key)).allowed(units::DURATION_FORMS));
        }
        Ok(duration)
    }

    /// A size in bytes.
    pub fn size(&self, range: RangeInclusive<u64>) -> Read<u64> {
        let size = match (self.as_text(), self.item.as_integer()) {
            (Some(text), _) => units::read_size(text).map_err(|why| self.mistake(why).allowed(units::SIZE_FORMS))?,
            (None, Some(number)) => u64::try_from(number).map_err(|_| self.mistake(format!("{number} is not a size")).allowed(units::SIZE_FORMS))?,
            (None, None) => return Err(self.wrong_kind("a size").allowed(units::SIZE_FORMS)),
        };
        if range.contains(&size) {
            return Ok(size);
        }
        let (least, most) = (units::show_bytes(*range.start() as f64), units::show_bytes(*range.end() as f64));
        Err(self.mistake(format!("{} is out of range for {:?}", units::show_bytes(size as f64), self.key)).allowed(format!("from {least} to {most}")))
    }

    /// A text, number or truth value as text, for a contender's settings.
    pub fn scalar(&self) -> Read<String> {
        match self.item.as_value() {
            Some(Value::String(text)) => Ok(text.value().clone()),
            Some(Value::Integer(number)) => Ok(number.value().to_string()),
            Some(Value::Float(number)) => Ok(number.value().to_string()),
            Some(Value::Boolean(truth)) => Ok(truth.value().to_string()),
            _ => Err(self.wrong_kind("a text, a number, true or false")),
        }
    }
}

/// What an item is, for people.
pub(super) fn kind(item: &Item) -> &'static str {
    match item.type_name() {
        "string" => "a text",
        "integer" => "a whole number",
        "float" => "a number with decimals",
        "boolean" => "true or false",
        "datetime" => "a date",
        "array" => "a list",
        "array of tables" => "a list of tables",
        _ => "a table",
    }
}
