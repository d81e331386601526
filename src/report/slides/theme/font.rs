//! How wide the letters of a font are, for slides whose lines were broken without it: the font is where the slides are shown, not here.

/// As wide as Arial or less: measured on sentences of slides, in regular and bold (Liberation for Arial and Times, Carlito for Calibri).
const NO_WIDER: [&str; 14] = [
    "arial",
    "arimo",
    "calibri",
    "carlito",
    "helvetica",
    "helvetica neue",
    "inter",
    "lato",
    "liberation sans",
    "liberation serif",
    "open sans",
    "palatino",
    "roboto",
    "times new roman",
];
/// In names of fonts whose letters all have one width.
const OF_ONE_WIDTH: [&str; 6] = ["code", "consolas", "console", "courier", "mono", "typewriter"];

/// Letters of one width take 1.27 times as much as what lines were broken for (DejaVu Sans Mono, Courier).
const WIDTH_OF_ONE: f64 = 1.3;
/// DejaVu Sans, as wide as Verdana and the widest that is used for text, takes 1.12 times as much.
const WIDTH_UNKNOWN: f64 = 1.15;

/// How wide a font is taken to be that nobody has told of, those no wider than Arial being 1: rather too wide, since words that are too small can be read, and
/// words over words cannot.
pub fn usual_width(font: &str) -> f64 {
    let name = font.trim().to_lowercase();
    if NO_WIDER.contains(&name.as_str()) {
        1.0
    } else if OF_ONE_WIDTH.iter().any(|part| name.contains(part)) {
        WIDTH_OF_ONE
    } else {
        WIDTH_UNKNOWN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_taken_to_be_wide() {
        let widths = ["Arial", " HELVETICA neue", "Source Code Pro", "Courier New", "Verdana", "A font of our own"].map(usual_width);
        assert_eq!(widths, [1.0, 1.0, WIDTH_OF_ONE, WIDTH_OF_ONE, WIDTH_UNKNOWN, WIDTH_UNKNOWN]);
    }
}
