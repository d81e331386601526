//! Where the sides of a run meet: on loopback, or in network namespaces that the user has joined.
//!
//! A namespace is a network stack of its own, with interfaces and counters of its own: what crosses between two of them
//! can be counted by somebody else than us.

use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use nix::sched::{CloneFlags, setns};

use crate::measure::recording::Role;

/// Where `ip netns` keeps namespaces by name.
const NAMESPACES: &str = "/run/netns";

/// Where the server listens, and which network each side is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Where the server listens; port 0 is any free one, another in each trial.
    pub listen: SocketAddr,
    /// The server's network namespace, where it is not the harness's own.
    pub server: Option<String>,
    /// That of publishers and subscribers.
    pub clients: Option<String>,
}

impl Default for Network {
    fn default() -> Self {
        Self { listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0), server: None, clients: None }
    }
}

/// Why the sides cannot meet as was asked.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// `--listen` with something else than an address and a port.
    #[error("{0:?} is no address to listen on; give one with a port, such as 127.0.0.1:7700")]
    Address(String),
    /// `--listen` with an address that others could reach.
    #[error("{0} is not on loopback, and the load stays on this machine; give 127.0.0.1:PORT, or use --network for an address within network namespaces")]
    NotLoopback(SocketAddr),
    /// `--network` with something else than its three parts.
    #[error("{text:?} is no network: {why}; give server=NAMESPACE,clients=NAMESPACE,address=IP, such as server=left,clients=right,address=10.77.0.1")]
    Parts {
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// A namespace cannot be used.
    #[error(transparent)]
    Namespace(#[from] NamespaceError),
}

/// Why a network namespace cannot be entered.
#[derive(Debug, thiserror::Error)]
pub enum NamespaceError {
    /// Nobody has made it.
    #[error("there is no network namespace {name:?} ({NAMESPACES}/{name}: {error}); make it with `ip netns add {name}`, as root")]
    Missing {
        /// Its name.
        name: String,
        /// What the system says.
        error: io::Error,
    },
    /// The system refuses.
    #[error("cannot enter the network namespace {name:?}: {error}; run as root")]
    Refused {
        /// Its name.
        name: String,
        /// What the system says.
        error: io::Error,
    },
}

impl Network {
    /// Loopback, at a fixed address: `127.0.0.1:7700`.
    ///
    /// # Errors
    /// Not an address with a port, or not on loopback.
    pub fn on_loopback(text: &str) -> Result<Self, NetworkError> {
        let listen: SocketAddr = text.parse().map_err(|_| NetworkError::Address(text.to_owned()))?;
        if !listen.ip().is_loopback() {
            return Err(NetworkError::NotLoopback(listen));
        }
        Ok(Self { listen, ..Self::default() })
    }

    /// Network namespaces: `server=NAMESPACE,clients=NAMESPACE,address=IP`, the address with or without a port.
    ///
    /// # Errors
    /// A part is missing, twice there, unknown or malformed, or a namespace does not exist.
    pub fn across_namespaces(text: &str) -> Result<Self, NetworkError> {
        let wrong = |why: String| NetworkError::Parts { text: text.to_owned(), why };
        let (mut server, mut clients, mut address) = (None, None, None);
        for part in text.split(',') {
            let (key, value) = part.split_once('=').ok_or_else(|| wrong(format!("{part:?} has no =")))?;
            let place = match key {
                "server" => &mut server,
                "clients" => &mut clients,
                "address" => &mut address,
                _ => return Err(wrong(format!("{key:?} is unknown"))),
            };
            if place.replace(value).is_some() {
                return Err(wrong(format!("{key} is there twice")));
            }
        }
        let need = |key: &str, part: Option<&str>| part.map(str::to_owned).ok_or_else(|| wrong(format!("{key} is missing")));
        let (server, clients, address) = (need("server", server)?, need("clients", clients)?, need("address", address)?);
        let listen = address.parse().or_else(|_| address.parse().map(|ip| SocketAddr::new(ip, 0)));
        let listen = listen.map_err(|_| wrong(format!("{address:?} is no IP address")))?;
        for name in [&server, &clients] {
            if name.is_empty() || name.contains('/') || name.starts_with('.') {
                return Err(wrong(format!("{name:?} is no name of a namespace")));
            }
            open(name)?;
        }
        Ok(Self { listen, server: Some(server), clients: Some(clients) })
    }

    /// The namespace of a role.
    pub fn namespace(&self, role: Role) -> Option<&str> {
        match role {
            Role::Server => self.server.as_deref(),
            Role::Publisher | Role::Subscriber => self.clients.as_deref(),
        }
    }
}

/// Moves the calling thread, and all that it starts from now on, into a network namespace.
///
/// # Errors
/// The namespace does not exist, or the system refuses.
pub fn enter(name: &str) -> Result<(), NamespaceError> {
    let namespace = open(name)?;
    setns(namespace, CloneFlags::CLONE_NEWNET).map_err(|error| NamespaceError::Refused { name: name.to_owned(), error: error.into() })
}

fn open(name: &str) -> Result<File, NamespaceError> {
    File::open(PathBuf::from(NAMESPACES).join(name)).map_err(|error| NamespaceError::Missing { name: name.to_owned(), error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_listened_on_without_namespaces() {
        assert_eq!(Network::on_loopback("127.0.0.1:7700").unwrap().listen.port(), 7700);
        assert!(Network::on_loopback("[::1]:7700").is_ok());
        for (given, says) in [("0.0.0.0:7700", "not on loopback"), ("192.0.2.1:7700", "--network"), ("7700", "127.0.0.1:7700"), ("localhost", "no address")] {
            let error = Network::on_loopback(given).unwrap_err().to_string();
            assert!(error.contains(says), "{given}: {error}");
        }
    }

    #[test]
    fn a_network_has_three_parts_and_namespaces_that_exist() {
        for (given, says) in [
            ("", "has no ="),
            ("server=a,clients=b", "address is missing"),
            ("clients=b,address=10.77.0.1", "server is missing"),
            ("server=a,server=b,clients=c,address=10.77.0.1", "server is there twice"),
            ("server=a,clients=b,address=nowhere", "\"nowhere\" is no IP address"),
            ("server=a,clients=b,adress=10.77.0.1", "\"adress\" is unknown"),
            ("server=../a,clients=b,address=10.77.0.1", "is no name of a namespace"),
            ("server=nobody-made-it,clients=b,address=10.77.0.1:7", "ip netns add nobody-made-it"),
        ] {
            let error = Network::across_namespaces(given).unwrap_err().to_string();
            assert!(error.contains(says), "{given}: {error}");
        }
    }
}
