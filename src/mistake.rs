//! What is wrong with a text that somebody wrote (a scenario, a theme of slides), where, and what would be right: shown as compilers show it.

use std::fmt;
use std::ops::Range;

/// A mistake in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    message: String,
    file: String,
    place: Option<Place>,
    notes: Vec<(&'static str, String)>,
}

/// A stretch of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    /// From 1.
    line: usize,
    /// From 1, in characters.
    column: usize,
    /// The line, without what would upset a terminal or the caret's column.
    shown: String,
    /// Where in it the mistake begins, from 0, in characters: the column, where the line is shown from its start.
    skip: usize,
    /// Characters to underline, at least one.
    width: usize,
}

/// Characters of a line that are shown at most, and of them those before the mistake.
const SHOWN: (usize, usize) = (160, 60);
/// Characters of a message at most: it may quote what was written.
const LONGEST_MESSAGE: usize = 400;

/// What a reading function returns.
pub type Read<T> = Result<T, Box<Mistake>>;

impl Mistake {
    /// Line and column, from 1, the column in characters; `None` where the mistake has no place in the text.
    pub fn line_and_column(&self) -> Option<(usize, usize)> {
        self.place.as_ref().map(|place| (place.line, place.column))
    }

    /// Adds what is allowed.
    pub fn allowed(mut self: Box<Self>, allowed: impl Into<String>) -> Box<Self> {
        self.notes.push(("allowed", allowed.into()));
        self
    }

    /// Adds a remedy.
    pub fn help(mut self: Box<Self>, help: impl Into<String>) -> Box<Self> {
        self.notes.push(("help", help.into()));
        self
    }

    /// Adds "did you mean", where one of `known` is close to what was written.
    pub fn near(self: Box<Self>, written: &str, known: &[&str]) -> Box<Self> {
        match nearest(written, known) {
            Some(near) => self.help(format!("did you mean {near:?}?")),
            None => self,
        }
    }

    /// Adds what else is to be known.
    pub fn note(mut self: Box<Self>, note: impl Into<String>) -> Box<Self> {
        self.notes.push(("note", note.into()));
        self
    }
}

impl std::error::Error for Mistake {}

impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.message)?;
        let margin = self.place.as_ref().map_or(1, |place| place.line.to_string().len());
        match &self.place {
            Some(place) => {
                write!(out, "\n{:margin$}--> {}:{}:{}", "", self.file, place.line, place.column)?;
                write!(out, "\n{:margin$} |\n{} | {}", "", place.line, place.shown)?;
                write!(out, "\n{:margin$} | {:skip$}{:^<width$}", "", "", "", skip = place.skip, width = place.width)?;
            }
            None => write!(out, "\n{:margin$}--> {}", "", self.file)?,
        }
        for (label, note) in &self.notes {
            write!(out, "\n{:margin$} = {label}: {note}", "")?;
        }
        Ok(())
    }
}

/// A text and the name of its file, from which mistakes get their place.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// As messages show it.
    pub file: &'a str,
    /// Whole.
    pub text: &'a str,
}

impl Source<'_> {
    /// A mistake at these bytes of the text.
    pub fn mistake(&self, span: Option<Range<usize>>, message: impl Into<String>) -> Box<Mistake> {
        let place = span.map(|span| self.place(&span));
        Box::new(Mistake { message: shortened(message.into()), file: self.file.to_owned(), place, notes: Vec::new() })
    }

    fn place(&self, span: &Range<usize>) -> Place {
        let start = floor(self.text, span.start);
        let end = floor(self.text, span.end).max(start);
        let before = &self.text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |at| start + at);
        let line_text = self.text[line_start..line_end].trim_end_matches('\r');
        let underlined = &self.text[start..end.min(line_end)];
        let column = self.text[line_start..start].chars().count();
        // Of a very long line the neighbourhood of the mistake is shown.
        let (most, before_it) = SHOWN;
        let left_out = if line_text.chars().nth(most).is_some() { column.saturating_sub(before_it) } else { 0 };
        let shown = line_text.chars().skip(left_out).take(most).map(plain).collect();
        let skip = column - left_out;
        let width = underlined.trim_end().chars().take(most - skip).count().max(1);
        Place { line: before.matches('\n').count() + 1, column: column + 1, shown, skip, width }
    }
}

/// Cut where it is too long to be read.
fn shortened(message: String) -> String {
    match message.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{} …", &message[..end]),
        None => message,
    }
}

/// One column wide and harmless, whatever it was.
fn plain(character: char) -> char {
    match character {
        '\t' => ' ',
        control if control.is_control() => '\u{FFFD}',
        other => other,
    }
}

/// The greatest character boundary that is not beyond `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The known word that is closest, if it is close: at most a third of it wrong.
fn nearest<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    // Nobody's slip is that long; the distance costs the product of both lengths.
    if written.len() > 200 {
        return None;
    }
    let scored = known.iter().map(|word| (distance(&written.to_lowercase(), &word.to_lowercase()), *word));
    scored.filter(|(distance, word)| *distance <= (word.chars().count() / 3).max(1)).min_by_key(|(distance, _)| *distance).map(|(_, word)| word)
}

/// Edit distance in which two neighbours that changed places count as one slip (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = changed.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_carets_stand_under_the_span() {
        let source = Source { file: "a.toml", text: "# ein\ntitle = \"Zürich 🚆\" # x\nb = 1" };
        let start = source.text.find("# x").unwrap();
        let mistake = source.mistake(Some(start..start + 3), "no comment").allowed("silence").help("say nothing");
        assert_eq!(mistake.line_and_column(), Some((2, 20)));
        let expected =
            "no comment\n --> a.toml:2:20\n  |\n2 | title = \"Zürich 🚆\" # x\n  |                    ^^^\n  = allowed: silence\n  = help: say nothing";
        assert_eq!(mistake.to_string(), expected);
    }

    #[test]
    fn a_span_over_lines_or_beyond_the_end_is_cut() {
        let source = Source { file: "a.toml", text: "x = [\n1\n]" };
        assert!(source.mistake(Some(4..9), "").to_string().ends_with("1 | x = [\n  |     ^"));
        assert_eq!(source.mistake(Some(900..1000), "").line_and_column(), Some((3, 2)));
        let inside = Source { file: "a.toml", text: "ü" };
        assert_eq!(inside.mistake(Some(1..1), "").line_and_column(), Some((1, 1)));
    }

    #[test]
    fn of_a_very_long_line_the_neighbourhood_is_shown() {
        let text = format!("x = \"{}\" # here {}", "a".repeat(5_000), "b".repeat(5_000));
        let start = text.find('#').unwrap();
        let mistake = Source { file: "a.toml", text: &text }.mistake(Some(start..text.len()), "c".repeat(9_999));
        let lines: Vec<String> = mistake.to_string().lines().map(str::to_owned).collect();
        assert_eq!((mistake.line_and_column(), lines[0].chars().count()), (Some((1, 5_008)), 402));
        assert_eq!(lines[3].chars().count(), 4 + 160);
        assert_eq!(lines[4].find('^').unwrap(), lines[3].find('#').unwrap());
        assert_eq!(lines[4].matches('^').count(), 100);
    }

    #[test]
    fn slips_are_recognised() {
        let known = ["topics", "topology", "span"];
        assert_eq!(nearest("topcis", &known), Some("topics"));
        assert_eq!(nearest("Span", &known), Some("span"));
        assert_eq!(nearest("weather", &known), None);
        assert_eq!(distance("ab", "ba"), 1);
        assert_eq!(distance("", "abc"), 3);
    }
}
