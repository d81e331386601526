//! What people see: the front page and the list of topics. Never asked for in a trial.

use hyper::Response;
use hyper::header::{self, HeaderValue};

use super::answer::Answer;
use super::extension::AnswerBody;
use super::store::Store;

/// The list is for people: it says how many there are, and names so many.
const LONGEST_LIST: usize = 1_000;
const SHOWN_ON_FRONT: usize = 20;

/// The front page: what can be asked, and a few topics.
pub(super) fn front(store: &Store) -> Answer {
    let count = store.count();
    // Names consist of letters, digits, dots, underscores and hyphens: nothing to escape.
    let items: String = store.first_names(SHOWN_ON_FRONT).iter().map(|name| format!("<li><a href=\"/topics/{name}\">{name}</a></li>\n")).collect();
    let topics = if items.is_empty() { "<p>None yet.</p>".to_owned() } else { format!("<ul>\n{items}</ul>") };
    let html = format!(
        "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>pushbench: topics over HTTP</title>
<style>body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }}
code {{ font-size: 0.95em }} td {{ padding: 0.2rem 1rem 0.2rem 0; vertical-align: top }}</style>
<h1>pushbench: topics over HTTP</h1>
<p>This is the embedded server of the polling contenders. It keeps the latest payload of each topic.</p>
<table>
<tr><td><code>GET /topics/NAME</code></td><td>the latest payload, with <code>ETag</code> and <code>Last-Modified</code>; <code>If-None-Match</code> and <code>If-Modified-Since</code> are answered with 304 where nothing changed</td></tr>
<tr><td><code>HEAD /topics/NAME</code></td><td>the same without the payload</td></tr>
<tr><td><code>PUT /topics/NAME</code></td><td>a new payload: 201 where it creates the topic, 204 where it updates it; <code>If-Match</code> and <code>If-None-Match: *</code> are honoured</td></tr>
<tr><td><code>GET /topics</code></td><td>a list of topics as JSON, at most {LONGEST_LIST}</td></tr>
</table>
<p>A name has 1 to 128 characters out of <code>A-Z a-z 0-9 . _ -</code>.</p>
<h2>Topics: {count}</h2>
{topics}
</html>
"
    );
    page("text/html; charset=utf-8", html)
}

/// The list of topics as JSON.
pub(super) fn list(store: &Store) -> Answer {
    let names = store.first_names(LONGEST_LIST);
    let count = store.count();
    page("application/json", format!("{}\n", serde_json::json!({ "count": count, "complete": names.len() == count, "topics": names })))
}

fn page(kind: &'static str, content: String) -> Answer {
    let mut answer = Response::new(AnswerBody::from(content));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer
}
