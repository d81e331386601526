//! The chunked transfer coding (RFC 9112 §7.1), decoded byte by byte where framing is concerned and slice by slice where data is.

use super::response::{LARGEST_BODY, LARGEST_HEAD, Malformed};

/// Where in the coding we are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// In a chunk's size.
    #[default]
    Size,
    /// In white space behind a size: an extension may follow, or nothing.
    SizeSpace,
    /// In a chunk extension, which means nothing to us.
    Extension,
    /// Behind the CR of a size's line.
    SizeEnd,
    /// In the data.
    Data,
    /// Behind the data.
    DataEnd,
    /// Behind the CR that follows data.
    DataEndLine,
    /// At the beginning of a trailer's line.
    Trailer,
    /// In a trailer field, which means nothing to us.
    TrailerField,
    /// Behind the CR of a trailer field.
    TrailerFieldEnd,
    /// Behind the CR of the empty line that ends it all.
    End,
}

/// Decodes one body.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    at: At,
    /// Of the current chunk: its size while that is read, then what is still to come.
    left: usize,
    digits: usize,
    /// Bytes of extensions and trailers so far.
    ignored: usize,
}

/// More digits than this are no size that fits, unless somebody plays with leading zeros.
const MOST_DIGITS: usize = 16;

impl Chunks {
    /// Appends the data in `input` to `body`; says how many bytes were used, and whether the body is complete.
    pub fn take(&mut self, input: &[u8], body: &mut Vec<u8>) -> Result<(usize, bool), Malformed> {
        let mut used = 0;
        while let Some(byte) = input.get(used) {
            if self.at == At::Data {
                let taken = self.left.min(input.len() - used);
                body.extend_from_slice(&input[used..used + taken]);
                (self.left, used) = (self.left - taken, used + taken);
                if self.left == 0 {
                    self.at = At::DataEnd;
                }
                continue;
            }
            used += 1;
            self.at = self.step(*byte, body.len())?;
            if self.at == At::End && *byte == b'\n' {
                return Ok((used, true));
            }
        }
        Ok((used, false))
    }

    /// What follows after a byte of the framing.
    fn step(&mut self, byte: u8, held: usize) -> Result<At, Malformed> {
        let next = match (self.at, byte) {
            (At::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                self.digits += 1;
                if self.digits > MOST_DIGITS {
                    return Err(Malformed::Chunk("a size has too many digits"));
                }
                let digit = (byte as char).to_digit(16).unwrap_or_default() as usize;
                self.left = self.left.saturating_mul(16).saturating_add(digit);
                if self.left.saturating_add(held) > LARGEST_BODY {
                    return Err(Malformed::BodyTooLarge);
                }
                At::Size
            }
            (At::Size, _) if self.digits == 0 => return Err(Malformed::Chunk("a size is not a hexadecimal number")),
            (At::Size | At::SizeSpace, b'\r') => At::SizeEnd,
            (At::Size | At::SizeSpace, b';') => At::Extension,
            (At::Size | At::SizeSpace, b' ' | b'\t') => self.ignore(At::SizeSpace)?,
            (At::Size | At::SizeSpace, _) => return Err(Malformed::Chunk("a size is not a hexadecimal number")),
            (At::Extension, b'\r') => At::SizeEnd,
            (At::Extension | At::Trailer | At::TrailerField, b'\n') => return Err(Malformed::Chunk("a line ends without CR")),
            (At::Extension, _) => self.ignore(At::Extension)?,
            (At::SizeEnd, b'\n') => {
                self.digits = 0;
                if self.left == 0 { At::Trailer } else { At::Data }
            }
            (At::SizeEnd, _) => return Err(Malformed::Chunk("the line of a size does not end with CR LF")),
            (At::DataEnd, b'\r') => At::DataEndLine,
            (At::DataEndLine, b'\n') => At::Size,
            (At::DataEnd | At::DataEndLine, _) => return Err(Malformed::Chunk("a chunk is longer than its size")),
            (At::Trailer, b'\r') => At::End,
            (At::TrailerField, b'\r') => At::TrailerFieldEnd,
            (At::Trailer | At::TrailerField, _) => self.ignore(At::TrailerField)?,
            (At::TrailerFieldEnd, b'\n') => At::Trailer,
            (At::End, b'\n') => At::End,
            (At::TrailerFieldEnd | At::End, _) => return Err(Malformed::Chunk("a trailer's line does not end with CR LF")),
            // `take` copies data itself.
            (At::Data, _) => At::Data,
        };
        Ok(next)
    }

    fn ignore(&mut self, next: At) -> Result<At, Malformed> {
        self.ignored += 1;
        if self.ignored > LARGEST_HEAD { Err(Malformed::Chunk("extensions and trailers are too large")) } else { Ok(next) }
    }
}
