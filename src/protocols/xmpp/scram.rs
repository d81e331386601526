//! SCRAM, the server's side (RFC 5802; SHA-256 by RFC 7677), without channel binding.
//!
//! There is one password for all, so the expensive part, thousands of rounds of HMAC, is done once when the server
//! starts. A client pays for it at each login, as it would anywhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::digest::Output;
use hmac::digest::core_api::BlockSizeUser;
use hmac::{Mac, SimpleHmac};
use sha1::{Digest, Sha1};
use sha2::Sha256;

/// The iterations that RFC 7677 §4 asks for at least.
pub const ITERATIONS: u32 = 4096;

/// Which hash function a SCRAM mechanism is built on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SCRAM-SHA-1.
    Sha1,
    /// SCRAM-SHA-256.
    Sha256,
}

/// What the server keeps instead of a password (RFC 5802 §3).
pub struct Verifier {
    hash: Hash,
    salt: Vec<u8>,
    stored_key: Vec<u8>,
    server_key: Vec<u8>,
}

/// Why an exchange failed; the words of RFC 6120 §6.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScramFault {
    /// Not what SCRAM looks like.
    Malformed,
    /// The wrong password.
    NotAuthorized,
    /// To act as somebody else.
    InvalidAuthzid,
}

/// An exchange after the client's first message.
#[derive(Debug)]
pub struct Challenged {
    /// Who the client says it is.
    pub user: String,
    /// The challenge to send.
    pub challenge: String,
    header: String,
    bare: String,
    nonce: String,
}

impl Verifier {
    /// Derives it from a password.
    pub fn new(hash: Hash, password: &str, salt: Vec<u8>) -> Self {
        match hash {
            Hash::Sha1 => Self::derive::<Sha1>(hash, password, salt),
            Hash::Sha256 => Self::derive::<Sha256>(hash, password, salt),
        }
    }

    fn derive<D: Digest + BlockSizeUser + Clone + Sync>(hash: Hash, password: &str, salt: Vec<u8>) -> Self {
        let mut salted = Output::<D>::default();
        // The output has the hash's own length, which is one block: that cannot fail.
        let _ = pbkdf2::pbkdf2::<SimpleHmac<D>>(password.as_bytes(), &salt, ITERATIONS, &mut salted);
        let stored_key = D::digest(authenticate::<D>(&salted, b"Client Key")).to_vec();
        Self { hash, salt, stored_key, server_key: authenticate::<D>(&salted, b"Server Key") }
    }

    /// Reads the client's first message and makes the challenge, with a nonce of the server's.
    ///
    /// # Errors
    /// The message is malformed, wants channel binding, or wants to act as another user.
    pub fn challenge(&self, first: &[u8], server_nonce: &str) -> Result<Challenged, ScramFault> {
        let first = std::str::from_utf8(first).map_err(|_| ScramFault::Malformed)?;
        let mut parts = first.splitn(3, ',');
        let (Some(binding), Some(authzid), Some(bare)) = (parts.next(), parts.next(), parts.next()) else { return Err(ScramFault::Malformed) };
        // `y`: the client could bind to the channel and believes that we cannot, which is so.
        if !matches!(binding, "n" | "y") {
            return Err(ScramFault::Malformed);
        }
        let mut fields = bare.split(',');
        let user = fields.next().and_then(|field| field.strip_prefix("n=")).and_then(name).ok_or(ScramFault::Malformed)?;
        let client_nonce = fields.next().and_then(|field| field.strip_prefix("r=")).filter(|nonce| is_nonce(nonce)).ok_or(ScramFault::Malformed)?;
        let acts_as = match authzid.strip_prefix("a=") {
            None if authzid.is_empty() => None,
            None => return Err(ScramFault::Malformed),
            Some(other) => Some(name(other).ok_or(ScramFault::Malformed)?),
        };
        if acts_as.is_some_and(|other| other != user && other.split_once('@').map(|(node, _)| node) != Some(&user)) {
            return Err(ScramFault::InvalidAuthzid);
        }
        let nonce = format!("{client_nonce}{server_nonce}");
        let challenge = format!("r={nonce},s={},i={ITERATIONS}", BASE64.encode(&self.salt));
        Ok(Challenged { user, challenge, header: format!("{binding},{authzid},"), bare: bare.to_owned(), nonce })
    }

    /// Checks the client's final message; the server's own signature is the answer.
    ///
    /// # Errors
    /// The message is malformed, or the proof is wrong.
    pub fn finish(&self, challenged: &Challenged, last: &[u8]) -> Result<String, ScramFault> {
        match self.hash {
            Hash::Sha1 => self.check::<Sha1>(challenged, last),
            Hash::Sha256 => self.check::<Sha256>(challenged, last),
        }
    }

    fn check<D: Digest + BlockSizeUser>(&self, challenged: &Challenged, last: &[u8]) -> Result<String, ScramFault> {
        let last = std::str::from_utf8(last).map_err(|_| ScramFault::Malformed)?;
        let (without_proof, proof) = last.rsplit_once(",p=").ok_or(ScramFault::Malformed)?;
        let proof = BASE64.decode(proof).map_err(|_| ScramFault::Malformed)?;
        let mut fields = without_proof.split(',');
        let binding = fields.next().and_then(|field| field.strip_prefix("c=")).ok_or(ScramFault::Malformed)?;
        let nonce = fields.next().and_then(|field| field.strip_prefix("r=")).ok_or(ScramFault::Malformed)?;
        if BASE64.decode(binding).map_err(|_| ScramFault::Malformed)? != challenged.header.as_bytes() || nonce != challenged.nonce {
            return Err(ScramFault::NotAuthorized);
        }
        let message = format!("{},{},{without_proof}", challenged.bare, challenged.challenge);
        let signature = authenticate::<D>(&self.stored_key, message.as_bytes());
        if proof.len() != signature.len() {
            return Err(ScramFault::NotAuthorized);
        }
        let client_key: Vec<u8> = proof.iter().zip(&signature).map(|(one, other)| one ^ other).collect();
        // Without a branch per byte, so that time tells nothing.
        let difference = D::digest(client_key).iter().zip(&self.stored_key).fold(0, |so_far, (one, other)| so_far | (one ^ other));
        if difference != 0 {
            return Err(ScramFault::NotAuthorized);
        }
        Ok(format!("v={}", BASE64.encode(authenticate::<D>(&self.server_key, message.as_bytes()))))
    }
}

fn authenticate<D: Digest + BlockSizeUser>(key: &[u8], message: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length; the error type is the trait's.
    let Ok(mut mac) = <SimpleHmac<D> as Mac>::new_from_slice(key) else { return Vec::new() };
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// A user name in which `,` and `=` are written `=2C` and `=3D` (RFC 5802 §5.1).
fn name(text: &str) -> Option<String> {
    let mut parts = text.split('=');
    let mut name = parts.next()?.to_owned();
    for part in parts {
        let (rest, sign) = part.strip_prefix("2C").map(|rest| (rest, ',')).or_else(|| part.strip_prefix("3D").map(|rest| (rest, '=')))?;
        name.push(sign);
        name.push_str(rest);
    }
    (!name.is_empty()).then_some(name)
}

/// Printable ASCII without a comma (RFC 5802 §7).
fn is_nonce(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5802 §5 and RFC 7677 §3, word for word.
    struct Vector {
        hash: Hash,
        salt: &'static str,
        first: &'static str,
        server_nonce: &'static str,
        challenge: &'static str,
        last: &'static str,
        signature: &'static str,
    }

    const VECTORS: [Vector; 2] = [
        Vector {
            hash: Hash::Sha1,
            salt: "QSXCR+Q6sek8bf92",
            first: "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
            server_nonce: "3rfcNHYJY1ZVvWVs7j",
            challenge: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
            last: "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            signature: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        },
        Vector {
            hash: Hash::Sha256,
            salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
            first: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
            server_nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
            challenge: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            last: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            signature: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        },
    ];

    fn verifier(vector: &Vector, password: &str) -> Verifier {
        Verifier::new(vector.hash, password, BASE64.decode(vector.salt).unwrap())
    }

    #[test]
    fn the_vectors_of_the_rfcs() {
        for vector in &VECTORS {
            let right = verifier(vector, "pencil");
            let challenged = right.challenge(vector.first.as_bytes(), vector.server_nonce).unwrap();
            assert_eq!((challenged.user.as_str(), challenged.challenge.as_str()), ("user", vector.challenge));
            assert_eq!(right.finish(&challenged, vector.last.as_bytes()).as_deref(), Ok(vector.signature));
        }
    }

    #[test]
    fn a_wrong_password_proof_or_nonce_is_refused() {
        for vector in &VECTORS {
            let wrong = verifier(vector, "pencils");
            let challenged = wrong.challenge(vector.first.as_bytes(), vector.server_nonce).unwrap();
            assert_eq!(wrong.finish(&challenged, vector.last.as_bytes()), Err(ScramFault::NotAuthorized));
            let right = verifier(vector, "pencil");
            let challenged = right.challenge(vector.first.as_bytes(), vector.server_nonce).unwrap();
            for (from, to) in [("c=biws", "c=eSws"), (",r=", ",r=x"), ("p=", "p=AAAA")] {
                assert_eq!(right.finish(&challenged, vector.last.replace(from, to).as_bytes()), Err(ScramFault::NotAuthorized), "{from}");
            }
            for bad in ["", "c=biws", "c=biws,r=x", ",p=", "c=%,r=x,p=AAAA", "c=biws,r=x,p=%"] {
                assert_eq!(right.finish(&challenged, bad.as_bytes()), Err(ScramFault::Malformed), "{bad}");
            }
        }
    }

    #[test]
    fn first_messages_are_read_strictly() {
        let verifier = verifier(&VECTORS[0], "pencil");
        for (first, expected) in [
            ("y,,n=user,r=abc", Ok("user")),
            ("n,a=user,n=user,r=abc", Ok("user")),
            ("n,a=user@localhost,n=user,r=abc", Ok("user")),
            ("n,,n=a=2Cb=3Dc,r=abc,x=extension", Ok("a,b=c")),
            ("n,a=other,n=user,r=abc", Err(ScramFault::InvalidAuthzid)),
            ("p=tls-unique,,n=user,r=abc", Err(ScramFault::Malformed)),
            ("n,,m=must,n=user,r=abc", Err(ScramFault::Malformed)),
            ("n,,n=a=b,r=abc", Err(ScramFault::Malformed)),
            ("n,,n=,r=abc", Err(ScramFault::Malformed)),
            ("n,,n=user,r=", Err(ScramFault::Malformed)),
            ("n,x,n=user,r=abc", Err(ScramFault::Malformed)),
            ("n,,n=user", Err(ScramFault::Malformed)),
            ("", Err(ScramFault::Malformed)),
        ] {
            assert_eq!(verifier.challenge(first.as_bytes(), "nonce").map(|challenged| challenged.user).as_deref().map_err(|fault| *fault), expected, "{first}");
        }
    }
}
