//! Opens a report and the page of a suite in a real browser, on a wide screen and on a narrow one, in both colour schemes.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::shell::{has, root, run};

/// Names under which Chromium is installed.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Width in pixels and colour scheme of every look.
const LOOKS: [(&str, &str); 4] = [("1280", "light"), ("1280", "dark"), ("360", "light"), ("360", "dark")];

/// Looks at a fresh report; `pictures` are kept in docs/pictures.
pub(crate) fn browser(pictures: bool) -> Result<()> {
    let Some(browser) = BROWSERS.into_iter().find(|b| has(b)).filter(|_| has("node")) else {
        bail!("chromium and node are needed; run `cargo xtask setup`");
    };
    let directory = std::env::temp_dir().join(format!("plimsoll-browser-{}", std::process::id()));
    let looked = look(browser, &directory, pictures);
    let _left = std::fs::remove_dir_all(&directory);
    looked
}

/// Whether there is a browser to look with.
pub(crate) fn is_possible() -> bool {
    BROWSERS.into_iter().any(has) && has("node")
}

fn look(browser: &str, directory: &Path, pictures: bool) -> Result<()> {
    let profile = if pictures { "release" } else { "debug" };
    let program = root().join(format!("target/{profile}/plimsoll"));
    let plan = root().join("crates/xtask/assets/report.yaml");
    let out = directory.join("run");
    let run_it = std::process::Command::new(&program)
        .args(["run", "-q", "--samples"])
        .arg(&plan)
        .arg("--out")
        .arg(&out)
        .output()
        .with_context(|| format!("failed to start {}", program.display()))?;
    let report = out.join("report.html");
    if !report.exists() {
        bail!("no report was written: {}", String::from_utf8_lossy(&run_it.stderr));
    }
    for (width, scheme) in LOOKS {
        let picture = format!("report-{width}-{scheme}");
        look_at(browser, (&report, &kept(directory, &picture, pictures)), (width, scheme))?;
    }
    let page = suite(&program, directory)?;
    for (width, scheme) in LOOKS {
        // One picture of it says enough; the others are looked at all the same.
        let is_kept = pictures && (width, scheme) == LOOKS[0];
        look_at(browser, (&page, &kept(directory, "suite", is_kept)), (width, scheme))?;
    }
    Ok(())
}

/// Where a picture goes.
fn kept(directory: &Path, name: &str, is_kept: bool) -> PathBuf {
    if is_kept { root().join(format!("docs/pictures/{name}.png")) } else { directory.join("picture.png") }
}

/// Runs a suite, as short as it can be; its page.
fn suite(program: &Path, directory: &Path) -> Result<PathBuf> {
    let out = directory.join("suite");
    let ran = std::process::Command::new(program)
        .arg("suite")
        .arg(root().join("crates/xtask/assets/suite"))
        .args(["--scale", "0.1", "--quiet", "--out"])
        .arg(&out)
        .output()
        .with_context(|| format!("failed to start {}", program.display()))?;
    let page = out.join("index.html");
    if page.exists() {
        Ok(page)
    } else {
        bail!("no page was written: {}", String::from_utf8_lossy(&ran.stderr))
    }
}

/// Looks at a page in one width and colour scheme.
fn look_at(browser: &str, (page, picture): (&Path, &Path), (width, scheme): (&str, &str)) -> Result<()> {
    let script = root().join("crates/report/tests/browser.mjs").display().to_string();
    let (page, picture) = (page.display().to_string(), picture.display().to_string());
    println!("looking at {width} pixels, {scheme}");
    // A browser that does not start is tried once more, not waited for.
    let look = || run("timeout", &["60", "node", &script, browser, &page, &picture, width, scheme]);
    look().or_else(|_| look())
}
