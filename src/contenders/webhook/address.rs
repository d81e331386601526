//! Where a request for a subscription points (WebSub §5.1): its callback and its topic, by their URLs.

use std::net::{IpAddr, SocketAddr};

use hyper::Uri;

/// Where to call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Callback {
    /// Host and port.
    pub authority: String,
    /// Path, and query where there is one.
    pub path: String,
}

impl Callback {
    /// Reads a URL of plain HTTP; `None` where it is none, or names somebody who is to be called.
    pub fn read(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
        let host = authority.host();
        let port = match authority.as_str().strip_prefix(host)? {
            "" => 80,
            rest => rest.strip_prefix(':')?.parse::<u16>().ok()?,
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        // A query may stand without a path (RFC 3986 §3.3), but not in a request (RFC 9112 §3.2.1).
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        (uri.scheme_str() == Some("http") && !host.is_empty()).then(|| Self { authority: format!("{host}:{port}"), path })
    }

    /// With a query of ours behind its own (§5.3).
    pub fn with(&self, query: &str) -> String {
        let separator = if self.path.contains('?') { '&' } else { '?' };
        format!("{}{separator}{query}", self.path)
    }

    /// Whether it is at the address that a request has come from.
    pub fn is_at(&self, peer: Option<SocketAddr>) -> bool {
        let host: Option<SocketAddr> = self.authority.parse().ok();
        let address = |socket: SocketAddr| -> IpAddr { socket.ip().to_canonical() };
        host.zip(peer).is_some_and(|(host, peer)| address(host) == address(peer))
    }
}

/// The name of the topic that a URL, or a path, is of; `None` also where it is nothing that could be linked to.
pub fn topic_of(url: &str) -> Option<&str> {
    let can_be_linked = url.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\",".contains(&byte));
    let path = match url.strip_prefix("http://") {
        Some(rest) => rest.find('/').map(|slash| &rest[slash..])?,
        None => url,
    };
    path.strip_prefix("/topics/").filter(|_| can_be_linked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_hub_may_call() {
        let peer = "127.0.0.1:4711".parse().ok();
        for (url, authority, path, own) in [
            ("http://127.0.0.1:8080/a?b=c", "127.0.0.1:8080", "/a?b=c", true),
            ("http://127.0.0.1", "127.0.0.1:80", "/", true),
            ("http://127.0.0.1:8080?b=c", "127.0.0.1:8080", "/?b=c", true),
            ("http://127.0.0.1:8080/a#b", "127.0.0.1:8080", "/a", true),
            ("http://[::ffff:127.0.0.1]:1/", "[::ffff:127.0.0.1]:1", "/", true),
            ("http://127.0.0.2:8080/", "127.0.0.2:8080", "/", false),
            ("http://localhost:8080/", "localhost:8080", "/", false),
            ("http://169.254.169.254/", "169.254.169.254:80", "/", false),
            ("http://[::1]:8080/", "[::1]:8080", "/", false),
        ] {
            let callback = Callback::read(url).unwrap();
            assert_eq!((callback.authority.as_str(), callback.path.as_str()), (authority, path));
            assert_eq!(callback.is_at(peer), own, "{url}");
        }
        for bad in [
            "",
            "/",
            "127.0.0.1:1/",
            "https://127.0.0.1/",
            "ftp://127.0.0.1/",
            "http://user@127.0.0.1/",
            "http:///",
            "http://a b/",
            "http://127.0.0.1:/",
            "http://127.0.0.1:65536/",
        ] {
            assert_eq!(Callback::read(bad), None, "{bad}");
        }
        assert!(!Callback::read("http://127.0.0.1/").unwrap().is_at(None));
    }

    #[test]
    fn our_query_comes_last() {
        for (url, expected) in [("http://h/", "/?q=1"), ("http://h/a?b", "/a?b&q=1"), ("http://h?b", "/?b&q=1")] {
            assert_eq!(Callback::read(url).unwrap().with("q=1"), expected);
        }
    }

    #[test]
    fn topics_by_url_and_by_path() {
        assert_eq!(topic_of("http://h:1/topics/a"), Some("a"));
        assert_eq!(topic_of("/topics/a"), Some("a"));
        for bad in ["", "http://h", "http://h/a", "https://h/topics/a", "topics/a", "http://h>/topics/a", "http://h,/topics/a", "http://h\n/topics/a"] {
            assert_eq!(topic_of(bad), None, "{bad}");
        }
    }
}
