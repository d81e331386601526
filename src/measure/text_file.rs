//! Text files that somebody else has written: read whole, and only where that can be done in bounded memory.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

/// Reads a file of UTF-8 text that has at most so many bytes. A pipe is read to its end, as long as that comes in time;
/// a device is refused, as it may have none.
///
/// # Errors
/// What the system says, or why the file cannot be a text of that size.
pub fn read(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(bytes(path, most)?).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..good].iter().filter(|byte| **byte == b'\n').count() + 1;
        io::Error::new(io::ErrorKind::InvalidData, format!("line {line} is not UTF-8 text (byte {} of the file)", good + 1))
    })
}

/// The same of a file of which parts may be no text.
///
/// # Errors
/// What the system says, or why the file cannot be of that size.
pub fn bytes(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let about = file.metadata()?;
    if about.file_type().is_char_device() || about.file_type().is_block_device() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a device, not a file"));
    }
    let too_large = || io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {most} bytes, the most that is read"));
    if about.len() > most && about.is_file() {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    // One byte more than allowed tells whether there are more.
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(too_large());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_no_text_or_without_end_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let told = |bytes: &[u8], most| {
            std::fs::write(&path, bytes).unwrap();
            read(&path, most).map_err(|error| error.to_string())
        };
        assert_eq!(told("äöü".as_bytes(), 6), Ok("äöü".to_owned()));
        assert_eq!(told("äöü".as_bytes(), 5), Err("it is larger than 5 bytes, the most that is read".to_owned()));
        assert_eq!(told(b"a\nb\xFF", 100), Err("line 2 is not UTF-8 text (byte 4 of the file)".to_owned()));
        assert_eq!(read(Path::new("/dev/zero"), 100).unwrap_err().to_string(), "it is a device, not a file");
        assert_eq!(read(folder.path(), 100).unwrap_err().kind(), io::ErrorKind::IsADirectory);
    }
}
