//! What the numbers were made on.

use anyhow::Result;

use crate::shell::output;

/// The document's head.
pub(super) fn facts() -> Result<String> {
    let cpu = output("sh", &["-c", "grep -m1 'model name' /proc/cpuinfo | cut -d: -f2"])?;
    let kernel = output("uname", &["-r"])?;
    let cores = output("nproc", &[])?;
    let commit = output("git", &["rev-parse", "--short", "HEAD"])?;
    let versions = output(
        "sh",
        &[
            "-c",
            "nginx -v 2>&1; wrk -v 2>&1 | head -1; oha --version 2>/dev/null; k6 version 2>/dev/null; rustc --version",
        ],
    )?;
    let versions: Vec<_> = versions.lines().map(|l| format!("- {l}")).collect();
    Ok(format!(
        "# Benchmarks\n\nMade by `cargo xtask bench`: every tool in turn on the same machine in the same session, medians of paired\nratios. The server is nginx with one worker on one core, the tool runs on the other. CPU time is user and system.\n\n- {} cores,{}, Linux {}- commit {}{}\n",
        cores.trim(),
        cpu.trim_end(),
        kernel,
        commit,
        versions.join("\n")
    ))
}
