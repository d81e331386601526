//! What subscriber and hub say to each other about a subscription (WebSub §5): forms and queries, written and read.

use form_urlencoded::Serializer;

/// Longest secret, bytes: it "MUST be less than 200" (§5.1).
pub const LONGEST_SECRET: usize = 199;
/// The media type of a form.
pub const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// What is wished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// To be called.
    Subscribe,
    /// To be left alone.
    Unsubscribe,
}

impl Mode {
    fn text(self) -> &'static str {
        match self {
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
        }
    }

    fn read(text: &str) -> Option<Self> {
        [Self::Subscribe, Self::Unsubscribe].into_iter().find(|mode| mode.text() == text)
    }
}

/// A subscriber's request (§5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub mode: Mode,
    pub topic: String,
    pub callback: String,
    /// Seconds of scenario time; the hub has the last word.
    pub lease: Option<u64>,
    pub secret: Option<String>,
}

impl Wish {
    /// As a form.
    pub fn write(&self) -> String {
        let mut form = Serializer::new(String::new());
        form.append_pair("hub.mode", self.mode.text()).append_pair("hub.topic", &self.topic).append_pair("hub.callback", &self.callback);
        if let Some(lease) = self.lease {
            form.append_pair("hub.lease_seconds", &lease.to_string());
        }
        if let Some(secret) = &self.secret {
            form.append_pair("hub.secret", secret);
        }
        form.finish()
    }

    /// Reads a form.
    ///
    /// # Errors
    /// What is missing or wrong.
    pub fn read(form: &[u8]) -> Result<Self, &'static str> {
        let value = |name: &str| form_urlencoded::parse(form).find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let mode = value("hub.mode").and_then(|mode| Mode::read(&mode)).ok_or("hub.mode must be \"subscribe\" or \"unsubscribe\"")?;
        let topic = value("hub.topic").ok_or("hub.topic is missing")?;
        let callback = value("hub.callback").ok_or("hub.callback is missing")?;
        let lease = match value("hub.lease_seconds") {
            Some(lease) if mode == Mode::Subscribe => {
                Some(lease.parse().ok().filter(|lease| *lease > 0).ok_or("hub.lease_seconds must be a whole number, more than 0")?)
            }
            // Whoever leaves may say anything there (§5.1).
            _ => None,
        };
        let secret = value("hub.secret");
        if secret.as_ref().is_some_and(|secret| secret.is_empty() || secret.len() > LONGEST_SECRET) {
            return Err("hub.secret must have 1 to 199 bytes");
        }
        Ok(Self { mode, topic, callback, lease, secret })
    }
}

/// The hub's question whether a subscriber means it (§5.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub mode: Mode,
    pub topic: String,
    pub challenge: String,
    /// Seconds of scenario time, where it is about subscribing.
    pub lease: Option<u64>,
}

impl Question {
    /// As a query.
    pub fn write(&self) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("hub.mode", self.mode.text()).append_pair("hub.topic", &self.topic).append_pair("hub.challenge", &self.challenge);
        if let Some(lease) = self.lease {
            query.append_pair("hub.lease_seconds", &lease.to_string());
        }
        query.finish()
    }

    /// Reads a query; `None` where it asks nothing of the kind.
    pub fn read(query: &str) -> Option<Self> {
        let value = |name: &str| form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        Some(Self {
            mode: Mode::read(&value("hub.mode")?)?,
            topic: value("hub.topic")?,
            challenge: value("hub.challenge")?,
            lease: value("hub.lease_seconds").and_then(|lease| lease.parse().ok()),
        })
    }
}

/// The hub's word that there is no such subscription, or not any more (§5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    pub topic: String,
    /// For people.
    pub reason: Option<String>,
}

impl Denial {
    /// What stands as `hub.mode`.
    const MODE: &'static str = "denied";

    /// As a query.
    pub fn write(&self) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("hub.mode", Self::MODE).append_pair("hub.topic", &self.topic);
        if let Some(reason) = &self.reason {
            query.append_pair("hub.reason", reason);
        }
        query.finish()
    }

    /// Reads a query; `None` where it denies nothing.
    pub fn read(query: &str) -> Option<Self> {
        let value = |name: &str| form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        (value("hub.mode")? == Self::MODE).then_some(())?;
        Some(Self { topic: value("hub.topic")?, reason: value("hub.reason") })
    }
}

/// The links of a callback (§7): the hub, and the topic that it is about (RFC 8288).
pub fn links(hub: &str, topic: &str) -> String {
    format!("<{hub}>; rel=\"hub\", <{topic}>; rel=\"self\"")
}

/// The target of the link with `rel="self"`.
pub fn self_link(field: &str) -> Option<&str> {
    field.split(',').find_map(|link| {
        let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_self = parameters.split(';').any(|parameter| matches!(parameter.trim(), "rel=\"self\"" | "rel=self"));
        is_self.then_some(target)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let good = "hub.mode=subscribe&hub.topic=http%3A%2F%2Fh%2Ftopics%2Fa&hub.callback=http%3A%2F%2Fc%2F&hub.lease_seconds=60&hub.secret=s";
        let wish = Wish::read(good.as_bytes()).unwrap();
        assert_eq!((wish.topic.as_str(), wish.callback.as_str(), wish.lease, wish.secret.as_deref()), ("http://h/topics/a", "http://c/", Some(60), Some("s")));
        for (from, to, word) in [
            ("hub.mode=subscribe", "hub.mode=publish", "hub.mode"),
            ("hub.topic", "topic", "hub.topic"),
            ("hub.callback", "callback", "hub.callback"),
            ("=60", "=0", "lease_seconds"),
            ("=60", "=-1", "lease_seconds"),
            ("=60", "=1.5", "lease_seconds"),
            ("secret=s", "secret=", "hub.secret"),
            ("secret=s", &format!("secret={}", "s".repeat(200)), "hub.secret"),
        ] {
            let bad = good.replace(from, to);
            assert!(Wish::read(bad.as_bytes()).unwrap_err().contains(word), "{bad}");
        }
        for lease in ["60", "0", "-1", "soon"] {
            let leaving = good.replace("=subscribe", "=unsubscribe").replace("=60", &format!("={lease}"));
            assert_eq!(Wish::read(leaving.as_bytes()).map(|wish| (wish.mode, wish.lease)), Ok((Mode::Unsubscribe, None)), "{lease}");
        }
        assert!(Wish::read(b"").is_err() && Question::read("").is_none() && Denial::read("").is_none());
        assert_eq!(Denial::read("hub.mode=denied&hub.topic=t"), Some(Denial { topic: "t".to_owned(), reason: None }));
        assert_eq!((Denial::read("hub.mode=denied&hub.reason=r"), Denial::read("hub.topic=t&hub.reason=r")), (None, None));
    }

    #[test]
    fn the_topic_of_a_callback_is_in_its_links() {
        let field = links("http://h/hub", "http://h/topics/a");
        assert_eq!(self_link(&field), Some("http://h/topics/a"));
        assert_eq!(self_link("<x>; title=\"t\"; rel=self"), Some("x"));
        for bad in ["", "x", "<x", "<x>", "<x>; rel=\"hub\"", "<>,<"] {
            assert_eq!(self_link(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(topic in ".{0,30}", callback in ".{0,30}", lease in prop::option::of(1..u64::MAX), secret in prop::option::of("[ -~]{1,199}")) {
            let wish = Wish { mode: Mode::Subscribe, topic: topic.clone(), callback: callback.clone(), lease, secret };
            prop_assert_eq!(Wish::read(wish.write().as_bytes()), Ok(wish.clone()));
            let leaving = Wish { mode: Mode::Unsubscribe, lease: None, ..wish };
            prop_assert_eq!(Wish::read(leaving.write().as_bytes()), Ok(leaving));
            let question = Question { mode: Mode::Subscribe, topic: topic.clone(), challenge: callback.clone(), lease };
            prop_assert_eq!(Question::read(&question.write()), Some(question.clone()));
            let denial = Denial { topic, reason: lease.map(|_| callback) };
            prop_assert_eq!(Denial::read(&denial.write()), Some(denial.clone()));
            prop_assert_eq!((Denial::read(&question.write()), Question::read(&denial.write())), (None, None));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Wish::read(&bytes);
            let text = String::from_utf8_lossy(&bytes);
            let _ = (Question::read(&text), Denial::read(&text), self_link(&text).map(str::len));
        }
    }
}
