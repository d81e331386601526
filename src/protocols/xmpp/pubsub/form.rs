//! A node's configuration and the form it travels in (XEP-0060 §8.2, XEP-0004).

use std::fmt::Write as _;

use super::super::errors::{StanzaCondition, StanzaError};
use super::super::namespaces as ns;
use super::super::xml::{Element, escape};

/// More items than this no node keeps.
const MOST_ITEMS: u32 = 10_000;

/// How a node behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// A name for people.
    pub title: String,
    /// Whether notifications carry the payload.
    pub deliver_payloads: bool,
    /// Whether items can be fetched later.
    pub persist_items: bool,
    /// How many, at least 1.
    pub max_items: u32,
    /// When the last item is sent unasked.
    pub send_last: SendLast,
    /// Whether anybody may publish, or the owner alone.
    pub open_to_publishers: bool,
    /// Whether subscribers hear of retractions.
    pub notify_retract: bool,
    /// Whether subscribers hear of the node's end.
    pub notify_delete: bool,
    /// Whether it is a collection of other nodes and has no items of its own (XEP-0248).
    pub is_collection: bool,
    /// The collection that it belongs to; empty without one.
    pub collection: String,
}

/// When the last item is sent unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendLast {
    /// Never.
    Never,
    /// To who subscribes.
    OnSub,
    /// And to a subscriber that becomes available.
    OnSubAndPresence,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            title: String::new(),
            deliver_payloads: true,
            persist_items: true,
            max_items: 1,
            send_last: SendLast::OnSub,
            open_to_publishers: false,
            notify_retract: true,
            notify_delete: true,
            is_collection: false,
            collection: String::new(),
        }
    }
}

impl SendLast {
    const ALL: [Self; 3] = [Self::Never, Self::OnSub, Self::OnSubAndPresence];

    fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::OnSub => "on_sub",
            Self::OnSubAndPresence => "on_sub_and_presence",
        }
    }
}

impl Config {
    /// This configuration with what a submitted form changes; unknown fields are ignored (XEP-0060 §8.2.4).
    ///
    /// # Errors
    /// `not-acceptable` for a value that we cannot honour.
    pub fn changed(&self, form: &Element) -> Result<Self, StanzaError> {
        let mut config = self.clone();
        for field in form.elements().filter(|element| element.is("field", ns::FORMS)) {
            let value = field.child("value", ns::FORMS).map(|value| value.text().into_owned()).unwrap_or_default();
            match field.attribute("var").unwrap_or_default() {
                "FORM_TYPE" if value != ns::PUBSUB_CONFIG => return Err(StanzaCondition::NotAcceptable.into()),
                "pubsub#title" => config.title = value,
                "pubsub#deliver_payloads" => config.deliver_payloads = flag(&value)?,
                "pubsub#persist_items" => config.persist_items = flag(&value)?,
                "pubsub#notify_retract" => config.notify_retract = flag(&value)?,
                "pubsub#notify_delete" => config.notify_delete = flag(&value)?,
                "pubsub#max_items" if value == "max" => config.max_items = MOST_ITEMS,
                "pubsub#max_items" => {
                    config.max_items = value.parse().ok().filter(|count| (1..=MOST_ITEMS).contains(count)).ok_or(StanzaCondition::NotAcceptable)?;
                }
                "pubsub#send_last_published_item" => {
                    config.send_last = SendLast::ALL.into_iter().find(|choice| choice.name() == value).ok_or(StanzaCondition::NotAcceptable)?;
                }
                "pubsub#publish_model" => {
                    config.open_to_publishers = match value.as_str() {
                        "open" => true,
                        "publishers" => false,
                        _ => return Err(StanzaCondition::NotAcceptable.into()),
                    };
                }
                "pubsub#access_model" if value != "open" => return Err(StanzaCondition::NotAcceptable.into()),
                "pubsub#node_type" => {
                    config.is_collection = match value.as_str() {
                        "leaf" => false,
                        "collection" => true,
                        _ => return Err(StanzaCondition::NotAcceptable.into()),
                    };
                }
                "pubsub#collection" => config.collection = value,
                _ => {}
            }
        }
        Ok(config)
    }

    /// The form to fill in.
    pub fn form(&self) -> String {
        let mut form = format!("<x xmlns='{}' type='form'>", ns::FORMS);
        field(&mut form, "FORM_TYPE", "hidden", ns::PUBSUB_CONFIG, &[]);
        field(&mut form, "pubsub#title", "text-single", &self.title, &[]);
        field(&mut form, "pubsub#deliver_payloads", "boolean", bit(self.deliver_payloads), &[]);
        field(&mut form, "pubsub#persist_items", "boolean", bit(self.persist_items), &[]);
        field(&mut form, "pubsub#max_items", "text-single", &self.max_items.to_string(), &[]);
        field(&mut form, "pubsub#send_last_published_item", "list-single", self.send_last.name(), &SendLast::ALL.map(SendLast::name));
        field(&mut form, "pubsub#access_model", "list-single", "open", &["open"]);
        field(&mut form, "pubsub#publish_model", "list-single", self.publish_model(), &["publishers", "open"]);
        field(&mut form, "pubsub#notify_retract", "boolean", bit(self.notify_retract), &[]);
        field(&mut form, "pubsub#notify_delete", "boolean", bit(self.notify_delete), &[]);
        field(&mut form, "pubsub#node_type", "list-single", self.node_type(), &["leaf", "collection"]);
        field(&mut form, "pubsub#collection", "text-single", &self.collection, &[]);
        form.push_str("</x>");
        form
    }

    /// What kind of node it is, in a word.
    pub fn node_type(&self) -> &'static str {
        if self.is_collection { "collection" } else { "leaf" }
    }

    /// What disco#info tells about the node (XEP-0060 §5.4).
    pub fn metadata(&self, owner: &str) -> String {
        let mut form = format!("<x xmlns='{}' type='result'>", ns::FORMS);
        field(&mut form, "FORM_TYPE", "hidden", "http://jabber.org/protocol/pubsub#meta-data", &[]);
        field(&mut form, "pubsub#title", "text-single", &self.title, &[]);
        field(&mut form, "pubsub#owner", "jid-multi", owner, &[]);
        form.push_str("</x>");
        form
    }

    fn publish_model(&self) -> &'static str {
        if self.open_to_publishers { "open" } else { "publishers" }
    }
}

fn field(form: &mut String, var: &str, kind: &str, value: &str, options: &[&str]) {
    let options: String = options.iter().map(|option| format!("<option><value>{option}</value></option>")).collect();
    let _ = write!(form, "<field var='{var}' type='{kind}'><value>{}</value>{options}</field>", escape(value));
}

fn bit(flag: bool) -> &'static str {
    if flag { "1" } else { "0" }
}

/// XML Schema's boolean.
fn flag(value: &str) -> Result<bool, StanzaError> {
    match value {
        "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        _ => Err(StanzaCondition::NotAcceptable.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocols::xmpp::reader::read_element;

    fn submit(fields: &str) -> Result<Config, StanzaError> {
        Config::default().changed(&read_element(format!("<x xmlns='jabber:x:data' type='submit'>{fields}</x>").as_bytes()).unwrap())
    }

    #[test]
    fn a_form_reads_back_as_the_same_configuration() {
        let config = Config {
            title: "<Flickr> & Co".into(),
            deliver_payloads: false,
            persist_items: false,
            max_items: 7,
            send_last: SendLast::Never,
            open_to_publishers: true,
            notify_retract: false,
            notify_delete: false,
            is_collection: true,
            collection: "<all>".into(),
        };
        assert_eq!(Config::default().changed(&read_element(config.form().as_bytes()).unwrap()), Ok(config));
    }

    #[test]
    fn unknown_fields_are_ignored_and_impossible_values_are_not() {
        assert_eq!(submit("<field var='pubsub#itemreply'><value>owner</value></field>"), Ok(Config::default()));
        assert_eq!(submit("<field var='pubsub#max_items'><value>max</value></field>").map(|config| config.max_items), Ok(MOST_ITEMS));
        for (var, value) in [
            ("pubsub#access_model", "whitelist"),
            ("pubsub#max_items", "0"),
            ("pubsub#max_items", "many"),
            ("pubsub#persist_items", "yes"),
            ("pubsub#publish_model", "subscribers"),
            ("pubsub#send_last_published_item", "always"),
            ("pubsub#node_type", "twig"),
            ("FORM_TYPE", "urn:other"),
        ] {
            let refused = submit(&format!("<field var='{var}'><value>{value}</value></field>"));
            assert_eq!(refused, Err(StanzaCondition::NotAcceptable.into()), "{var}={value}");
        }
    }
}
