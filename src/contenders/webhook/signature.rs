//! `X-Hub-Signature` (WebSub §7.1): an HMAC of the body, with a secret that subscriber and hub share.

use std::fmt::Write as _;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// The header's name, in lower case.
pub const FIELD: &str = "x-hub-signature";

fn mac(secret: &[u8], body: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length (RFC 2104 §2)")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any key will do");
    mac.update(body);
    mac
}

/// The header's value.
pub fn sign(secret: &[u8], body: &[u8]) -> String {
    let digest = mac(secret, body).finalize().into_bytes();
    digest.iter().fold(String::from("sha256="), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether a value is what the secret's owner would have written; in constant time.
pub fn is_right(secret: &[u8], body: &[u8], value: &str) -> bool {
    let Some(digits) = value.strip_prefix("sha256=").filter(|digits| digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())) else {
        return false;
    };
    let digest: Option<Vec<u8>> = (0..32).map(|place| u8::from_str_radix(&digits[2 * place..2 * place + 2], 16).ok()).collect();
    digest.is_some_and(|digest| mac(secret, body).verify_slice(&digest).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test cases 1 and 2.
    #[test]
    fn it_is_the_hmac_of_the_rfc() {
        let value = sign(&[0x0b; 20], b"Hi There");
        assert_eq!(value, "sha256=b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        assert_eq!(sign(b"Jefe", b"what do ya want for nothing?"), "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert!(is_right(&[0x0b; 20], b"Hi There", &value));
        assert!(is_right(&[0x0b; 20], b"Hi There", &value.to_uppercase().replace("SHA256", "sha256")));
        for (secret, body, value) in [
            (&b"other"[..], &b"Hi There"[..], value.as_str()),
            (&[0x0b; 20], b"Hi there", &value),
            (&[0x0b; 20], b"Hi There", &value[..value.len() - 1]),
            (&[0x0b; 20], b"Hi There", &value.replace("sha256", "sha1")),
            (&[0x0b; 20], b"Hi There", &value.replace('b', "+")),
            // A number to Rust, and the same one; no digest.
            (&[0x0b; 20], b"Hi There", &value.replacen("0b", "+b", 1)),
            (&[0x0b; 20], b"Hi There", "sha256="),
            (&[0x0b; 20], b"Hi There", ""),
        ] {
            assert!(!is_right(secret, body, value), "{value}");
        }
    }
}
