//! What lies under `assets/html`: templates, style, script, the chart library; and the policy that lets nothing else run.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::pack::pack;
use crate::report::charts::Theme;

/// The templates of our own page, by name. The first is the whole; a user's template may extend it.
pub const TEMPLATES: [(&str, &str); 11] = [
    ("report.html", include_str!("../../../assets/html/report.html")),
    ("macros.html", include_str!("../../../assets/html/macros.html")),
    ("head.html", include_str!("../../../assets/html/head.html")),
    ("bar.html", include_str!("../../../assets/html/bar.html")),
    ("verdict.html", include_str!("../../../assets/html/verdict.html")),
    ("freshness.html", include_str!("../../../assets/html/freshness.html")),
    ("work.html", include_str!("../../../assets/html/work.html")),
    ("cost.html", include_str!("../../../assets/html/cost.html")),
    ("trouble.html", include_str!("../../../assets/html/trouble.html")),
    ("numbers.html", include_str!("../../../assets/html/numbers.html")),
    ("method.html", include_str!("../../../assets/html/method.html")),
];

const STYLES: [&str; 5] = [
    include_str!("../../../assets/html/uplot/uPlot.min.css"),
    include_str!("../../../assets/html/style/page.css"),
    include_str!("../../../assets/html/style/figures.css"),
    include_str!("../../../assets/html/style/controls.css"),
    include_str!("../../../assets/html/style/print.css"),
];

/// What lets the others run.
const UNPACK: &str = include_str!("../../../assets/html/script/unpack.js");

/// One function around them all, in the order in which they need each other.
const SCRIPTS: [&str; 9] = [
    include_str!("../../../assets/html/script/base.js"),
    include_str!("../../../assets/html/script/format.js"),
    include_str!("../../../assets/html/script/theme.js"),
    include_str!("../../../assets/html/script/plot.js"),
    include_str!("../../../assets/html/script/charts.js"),
    include_str!("../../../assets/html/script/tiles.js"),
    include_str!("../../../assets/html/script/choose.js"),
    include_str!("../../../assets/html/script/tips.js"),
    include_str!("../../../assets/html/script/start.js"),
];

static LIBRARY: &str = include_str!("../../../assets/html/uplot/uPlot.iife.min.js");
static LIBRARY_LICENCE: &str = include_str!("../../../assets/html/uplot/LICENSE");
static REGULAR: &[u8] = include_bytes!("../../../assets/fonts/Inter-Regular-page.woff2");
static SEMI_BOLD: &[u8] = include_bytes!("../../../assets/fonts/Inter-SemiBold-page.woff2");

/// What our own page consists of, for templates; print each with `|safe`.
#[derive(Clone, Debug, Serialize)]
pub struct Assets {
    /// The style sheet, with the typeface inside: for a `style` element.
    pub style: String,
    /// What makes the page alive, the chart library included, packed: for an element of the id `library`.
    pub library: String,
    /// For a `script` element at the end: inflates `library` and the page's data, and lets the first run on the second.
    pub script: String,
    /// A content security policy under which these two run, and nothing else runs or is loaded.
    pub policy: String,
    /// The licence of the chart library.
    pub library_licence: &'static str,
}

impl Assets {
    /// Puts them together.
    ///
    /// # Errors
    /// None that memory could raise.
    pub fn gather() -> io::Result<Self> {
        let (script, program) = (stripped(UNPACK), program());
        let policy = format!(
            "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; script-src {} {}",
            hash(&program),
            hash(&script)
        );
        Ok(Self { style: style(), library: pack(program.as_bytes())?, script, policy, library_licence: LIBRARY_LICENCE })
    }
}

fn style() -> String {
    let face = |weight: u16, data: &[u8]| {
        format!(
            "@font-face{{font-family:Inter;font-weight:{weight};font-display:block;src:url(data:font/woff2;base64,{}) format('woff2')}}\n",
            STANDARD.encode(data)
        )
    };
    face(400, REGULAR) + &face(600, SEMI_BOLD) + &colours() + &STYLES.concat()
}

/// The colours of the charts as variables: those of the system's theme, unless the reader chooses another; on paper the light ones.
fn colours() -> String {
    let of = |theme: Theme| {
        let variables: String = theme.palette().colours().into_iter().map(|(name, value)| format!("--{name}:{value};")).collect();
        format!("{variables}color-scheme:{}", theme.name())
    };
    let (light, dark) = (of(Theme::Light), of(Theme::Dark));
    format!(
        ":root{{{light}}}\n@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\n:root[data-theme=dark]{{{dark}}}\n@media print{{:root:root:root{{{light}}}}}\n"
    )
}

/// The chart library and all that the page does with it.
fn program() -> String {
    let own: String = SCRIPTS.iter().map(|script| stripped(script)).collect();
    format!("{LIBRARY}\n(() => {{\n'use strict';\n{own}}})();\n")
}

/// Without indentation and comments, which stand on lines of their own: every page carries it.
fn stripped(script: &str) -> String {
    let lines = script.lines().map(str::trim);
    let code = lines.filter(|line| !line.is_empty() && !["//", "/*", "*"].iter().any(|comment| line.starts_with(comment)));
    code.flat_map(|line| [line, "\n"]).collect()
}

/// As a policy names a script: a browser runs it only if not a byte of it is another.
fn hash(script: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(script.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_them_closes_its_element_or_is_loaded_from_elsewhere() {
        let assets = Assets::gather().unwrap();
        assert!(!assets.script.to_ascii_lowercase().contains("</script") && !assets.script.contains("<!--"));
        assert!(assets.library.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)));
        assert!(!assets.style.to_ascii_lowercase().contains("</style"));
        let own: String = SCRIPTS.concat();
        for text in [&assets.style, &assets.script, &own] {
            for address in ["http:", "https:", "@import", "//cdn", "eval(", "innerHTML"] {
                assert!(!text.contains(address), "{address}");
            }
        }
        assert!(!assets.policy.contains('"') && assets.policy.matches("sha256-").count() == 2);
    }

    #[test]
    fn colours_are_there_for_both_themes() {
        let colours = colours();
        for theme in Theme::ALL {
            for (name, value) in theme.palette().colours() {
                assert!(colours.contains(&format!("--{name}:{value};")), "{name} {}", theme.name());
            }
        }
    }

    #[test]
    fn the_library_is_the_version_that_is_documented() {
        let version = "1.6.32";
        assert!(LIBRARY.starts_with(&format!("/*! https://github.com/leeoniya/uPlot (v{version}) */")));
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/THIRD-PARTY.md")).unwrap();
        assert!(page.contains(&format!("uPlot** {version}")), "THIRD-PARTY.md");
    }
}
