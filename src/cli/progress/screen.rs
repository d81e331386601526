//! A picture of a few lines at the end of a terminal, drawn over the one before.
//!
//! Escape codes are those that every terminal knows (ECMA-48: CUU, EL, ED). The cursor always rests below the picture, so that whatever ends this
//! process leaves a line of its own for what comes next.

/// What is on the terminal.
#[derive(Default)]
pub struct Screen {
    /// Lines of the last picture.
    lines: usize,
}

impl Screen {
    /// The text that puts `said` in the place of the last picture, and the new picture below it; an empty one leaves nothing.
    pub fn show(&mut self, said: &[String], picture: &[String]) -> String {
        let mut text = String::new();
        if self.lines > 0 {
            text.push_str(&format!("\r\u{1b}[{}A", self.lines));
        }
        for line in said.iter().chain(picture) {
            // The rest of the old line goes after the new one is written: nothing flickers.
            text.push_str(&format!("\r{line}\u{1b}[K\n"));
        }
        if self.lines > 0 || !picture.is_empty() {
            text.push_str("\r\u{1b}[J");
        }
        self.lines = picture.len();
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[&str]) -> Vec<String> {
        text.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn each_picture_takes_the_place_of_the_one_before() {
        let mut screen = Screen::default();
        assert_eq!(screen.show(&[], &[]), "");
        assert_eq!(screen.show(&[], &lines(&["one", "two"])), "\rone\u{1b}[K\n\rtwo\u{1b}[K\n\r\u{1b}[J");
        assert_eq!(screen.show(&lines(&["word"]), &lines(&["three"])), "\r\u{1b}[2A\rword\u{1b}[K\n\rthree\u{1b}[K\n\r\u{1b}[J");
        assert_eq!(screen.show(&[], &[]), "\r\u{1b}[1A\r\u{1b}[J");
        assert_eq!(screen.show(&lines(&["after"]), &[]), "\rafter\u{1b}[K\n");
    }
}
