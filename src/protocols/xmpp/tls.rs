//! TLS as a filter of bytes, so that a notification leaves by the same path with it and without (RFC 6120 §5).

use std::io::{self, Read as _, Write as _};
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection};

/// The server's end of a TLS connection.
pub struct Tls {
    connection: ServerConnection,
}

/// A configuration with a certificate made just now, signed by itself, for `domain`.
///
/// # Errors
/// Making a key or a certificate failed.
pub fn self_signed(domain: &str) -> io::Result<Arc<ServerConfig>> {
    let made = rcgen::generate_simple_self_signed(vec![domain.to_owned()]).map_err(io::Error::other)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .map_err(io::Error::other)?;
    Ok(Arc::new(config))
}

impl Tls {
    /// For a connection that has just agreed on TLS.
    ///
    /// # Errors
    /// The configuration cannot be used.
    pub fn new(config: Arc<ServerConfig>) -> io::Result<Self> {
        Ok(Self { connection: ServerConnection::new(config).map_err(io::Error::other)? })
    }

    /// Takes bytes from the network; what they say is appended to `plain`. There may be something to send afterwards.
    ///
    /// # Errors
    /// They are no TLS, or the two ends cannot agree.
    pub fn receive(&mut self, mut bytes: &[u8], plain: &mut Vec<u8>) -> io::Result<()> {
        while !bytes.is_empty() {
            self.connection.read_tls(&mut bytes)?;
            let state = self.connection.process_new_packets().map_err(io::Error::other)?;
            let at = plain.len();
            plain.resize(at + state.plaintext_bytes_to_read(), 0);
            if plain.len() > at {
                self.connection.reader().read_exact(&mut plain[at..])?;
            }
        }
        Ok(())
    }

    /// Encrypts `pieces`, and appends what has to cross the network to `out`.
    ///
    /// # Errors
    /// The connection is over.
    pub fn send(&mut self, pieces: &[&[u8]], out: &mut Vec<u8>) -> io::Result<()> {
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                let taken = self.connection.writer().write(rest)?;
                if taken == 0 {
                    return Err(io::ErrorKind::WriteZero.into());
                }
                rest = &rest[taken..];
                self.flush(out)?;
            }
        }
        self.flush(out)
    }

    /// Says that nothing more will come (RFC 8446 §6.1).
    ///
    /// # Errors
    /// The connection is over.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        self.connection.send_close_notify();
        self.flush(out)
    }

    fn flush(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        while self.connection.wants_write() {
            self.connection.write_tls(out)?;
        }
        Ok(())
    }
}
