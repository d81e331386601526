//! `report.html` in a real Chromium: it asks nobody for anything, complains of nothing, can be used with pointer and keyboard, and what strings
//! of a recording say stays text. Screenshots go to `target/html-report/`, to be looked at.
//!
//! Where there is no Chromium, the tests say `SKIPPED`; with the environment variable `CI` set they fail instead.

#[path = "support/devtools.rs"]
mod devtools;
#[path = "support/served.rs"]
mod served;

use std::fs;
use std::path::{Path, PathBuf};

use devtools::Browser;
use pushbench::measure::recording::Recording;
use pushbench::report::{self, Format, html};
use pushbench::summary::Summary;
use pushbench::summary::fixture::{made_up, published};
use serde_json::json;

const EVIL: &str = "</script><img src=x onerror=\"window.broken = 1\"><svg onload=\"window.broken = 1\">";

/// A report in a folder, opened at this width once it has come alive.
struct Opened {
    browser: Browser,
    folder: tempfile::TempDir,
}

impl Opened {
    fn new(recording: &Recording, width: u32) -> Option<Self> {
        let mut browser = Browser::start()?;
        let folder = tempfile::tempdir().unwrap();
        report::write_all(recording, folder.path(), &[Format::Html]).unwrap();
        browser.resize(width, 900);
        browser.open(&folder.path().join("report.html"));
        browser.until("document.documentElement.dataset.ready === 'yes'");
        Some(Self { browser, folder })
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("report.html")
    }

    /// Nothing was asked for but the page itself, and nothing went wrong in it.
    fn is_quiet(&self) {
        assert_eq!(self.browser.complaints(), Vec::<String>::new());
        let page = format!("file://{}", self.file().display());
        let requests: Vec<String> = self.browser.requests().into_iter().filter(|address| *address != page).collect();
        assert_eq!(requests, Vec::<String>::new());
    }
}

fn everything() -> Recording {
    let mut recording = made_up().scale(0.3).sweep(&[0.5, 1.0, 2.0]).repeats(3).compression(10.0).budget("xmpp-pubsub", "latency.p99", 0.25).build();
    recording.scenario.published = vec![published(Some("poll-50s"), Some("xmpp-pubsub"), Some("messages.per_update"), None)];
    recording
}

fn save(name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/html-report");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), bytes).unwrap();
}

#[test]
fn the_page_comes_alive_and_asks_nobody() {
    let Some(mut page) = Opened::new(&everything(), 1_280) else { return };
    page.is_quiet();
    let browser = &mut page.browser;
    assert_eq!(browser.value("document.fonts.check('600 12px Inter') && document.fonts.check('400 12px Inter')"), json!(true));
    assert_eq!(browser.text("getComputedStyle(document.querySelector('h1')).fontFamily.split(',')[0]"), "Inter");
    assert_eq!(browser.number("document.querySelectorAll('.at:not([hidden]) .uplot canvas').length"), 5.0, "spectrum, latency, traffic, CPU, memory");
    assert_eq!(browser.number("document.querySelectorAll('.at:not([hidden]) .picture svg').length >= 2 ? 1 : 0"), 1.0);
    // Something has been drawn: a canvas that is not all of one colour.
    let drawn = "(canvas => new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size > 8)";
    assert_eq!(browser.value(&format!("[...document.querySelectorAll('.at:not([hidden]) .uplot canvas')].every({drawn})")), json!(true));
    // Digits of one width.
    let widths = "(text => { const made = document.createElement('span'); made.textContent = text; document.querySelector('.figures td').append(made); const width = made.getBoundingClientRect().width; made.remove(); return width; })";
    assert_eq!(browser.number(&format!("{widths}('1111')")), browser.number(&format!("{widths}('8888')")));
}

#[test]
fn a_load_point_and_contenders_can_be_chosen() {
    let Some(mut page) = Opened::new(&everything(), 1_280) else { return };
    let browser = &mut page.browser;
    let headline = "document.querySelector('#verdict .at:not([hidden]) h1, #verdict .at:not([hidden]) .headline').textContent";
    let sizes = "document.querySelector('#verdict .at:not([hidden]) .sizes').textContent";
    assert!(browser.text(sizes).contains("workload.topics = 100"));
    browser.value("(select => { select.value = '2'; select.dispatchEvent(new Event('change')); })(document.querySelector('#load-point'))");
    assert!(browser.text(sizes).contains("workload.topics = 200"), "{}", browser.text(sizes));
    assert!(browser.text(headline).contains("Push"));
    // It is the heading of the page now, and told to whoever does not see it.
    let first_headings = "[...document.querySelectorAll('h1, [aria-level]')].filter(heading => heading.checkVisibility())";
    assert_eq!((browser.number(&format!("{first_headings}.length")), browser.text(&format!("{first_headings}[0].ariaLevel"))), (1.0, "1".to_owned()));
    assert_eq!(browser.text("document.querySelector('[role=status]').textContent"), browser.text(headline));
    assert_eq!(browser.number("document.querySelectorAll('.at:not([hidden]) .uplot canvas').length"), 5.0);
    // Pictures of this load point come out of the data.
    browser.until("document.querySelector('#cost .at:not([hidden]) .picture[data-picture=freshness-cost] svg')");
    assert_eq!(browser.number("[...document.querySelectorAll('.at')].filter(block => !block.hidden && block.dataset.at !== '2').length"), 0.0);

    // A contender goes from charts, tables and pictures, and comes back.
    let lines = "document.querySelector('.at:not([hidden]) [data-chart=spectrum] .plot').dataset.lines";
    let rows = "[...document.querySelectorAll('#freshness .at:not([hidden]) tbody tr')].filter(row => !row.hidden).length";
    let pale = "document.querySelector('.at:not([hidden]) .picture').style.getPropertyValue('--pull-2')";
    assert_eq!((browser.text(lines), browser.number(rows), browser.text(pale)), ("4".to_owned(), 4.0, String::new()));
    let chip = browser.middle(".chip:nth-of-type(2) .name");
    browser.click(chip, 1);
    browser.until(&format!("{lines} === '3'"));
    assert_eq!((browser.number(rows), browser.text(pale)), (3.0, "var(--grid)".to_owned()));
    assert_eq!(browser.text("document.querySelector('#unshown').textContent"), "Not shown in charts and tables: poll-10s.", "for paper");
    assert_eq!(browser.number("[...document.querySelectorAll('#numbers .at:not([hidden]) thead th')].filter(cell => !cell.hidden).length"), 4.0);
    let chip = browser.middle(".chip:nth-of-type(2) .name");
    browser.click(chip, 1);
    browser.until(&format!("{lines} === '4'"));
    page.is_quiet();
}

/// The words of the tiles that are seen.
const TILES: &str = "[...document.querySelectorAll('#verdict .at:not([hidden]) .tile')].map(tile => tile.innerText.replace(/\\s+/g, ' ')).join('|')";

/// A select of the load point that is seen.
fn select(name: &str) -> String {
    format!("document.querySelector('#verdict .at:not([hidden]) [data-side={name}]')")
}

fn choose(browser: &mut Browser, select: &str, value: &str) {
    browser.value(&format!("(select => {{ select.value = {}; select.dispatchEvent(new Event('change')); }})({select})", json!(value)));
}

#[test]
fn tiles_compare_whom_the_reader_chooses() {
    let recording = everything();
    let Some(mut page) = Opened::new(&recording, 1_280) else { return };
    let browser = &mut page.browser;
    let (left, right) = (select("left"), select("right"));
    let first = browser.text(TILES);
    assert!(first.contains("What push costs") && first.contains("fresher at p99") && first.contains("95 % interval"), "{first}");
    assert_eq!(browser.text(&format!("{left}.selectedOptions[0].textContent")), "the best push with the best polling, in each");
    assert_eq!(browser.value(&format!("{right}.checkVisibility()")), json!(false), "nobody is chosen, hence nobody's rival");

    // Every word of every pair is what Rust has made of it, from either side, and nobody meets himself.
    let summary = Summary::new(&recording);
    let names: Vec<&str> = recording.contenders.iter().map(|contender| contender.name.as_str()).collect();
    let made = html::page::Page::new(&summary).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for one in &names {
        choose(browser, &left, one);
        let others = browser.text(&format!("[...{right}.options].map(option => option.value).join('|')"));
        assert_eq!(others, names.iter().filter(|name| *name != one).copied().collect::<Vec<_>>().join("|"));
        for other in names.iter().filter(|name| *name != one) {
            choose(browser, &right, other);
            let told = browser.text(TILES);
            assert_eq!(told.split('|').count(), 4, "{one}, {other}: {told}");
            for tile in told.split('|') {
                assert!(tile.contains(&format!(" {one} ")) && tile.contains(&format!(" {other} ")), "{one}, {other}: {tile}");
            }
            seen.insert(told);
        }
    }
    assert_eq!(seen.len(), names.len() * (names.len() - 1), "each pair says something else");
    for tile in made.points[made.shown].tiles.iter().filter(|tile| !tile.is_cost) {
        choose(browser, &left, &tile.left);
        choose(browser, &right, &tile.right);
        let told = browser.text(TILES);
        for words in [&tile.topic, &tile.factor, &tile.words, &tile.left_figure, &tile.right_figure, &tile.interval] {
            assert!(told.contains(words.as_str()), "{words:?}: {told}");
        }
    }

    // Who was the rival is chosen himself: another takes his place.
    choose(browser, &left, "poll-10s");
    choose(browser, &right, "xmpp-pubsub");
    assert!(browser.text(TILES).contains("staler at p99"), "{}", browser.text(TILES));
    choose(browser, &left, "xmpp-pubsub");
    assert_ne!(browser.text(&format!("{right}.value")), "xmpp-pubsub");
    choose(browser, &left, "");
    assert_eq!(browser.text(TILES), first);
    page.is_quiet();
}

#[test]
fn the_choice_goes_with_the_reader_from_load_point_to_load_point() {
    let mut recording = everything();
    recording.trials.retain(|trial| trial.load_point != "workload.topics=200" || trial.contender != "poll-10s");
    let Some(mut page) = Opened::new(&recording, 1_280) else { return };
    let browser = &mut page.browser;
    let (left, right, point) = (select("left"), select("right"), "document.querySelector('#load-point')");
    let as_made = |browser: &mut Browser, place: &str| {
        choose(browser, point, place);
        browser.text(TILES)
    };
    let made: Vec<String> = ["0", "1", "2"].map(|place| as_made(browser, place)).into();
    choose(browser, point, "0");
    choose(browser, &left, "poll-10s");
    choose(browser, &right, "xmpp-pubsub");
    let chosen = browser.text(TILES);
    choose(browser, point, "1");
    assert_eq!((browser.text(&format!("{left}.value")), browser.text(&format!("{right}.value"))), ("poll-10s".to_owned(), "xmpp-pubsub".to_owned()));
    let there = browser.text(TILES);
    assert!(there != chosen && there != made[1] && there.contains("staler at p99"), "{there}");
    // Who was chosen is not there: the best of both families again, and nothing stays of before.
    choose(browser, point, "2");
    assert_eq!((browser.text(&format!("{left}.value")), browser.text(TILES)), (String::new(), made[2].clone()));
    choose(browser, point, "0");
    assert_eq!(browser.text(TILES), made[0]);
    choose(browser, point, "1");
    assert_eq!(browser.text(TILES), made[1]);
    page.is_quiet();
}

#[test]
fn a_point_of_a_long_window_says_what_it_is_of_its_seconds() {
    let mut recording = made_up().scale(0.3).build();
    for trial in &mut recording.trials {
        trial.workload.window = 300.0;
    }
    let Some(mut page) = Opened::new(&recording, 1_280) else { return };
    let browser = &mut page.browser;
    for (chart, words) in [("latency", ", p99 of 3 s"), ("traffic", ", mean of 3 s"), ("cpu", ", mean of 3 s"), ("memory", ", mean of 3 s")] {
        browser.value(&format!("document.querySelector('[data-chart={chart}] .plot').focus()"));
        browser.press("ArrowRight");
        let readout = format!("document.querySelector('[data-chart={chart}] .readout').textContent");
        browser.until(&format!("{readout}.includes('{words}')"));
        // Linked charts tell as well, and only this one is read aloud.
        let aloud = "[...document.querySelectorAll('.readout')].filter(readout => readout.ariaLive === 'polite').map(readout => readout.closest('figure').dataset.chart).join()";
        assert_eq!(browser.text(aloud), chart);
    }
    page.is_quiet();
}

#[test]
fn charts_are_zoomed_together_with_pointer_and_keys() {
    let Some(mut page) = Opened::new(&everything(), 1_280) else { return };
    let browser = &mut page.browser;
    let range = |browser: &mut Browser, chart: &str| {
        let of = |end: &str| format!("Number(document.querySelector('.at:not([hidden]) [data-chart={chart}] .plot').dataset.{end})");
        (browser.number(&of("from")), browser.number(&of("to")))
    };
    let whole = range(browser, "traffic");
    assert!(whole.1 - whole.0 > 50.0, "{whole:?}");
    let (x, y) = browser.middle(".at:not([hidden]) [data-chart=traffic] .u-over");
    browser.drag((x - 150.0, y), (x + 150.0, y));
    browser.until("Number(document.querySelector('.at:not([hidden]) [data-chart=memory] .plot').dataset.from) > 5");
    let zoomed = range(browser, "traffic");
    assert!(zoomed.0 > whole.0 && zoomed.1 < whole.1, "{zoomed:?} of {whole:?}");
    let linked = range(browser, "memory");
    assert!((linked.0 - zoomed.0).abs() < 0.05 && (linked.1 - zoomed.1).abs() < 0.05, "{linked:?} {zoomed:?}");
    let spectrum = range(browser, "spectrum");
    assert_eq!(spectrum.0, 0.0, "percentiles are another axis");

    // The cursor is read in all of them, and by those who do not see it.
    browser.point((x, y));
    let readout = |chart: &str| format!("document.querySelector('.at:not([hidden]) [data-chart={chart}] .readout').textContent");
    browser.until(&format!("{}.includes('xmpp-pubsub')", readout("cpu")));
    assert!(browser.text(&readout("traffic")).contains("of scenario time"), "{}", browser.text(&readout("traffic")));
    browser.click((x, y), 2);
    browser.until("Number(document.querySelector('.at:not([hidden]) [data-chart=memory] .plot').dataset.from) < 1");
    assert_eq!(range(browser, "traffic"), whole);

    browser.value("document.querySelector('.at:not([hidden]) [data-chart=spectrum] .plot').focus()");
    browser.press("ArrowRight");
    browser.press("ArrowRight");
    browser.until(&format!("{}.includes('% of updates within')", readout("spectrum")));
    browser.press("+");
    browser.until("Number(document.querySelector('.at:not([hidden]) [data-chart=spectrum] .plot').dataset.to) < 2");
    browser.press("0");
    browser.until(&format!("Number(document.querySelector('.at:not([hidden]) [data-chart=spectrum] .plot').dataset.to) === {}", spectrum.1));

    // Other kinds of the same: bytes, another side, scenario time.
    for (chart, button) in [("traffic", "Bytes a second"), ("cpu", "subscribers"), ("spectrum", "Scenario time")] {
        let find =
            format!("[...document.querySelectorAll('.at:not([hidden]) [data-chart={chart}] .tools button')].find(button => button.textContent === '{button}')");
        assert_eq!(browser.text(&format!("{find}.getAttribute('aria-pressed')")), "false");
        browser.value(&format!("{find}.click()"));
        assert_eq!(browser.text(&format!("{find}.getAttribute('aria-pressed')")), "true", "{button}");
    }
    page.is_quiet();
}

#[test]
fn every_number_tells_unit_interval_and_definition() {
    let Some(mut page) = Opened::new(&everything(), 1_280) else { return };
    let browser = &mut page.browser;
    let tip = "document.querySelector('#tip').textContent";
    let cell = browser.middle("#numbers .at:not([hidden]) tr:has([href='#metric-cpu.total.per_1000_updates']) td:nth-child(2)");
    browser.point(cell);
    browser.until("!document.querySelector('#tip').hidden");
    let told = browser.text(tip);
    for part in ["cpu.total.per_1000_updates of poll-50s", "CPU-seconds, lower is better", "95 % interval over the repeats", "CPU of all sides together"] {
        assert!(told.contains(part), "{part:?}: {told}");
    }
    browser.press("Escape");
    assert_eq!(browser.value("document.querySelector('#tip').hidden"), json!(true));

    // By keys alone: one stop for the tab key, then the arrows.
    browser.value("document.querySelector('#numbers .at:not([hidden]) td[tabindex=\"0\"]').focus()");
    let first = browser.text(tip);
    browser.press("ArrowDown");
    let second = browser.text(tip);
    assert!(second != first && second.contains("of poll-50s"), "{second}");
    assert_eq!(browser.text("document.activeElement.getAttribute('aria-describedby')"), "tip");
    browser.press("ArrowRight");
    assert!(browser.text(tip).contains("of poll-10s"), "{}", browser.text(tip));
    assert_eq!(browser.number("document.querySelectorAll('#numbers .at:not([hidden]) td[tabindex=\"0\"]').length"), 1.0);
    // Every figure of every table has something to tell.
    let silent =
        "[...document.querySelectorAll('.at:not([hidden]) .figures td')].filter(cell => !cell.firstChild || !cell.firstChild.textContent.trim()).length";
    assert_eq!(browser.number(silent), 0.0);
    let tile = browser.middle("#verdict .at:not([hidden]) .tile");
    browser.point(tile);
    browser.until(&format!("{tip}.includes('scenario_latency.p99')"));
    page.is_quiet();
}

#[test]
fn the_theme_follows_the_system_until_it_is_chosen() {
    let Some(mut page) = Opened::new(&everything(), 1_280) else { return };
    let browser = &mut page.browser;
    let ground = "getComputedStyle(document.documentElement).backgroundColor";
    let canvas = "document.querySelector('.at:not([hidden]) [data-chart=spectrum] canvas').toDataURL()";
    browser.call("Emulation.setEmulatedMedia", json!({ "features": [{ "name": "prefers-color-scheme", "value": "light" }] }));
    let light = browser.text(ground);
    let drawn = browser.text(canvas);
    browser.call("Emulation.setEmulatedMedia", json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] }));
    browser.until(&format!("{ground} !== '{light}'"));
    let dark = browser.text(ground);
    browser.until(&format!("{canvas} !== '{drawn}'"));
    let button = browser.middle("#theme");
    browser.click(button, 1);
    assert_eq!(browser.text(ground), light, "chosen against the system");
    assert_eq!(browser.text("document.querySelector('#theme').textContent"), "Dark theme");
    browser.click(button, 1);
    assert_eq!(browser.text(ground), dark);
    page.is_quiet();
}

#[test]
fn strings_of_a_recording_stay_text() {
    let mut recording = made_up().scale(0.1).sweep(&[0.5, 1.0]).build();
    recording.scenario.title = EVIL.to_owned();
    recording.scenario.text = EVIL.to_owned();
    recording.machine.cpu_model = EVIL.to_owned();
    recording.contenders[0].name = EVIL.to_owned();
    recording.contenders[0].settings.insert(EVIL.to_owned(), EVIL.to_owned());
    for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "poll-5s") {
        trial.contender = EVIL.to_owned();
    }
    let Some(mut page) = Opened::new(&recording, 1_280) else { return };
    let browser = &mut page.browser;
    browser.value("(select => { select.value = '1'; select.dispatchEvent(new Event('change')); })(document.querySelector('#load-point'))");
    browser.until("document.querySelector('#cost .at:not([hidden]) .picture svg')");
    let cell = browser.middle("#numbers .at:not([hidden]) tr:has([href='#metric-latency.p99']) td:nth-child(2)");
    browser.point(cell);
    browser.until("!document.querySelector('#tip').hidden");
    assert_eq!(browser.value("window.broken === undefined && document.images.length === 0"), json!(true));
    assert_eq!(browser.number("document.querySelectorAll('script').length"), 4.0, "library and data, packed; ours; the library");
    assert_eq!(browser.text("document.querySelector('.over').textContent"), EVIL);
    assert_eq!(browser.text("document.title"), format!("{EVIL} – pushbench"));
    assert!(browser.text("document.querySelector('#tip').textContent").contains(EVIL));
    page.is_quiet();
}

#[test]
fn without_its_script_the_page_still_reads_well() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    report::write_all(&everything(), folder.path(), &[Format::Html]).unwrap();
    browser.call("Emulation.setScriptExecutionDisabled", json!({ "value": true }));
    browser.resize(1_280, 900);
    browser.open(&folder.path().join("report.html"));
    let seen = |selector: &str| format!("[...document.querySelectorAll('{selector}')].filter(element => element.checkVisibility()).length");
    assert_eq!(browser.number(&seen("h1")), 1.0);
    assert_eq!(browser.number(&seen(".tile")), 4.0);
    assert!(browser.number(&seen(".figures tbody tr")) > 60.0, "tables are open");
    assert!(browser.number(&seen(".picture svg")) >= 2.0);
    assert_eq!(browser.number(&seen("details.at > summary")), 2.0 * browser.number("document.querySelectorAll('div.at').length"), "others can be unfolded");
    assert_eq!(browser.number(&seen("#bar, #theme, .tools, .plot, #tip")), 0.0, "nothing that does not work");
    save("without-script.png", &browser.picture());
}

#[test]
fn screenshots_fit_phone_desk_and_paper() {
    let Some(mut page) = Opened::new(&everything(), 1_280) else { return };
    for (width, name) in [(390, "phone"), (1_280, "desk")] {
        page.browser.resize(width, 900);
        for theme in ["light", "dark"] {
            page.browser.call("Emulation.setEmulatedMedia", json!({ "media": "", "features": [{ "name": "prefers-color-scheme", "value": theme }] }));
            page.browser.until("document.querySelector('.at:not([hidden]) .uplot').clientWidth <= document.documentElement.clientWidth");
            let over = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
            assert_eq!(page.browser.number(over), 0.0, "nothing sticks out at {width}");
            save(&format!("{name}-{theme}.png"), &page.browser.picture());
        }
    }
    // Printed from the dark theme, and light on paper all the same.
    let paper = page.browser.paper();
    assert!(paper.starts_with(b"%PDF-") && paper.len() > 20_000, "{} bytes", paper.len());
    save("paper.pdf", &paper);
    assert_eq!(page.browser.value("document.querySelectorAll('details.data[open]').length"), json!(0), "folded again");
    page.browser.resize(794, 1_123);
    page.browser.call("Emulation.setEmulatedMedia", json!({ "media": "print", "features": [{ "name": "prefers-color-scheme", "value": "dark" }] }));
    page.browser.until("document.querySelectorAll('.at:not([hidden]) details.data[open]').length > 3");
    assert_eq!(page.browser.text("getComputedStyle(document.documentElement).backgroundColor"), "rgb(255, 255, 255)");
    // What was chosen of a chart stands above it; what cannot be pressed on paper is not there.
    let buttons = "[...new Set([...document.querySelectorAll('button')].filter(button => button.checkVisibility()).map(button => button.textContent))].join()";
    assert_eq!(page.browser.text(buttons), "Measured time,Messages a second,server");
    assert_eq!(page.browser.number("[...document.querySelectorAll('.with-script, .bar, .against')].filter(part => part.checkVisibility()).length"), 0.0);
    save("paper.png", &page.browser.picture());
    page.is_quiet();
}

#[test]
fn whoever_cannot_see_finds_landmarks_names_and_captions() {
    let Some(mut page) = Opened::new(&everything(), 1_280) else { return };
    let browser = &mut page.browser;
    for (what, wrong) in [
        ("landmarks", "['header', 'nav', 'main', 'footer'].filter(tag => document.querySelectorAll(tag).length !== 1)"),
        ("tables without a caption", "[...document.querySelectorAll('table')].filter(table => !table.caption || !table.caption.textContent.trim())"),
        ("head cells without a scope", "[...document.querySelectorAll('th')].filter(cell => !cell.scope)"),
        (
            "sections without a name",
            "[...document.querySelectorAll('section')].filter(part => !part.ariaLabel && !document.getElementById(part.getAttribute('aria-labelledby')))",
        ),
        (
            "pictures without words",
            "[...document.querySelectorAll('.picture svg')].filter(svg => svg.getAttribute('role') !== 'img' || !svg.getAttribute('aria-label'))",
        ),
        (
            "charts without words",
            "[...document.querySelectorAll('.at:not([hidden]) .plot')].filter(plot => plot.offsetParent && (!plot.ariaLabel || plot.tabIndex !== 0))",
        ),
        ("buttons without a name", "[...document.querySelectorAll('button')].filter(button => !(button.ariaLabel || button.textContent.trim()))"),
        ("inputs without a label", "[...document.querySelectorAll('input, select')].filter(input => !input.labels.length)"),
        ("what scrolls has no name", "[...document.querySelectorAll('.scroll')].filter(part => !part.ariaLabel)"),
        (
            "what scrolls without the keyboard",
            "[...document.querySelectorAll('.scroll')].filter(part => part.scrollWidth > part.clientWidth + 1 && part.tabIndex !== 0)",
        ),
        (
            "stops that scroll nothing",
            "[...document.querySelectorAll('.scroll')].filter(part => part.checkVisibility() && part.scrollWidth <= part.clientWidth && part.tabIndex === 0)",
        ),
        ("landmarks beyond number", "[...document.querySelectorAll('[role=region]')]"),
        ("columns without a heading", "[...document.querySelectorAll('thead th')].filter(cell => !cell.textContent.trim())"),
        ("names given twice", "[...document.querySelectorAll('[id]')].map(element => element.id).filter((id, place, ids) => ids.indexOf(id) !== place)"),
        (
            "links that lead nowhere",
            "[...document.querySelectorAll('a[href^=\"#\"]')].filter(link => !document.getElementById(decodeURIComponent(link.hash.slice(1))))",
        ),
    ] {
        assert_eq!(
            browser.number(&format!("{wrong}.length")),
            0.0,
            "{what}: {}",
            browser.value(&format!("{wrong}.slice(0, 3).map(one => one.outerHTML || one).join(' ')"))
        );
    }
    // Focus can be seen.
    browser.press("Tab");
    assert_eq!(browser.text("getComputedStyle(document.activeElement).outlineStyle"), "solid");
    page.is_quiet();
}
