//! Opens a report in a real browser, on a wide screen and on a narrow one, in both colour schemes.

use std::path::Path;

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
    let (script, report) = (root().join("crates/report/tests/browser.mjs"), report.display().to_string());
    let script = script.display().to_string();
    for (width, scheme) in LOOKS {
        let picture = root().join(format!("docs/pictures/report-{width}-{scheme}.png")).display().to_string();
        let picture = if pictures { picture } else { directory.join("picture.png").display().to_string() };
        println!("looking at {width} pixels, {scheme}");
        run("node", &[&script, browser, &report, &picture, width, scheme])?;
    }
    Ok(())
}
