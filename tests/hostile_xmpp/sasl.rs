//! Steps in the wrong order, and credentials that are none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sasl::client::Mechanism as _;
use sasl::client::mechanisms::Scram;
use sasl::common::scram::Sha256;
use sasl::common::{ChannelBinding, Credentials};

use crate::server::{SASL, Stand, ends_with};
use crate::support::{HEADER, Raw};

const BIND: &str = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
const STARTTLS: &str = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

pub async fn wrong_steps(stand: &mut Stand) {
    let auth = format!("<auth xmlns='{SASL}' mechanism='PLAIN'>AGEAc2VjcmV0</auth>");
    for (tried, authenticated, text, condition) in [
        ("a stanza before SASL", false, "<message/>".to_owned(), "not-authorized"),
        ("resource binding before SASL", false, BIND.to_owned(), "not-authorized"),
        ("SASL a second time", true, format!("{HEADER}{auth}"), "not-authorized"),
        ("STARTTLS after SASL", true, format!("{HEADER}{STARTTLS}"), "not-authorized"),
        ("a stanza before resource binding", true, format!("{HEADER}<message/>"), "not-authorized"),
        ("resource binding without a new stream after SASL", true, BIND.to_owned(), "invalid-namespace"),
    ] {
        let mut raw = if authenticated { stand.authenticated().await } else { stand.opened().await };
        raw.send(&text).await;
        ends_with(&mut raw, condition).await;
        stand.saw(tried, &format!("stream error `{condition}`, closed")).await;
    }
    let mut raw = stand.bound().await;
    assert!(raw.ask(BIND).await.contains("<service-unavailable "));
    stand.saw("resource binding a second time", "stanza error `service-unavailable`; the first one holds").await;
    let mut other = stand.bound().await;
    ends_with(&mut raw, "conflict").await;
    assert!(other.ask("<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>").await.contains("type='result'"));
    stand.saw("the resource of a session that is there", "the new one has it; the old one gets stream error `conflict`, closed").await;

    let mut raw = stand.opened().await;
    raw.send(STARTTLS).await;
    raw.until("<proceed").await;
    raw.send(">no TLS at all, no TLS at all").await;
    assert!(!raw.rest().await.contains("stream"));
    stand.saw("garbage instead of TLS after `<proceed/>`", "closed").await;
    let mut raw = stand.opened().await;
    raw.send(&format!("{STARTTLS}{auth}")).await;
    raw.until("/>").await;
    raw.send(&auth).await;
    assert!(!raw.rest().await.contains("success"));
    stand.saw("SASL in the clear in one packet with `<starttls/>`", "what came behind is void; closed, since it is no TLS").await;
}

pub async fn wrong_credentials(stand: &mut Stand) {
    for (tried, first, condition) in [
        ("a wrong password, three times", format!("<auth xmlns='{SASL}' mechanism='PLAIN'>AGEAd3Jvbmc=</auth>"), "not-authorized"),
        ("a mechanism that is not on offer, three times", format!("<auth xmlns='{SASL}' mechanism='EXTERNAL'>=</auth>"), "invalid-mechanism"),
        ("broken base64, three times", format!("<auth xmlns='{SASL}' mechanism='PLAIN'>!</auth>"), "incorrect-encoding"),
        ("PLAIN without its NULs, three times", format!("<auth xmlns='{SASL}' mechanism='PLAIN'>YWJj</auth>"), "malformed-request"),
        ("to act as somebody else, three times", format!("<auth xmlns='{SASL}' mechanism='PLAIN'>YgBhAHNlY3JldA==</auth>"), "invalid-authzid"),
        ("a SASL response to no challenge, three times", format!("<response xmlns='{SASL}'>AAAA</response>"), "malformed-request"),
        ("SCRAM that wants channel binding, three times", scram("p=tls-unique,,n=a,r=abc"), "malformed-request"),
        ("SCRAM with an unknown extension, three times", scram("n,,m=x,n=a,r=abc"), "malformed-request"),
        ("SASL aborted, three times", format!("<abort xmlns='{SASL}'/>"), "aborted"),
    ] {
        let mut raw = stand.opened().await;
        for _ in 0..3 {
            raw.send(&first).await;
            assert_eq!(raw.until("</failure>").await, format!("<failure xmlns='{SASL}'><{condition}/></failure>"), "{tried}");
        }
        ends_with(&mut raw, "policy-violation").await;
        stand.saw(tried, &format!("failure `{condition}`, after the third stream error `policy-violation`, closed")).await;
    }
    for (tried, from, to) in [
        ("SCRAM with another nonce than the server's", ",r=", ",r=x"),
        ("SCRAM with another channel binding than announced", "c=biws", "c=eSws"),
        ("SCRAM with a proof of another password", "", ""),
    ] {
        let mut raw = stand.opened().await;
        let password = if from.is_empty() { "wrong" } else { "secret" };
        let answer = scram_login(&mut raw, password, |message| message.replacen(from, to, 1)).await;
        assert!(answer.contains("<not-authorized/>"), "{tried}: {answer}");
        // The exchange is over, and the right one may begin.
        raw.seen.clear();
        assert!(scram_login(&mut raw, "secret", str::to_owned).await.contains("<success"));
        stand.saw(tried, "failure `not-authorized`; the right password is taken afterwards").await;
    }
}

fn scram(first: &str) -> String {
    format!("<auth xmlns='{SASL}' mechanism='SCRAM-SHA-256'>{}</auth>", BASE64.encode(first))
}

/// An exchange whose last message is tampered with; what the server says to it.
async fn scram_login(raw: &mut Raw, password: &str, tamper: impl Fn(&str) -> String) -> String {
    let credentials = Credentials::default().with_username("a").with_password(password).with_channel_binding(ChannelBinding::None);
    let mut client = Scram::<Sha256>::from_credentials(credentials).unwrap();
    let first = client.initial();
    raw.send(&format!("<auth xmlns='{SASL}' mechanism='SCRAM-SHA-256'>{}</auth>", BASE64.encode(first))).await;
    let challenge = raw.until("</challenge>").await;
    let text = challenge.rsplit_once("</").unwrap().0.rsplit_once('>').unwrap().1;
    let last = client.response(&BASE64.decode(text).unwrap()).unwrap();
    let last = tamper(std::str::from_utf8(&last).unwrap());
    raw.send(&format!("<response xmlns='{SASL}'>{}</response>", BASE64.encode(last))).await;
    let begun = raw.until("xmpp-sasl'>").await;
    begun + &raw.until(">").await
}
