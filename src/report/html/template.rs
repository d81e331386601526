//! Templates: ours, and those of users, which see the same and may extend ours.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};

use super::assets::TEMPLATES;
use super::page::Page;
use crate::summary::Summary;

/// Endings of templates whose text is no HTML: nothing is escaped in them.
const PLAIN: [&str; 4] = ["txt", "csv", "tex", "md"];

/// Why a template could not be rendered.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {problem}; {remedy}")]
pub struct TemplateError {
    /// File and line.
    pub place: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

/// `report.html`.
///
/// # Errors
/// Ours are tested; whatever it says is a fault of pushbench.
pub fn page(summary: &Summary<'_>) -> Result<String, TemplateError> {
    let (name, _) = TEMPLATES[0];
    let page = read(summary)?;
    let environment = environment().map_err(|error| told(name, &page, &error))?;
    render(&environment, name, &page)
}

/// A user's template: `name` is its path, for errors, and its ending says whether it is HTML.
///
/// # Errors
/// Names file, line, fault and remedy.
pub fn own(summary: &Summary<'_>, name: &str, source: &str) -> Result<String, TemplateError> {
    // A template of the name of one of ours could not extend it.
    let name = if TEMPLATES.iter().any(|(known, _)| *known == name) { format!("./{name}") } else { name.to_owned() };
    let page = read(summary)?;
    let mut environment = environment().map_err(|error| told(&name, &page, &error))?;
    environment.add_template_owned(name.clone(), source.to_owned()).map_err(|error| told(&name, &page, &error))?;
    render(&environment, &name, &page)
}

fn read(summary: &Summary<'_>) -> Result<Page, TemplateError> {
    let remedy = "this is a fault of pushbench: please report it".to_owned();
    Page::new(summary).map_err(|problem| TemplateError { place: "report.html".to_owned(), problem, remedy })
}

fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    // A name that is misspelt must not vanish without a word; and its error says which it was.
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_debug(true);
    environment.set_auto_escape_callback(|name| {
        let ending = name.rsplit('.').next().unwrap_or_default();
        if PLAIN.contains(&ending) { AutoEscape::None } else { AutoEscape::Html }
    });
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    Ok(environment)
}

fn render(environment: &Environment<'_>, name: &str, page: &Page) -> Result<String, TemplateError> {
    let template = environment.get_template(name).map_err(|error| told(name, page, &error))?;
    template.render(Value::from(Serde(page))).map_err(|error| told(name, page, &error))
}

/// An error of the library with its place and a remedy.
fn told(name: &str, page: &Page, error: &Error) -> TemplateError {
    // What a template takes in may be at fault: the innermost place is the place.
    let mut innermost = error;
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(cause) = cause.downcast_ref::<Error>() {
            innermost = cause;
        }
        source = cause.source();
    }
    let file = innermost.name().unwrap_or(name);
    let place = innermost.line().map_or_else(|| file.to_owned(), |line| format!("{file}, line {line}"));
    let problem = innermost.detail().map_or_else(|| innermost.kind().to_string(), |detail| format!("{}: {detail}", innermost.kind()));
    TemplateError { place, problem, remedy: remedy(innermost.kind(), page) }
}

fn remedy(kind: ErrorKind, page: &Page) -> String {
    let page = Value::from(Serde(page));
    let names: Vec<String> = page.try_iter().map_or_else(|_| Vec::new(), |names| names.map(|name| name.to_string()).collect());
    match kind {
        ErrorKind::SyntaxError | ErrorKind::BadEscape => "the syntax is that of Jinja: {{ value }}, {% for … %} … {% endfor %}, {# comment #}".to_owned(),
        ErrorKind::TemplateNotFound | ErrorKind::BadInclude => {
            let names: Vec<&str> = TEMPLATES.iter().map(|(name, _)| *name).collect();
            format!("a template is one file; only ours can be extended or included: {}", names.join(", "))
        }
        ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::UnknownFunction | ErrorKind::UnknownMethod => {
            "filters, tests and functions are those of MiniJinja 3: docs/templates.md".to_owned()
        }
        _ => format!("docs/templates.md tells of all variables; at the top there are {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::recording::Recording;
    use crate::summary::fixture::{made_up, published};

    const EVIL: &str = "</script><img src=x onerror=alert(1)><!-- ]]> {{ 7 * 7 }} \"'&";

    /// Whatever comes from outside says something hostile.
    fn hostile() -> Recording {
        let mut recording = made_up().scale(0.05).sweep(&[0.5, 1.0]).budget("poll-5s", "latency.p99", 0.25).build();
        recording.scenario.title = EVIL.to_owned();
        recording.scenario.name = EVIL.to_owned();
        recording.scenario.source = Some(EVIL.to_owned());
        recording.scenario.text = EVIL.to_owned();
        recording.scenario.topology = EVIL.to_owned();
        recording.scenario.published = vec![published(Some("poll-5s"), None, Some("messages.per_update"), None)];
        for text in [&mut recording.scenario.published[0].what, &mut recording.scenario.budgets[0].metric] {
            *text = EVIL.to_owned();
        }
        recording.scenario.published[0].source = EVIL.to_owned();
        recording.scenario.published[0].unit = EVIL.to_owned();
        recording.machine.cpu_model = EVIL.to_owned();
        recording.machine.kernel = EVIL.to_owned();
        recording.id = EVIL.to_owned();
        recording.tool_version = EVIL.to_owned();
        recording.contenders[0].settings.insert(EVIL.to_owned(), EVIL.to_owned());
        recording.contenders[0].mechanism = EVIL.to_owned();
        recording.contenders[0].name = EVIL.to_owned();
        for trial in &mut recording.trials {
            trial.load_point = trial.load_point.replace("workload.topics", &EVIL.replace(['=', ';'], ""));
            if trial.contender == "poll-5s" {
                trial.contender = EVIL.to_owned();
            }
        }
        recording
    }

    #[test]
    fn strings_cannot_break_out_of_html_pictures_or_script() {
        let recording = hostile();
        let page = page(&Summary::new(&recording)).unwrap();
        // Two scripts, one island of data, and nothing that a string has brought in.
        assert_eq!(page.matches("<script").count(), 3);
        assert_eq!(page.matches("</script>").count(), 3);
        for bad in ["<img", "onerror=alert(1)>", "<!-- ]]>"] {
            assert!(!page.contains(bad), "{bad:?} got through");
        }
        assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;") && page.contains("{{ 7 * 7 }}"));
        let svg: String = page.split("<svg").skip(1).filter_map(|rest| rest.split("</svg>").next()).collect();
        assert!(svg.contains("&lt;") && !svg.contains("<script") && !svg.contains("onerror=alert(1)>"), "names are escaped in pictures too");
    }

    #[test]
    fn a_page_of_ten_trials_is_small_and_loads_nothing() {
        let mut recording = made_up().build();
        recording.contenders.push(crate::measure::recording::ContenderRecord { name: "another".to_owned(), ..recording.contenders[0].clone() });
        let more: Vec<_> = recording
            .complete_trials("poll-5s", "")
            .map(|trial| crate::measure::recording::Trial { contender: "another".to_owned(), ..trial.clone() })
            .collect();
        recording.trials.extend(more);
        assert_eq!(recording.trials.len(), 10);
        let page = page(&Summary::new(&recording)).unwrap();
        assert!(page.len() <= 250_000, "{} bytes", page.len());
        for address in [" src=", "url(http", "<link", "<iframe", "@import"] {
            assert!(!page.contains(address), "{address}");
        }
    }

    #[test]
    fn a_load_point_more_takes_little_more() {
        let size = |factors: &[f64]| {
            let recording = made_up().scale(0.5).sweep(factors).build();
            page(&Summary::new(&recording)).unwrap().len()
        };
        let (one, three) = (size(&[1.0]), size(&[0.5, 1.0, 2.0]));
        // Of four contenders: tables, which stand in the page as they are, and packed lines, tiles and pictures.
        assert!(three - one < 2 * 55_000, "{one} bytes, and {three} with two load points more");
    }

    #[test]
    fn there_is_a_page_for_whatever_was_recorded() {
        let mut empty = made_up().scale(0.02).build();
        empty.trials.clear();
        let mut nothing = made_up().scale(0.02).build();
        for trial in &mut nothing.trials {
            trial.deliveries.delivered = 0;
            trial.times = Default::default();
            trial.timeline.clear();
        }
        let only = made_up().scale(0.02).only(crate::measure::recording::Direction::Push).repeats(1).build();
        let lost = made_up().scale(0.02).push_loses().compression(144.0).build();
        for recording in [empty, nothing, only, lost, made_up().scale(0.02).many_contenders().sweep(&[0.5, 1.0, 2.0]).build()] {
            let page = page(&Summary::new(&recording)).unwrap();
            assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
        }
    }

    fn rendered(source: &str) -> Result<String, String> {
        let recording = made_up().scale(0.02).build();
        own(&Summary::new(&recording), "my.html", source).map_err(|error| error.to_string())
    }

    #[test]
    fn a_users_template_sees_the_same_and_may_extend_ours() {
        let line = rendered("{% for contender in contenders %}{{ contender.name }} {% endfor %}<b>{{ title }}</b>").unwrap();
        assert!(line.starts_with("poll-5s poll-1s ") && line.contains("<b>SYNTHETIC"), "{line}");
        let page = rendered("{% extends \"report.html\" %}{% block brand %}<p>House of cards</p>{% endblock %}").unwrap();
        assert!(page.contains("House of cards") && page.contains("<!doctype html>"));
        let recording = hostile();
        let summary = Summary::new(&recording);
        assert!(!own(&summary, "report.html", "{{ title }}").unwrap().contains("<img"), "HTML is escaped");
        assert!(own(&summary, "notes.txt", "{{ title }}").unwrap().contains("<img"), "text is text");
    }

    #[test]
    fn errors_name_file_line_and_remedy() {
        for (source, place, problem, remedy) in [
            ("one\n{{ titel }}", "my.html, line 2", "`titel` is undefined", "at the top there are "),
            ("{% for point in points %}\n{{ point.nme }}\n{% endfor %}", "my.html, line 2", "undefined", "docs/templates.md"),
            ("\n\n{% for %}", "my.html, line 3", "syntax error", "the syntax is that of Jinja"),
            ("{{ title|shout }}", "my.html, line 1", "shout", "filters, tests and functions"),
            ("{% include \"other.html\" %}", "my.html, line 1", "other.html", "only ours can be extended"),
        ] {
            let error = rendered(source).unwrap_err();
            assert!(error.starts_with(place) && error.contains(problem) && error.contains(remedy), "{source:?}: {error}");
        }
    }
}
