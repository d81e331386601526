//! Slides as others read them: python-pptx and openpyxl find in every chart, and in the workbook behind it, what stands in the CSV; pypdf finds ten pages of
//! text. And `pushbench report --slides` as its users meet it.
//!
//! The libraries need a Python that has them: `PUSHBENCH_PYTHON`, else `.venv/bin/python` in the repository. Where they are missing, the test says
//! `SKIPPED`; with the environment variable `CI` set it fails instead.

#[path = "support/served.rs"]
mod served;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use pushbench::measure::recording::Recording;
use pushbench::report::slides::{self, Theme};
use pushbench::report::{Format, charts, files};
use pushbench::summary::Summary;
use pushbench::summary::fixture::made_up;
use served::python;

/// What the script counted.
fn read(recording: &Recording, theme: &Theme, colour: &str) -> Option<BTreeMap<String, usize>> {
    let python = ["pptx", "openpyxl", "pypdf"].map(python).into_iter().collect::<Option<Vec<_>>>()?.pop()?;
    let folder = tempfile::tempdir().unwrap();
    let summary = Summary::new(recording);
    for file in slides::files(&summary, theme).unwrap().into_iter().chain(files(&summary, Format::Csv).unwrap()) {
        fs::write(folder.path().join(&file.name), &file.bytes).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slides/read.py");
    let output = Command::new(python).arg("-B").arg(script).arg(folder.path()).arg(colour).output().unwrap();
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.ends_with("done\n"), "{said}\n{complained}");
    Some(said.lines().filter_map(|line| line.split_once('\t')).map(|(what, count)| (what.to_owned(), count.parse().unwrap())).collect())
}

#[test]
fn charts_and_workbooks_read_back_as_the_csv_has_them() {
    let colour = |ground: charts::Theme| charts::theme::hex(ground.palette().push[0])[1..].to_owned();
    let recording = made_up().scale(0.2).build();
    let Some(counted) = read(&recording, &Theme::default(), &colour(charts::Theme::Light)) else { return };
    // Percentiles, waste, messages, bytes, CPU, memory, freshness against CPU; four contenders.
    assert_eq!((counted["charts"], counted["coloured"]), (7, 5 * 4), "{counted:?}");
    assert!(counted["figures"] > 6 * 4 + 4 * 9 && counted["cached"] > 150, "{counted:?}");
    assert!(counted["pages"] == 10 && counted["fonts"] == 20 && counted["characters"] > 3_000, "{counted:?}");
    // Where push loses, one polling is freshest and another cheapest: the front between them has corners.
    for (other, corners) in
        [(made_up().scale(0.05).push_loses().compression(144.0).build(), 5), (made_up().scale(0.05).many_contenders().repeats(1).build(), 0)]
    {
        let dark = Theme::plain(charts::Theme::Dark);
        let counted = read(&other, &dark, &colour(charts::Theme::Dark)).unwrap();
        assert_eq!((counted["charts"], counted["corners"]), (7, corners), "{counted:?}");
    }
}

#[test]
fn slides_are_made_next_to_the_recording() {
    let folder = tempfile::tempdir().unwrap();
    made_up().scale(0.05).build().save(folder.path()).unwrap();
    let report = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_pushbench")).arg("report").arg(folder.path()).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let theme = folder.path().join("theme.toml");
    fs::write(&theme, "footer = \"A conference\"\nfonts = \"Arial\"\n").unwrap();
    let (code, out, err) = report(&["--slides", "--theme", theme.to_str().unwrap()]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(
        err.starts_with("error: unknown key \"fonts\" in the theme\n") && err.contains("theme.toml:2:1\n") && err.contains("did you mean \"font\"?"),
        "{err}"
    );
    let (code, _, err) = report(&["--slides", "--theme", "absent.toml"]);
    assert!(code == Some(2) && err.contains("cannot read the theme absent.toml: ") && err.contains("docs/slides.md"), "{err}");
    assert_eq!(report(&["--theme", "dark"]).0, Some(2), "a theme is for slides");
    assert!(!folder.path().join("slides.pptx").exists());

    fs::write(&theme, "ground = \"dark\"\nfooter = \"A conference\"\n").unwrap();
    let (code, out, err) = report(&["--slides", "--theme", theme.to_str().unwrap()]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.starts_with("Slides written to ") && out.contains("slides.pptx, slides.pdf, slides.md, ") && out.contains(" pictures in charts/"), "{out}");
    assert!(!folder.path().join("summary.md").exists(), "nothing else is made");
    let markdown = fs::read_to_string(folder.path().join("slides.md")).unwrap();
    let pictures: Vec<&str> = markdown.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(path, _)| path).collect();
    assert!(pictures.len() >= 4, "{markdown}");
    for picture in pictures {
        assert!(folder.path().join(picture).exists(), "slides.md shows {picture}, which is not there");
    }
    for name in ["latency-light.png", "latency-dark.png", "latency-light.svg", "latency-dark.svg"] {
        assert!(folder.path().join("charts").join(name).exists(), "{name}");
    }
}

/// The example in `docs/slides.md` is a theme that can be read.
#[test]
fn the_documented_theme_can_be_read() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/slides.md")).unwrap();
    let (_, example) = page.split_once("```toml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let logo = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"4\" height=\"2\"><rect width=\"4\" height=\"2\"/></svg>";
    let theme = Theme::read(example, "docs/slides.md", |_| Ok(logo.as_bytes().to_vec())).unwrap_or_else(|error| panic!("{error}"));
    assert!(theme.logo.is_some() && !theme.footer.is_empty() && !theme.link.is_empty());
    for key in ["ground", "font", "font_width", "logo", "footer", "link", "colours", "ink", "soft", "grid", "warning", "push", "pull", "control"] {
        assert!(page.contains(&format!("`{key}`")), "docs/slides.md does not tell of `{key}`");
    }
}
