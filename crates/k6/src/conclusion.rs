//! What k6 would say at the end of a run.

use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;

use plimsoll_model::Nanos;
use serde_json::Value;

use crate::metrics::{BuiltIn, Kind};
use crate::run::{Abort, Level};
use crate::script::{Script, alone};
use crate::summary;
use crate::world::Role;

/// What k6 would say at the end of a run.
pub struct Conclusion {
    /// For standard output.
    pub stdout: String,
    /// For standard error.
    pub stderr: String,
    /// Files that `handleSummary` wants written.
    pub files: Vec<(PathBuf, String)>,
    /// For `--summary-export`.
    pub export: Value,
    /// k6's exit code.
    pub exit_code: u8,
    /// Thresholds that hold only because there was nothing to judge them by.
    pub without_samples: Vec<String>,
    /// Thresholds that failed.
    pub failed: Vec<String>,
    /// Thresholds about totals that a run of full length might still come to otherwise, where the run was shortened. They are not
    /// among those that failed.
    pub scaled: Vec<String>,
}

impl Script {
    /// Sums up a run that took so long and dropped so many iterations.
    pub fn conclude(
        &self,
        elapsed_ns: Nanos,
        dropped: u64,
        is_interrupted: bool,
        is_terminal: bool,
    ) -> Conclusion {
        let run = &self.run;
        if dropped > 0 {
            run.book.totals().add(BuiltIn::DroppedIterations as usize, Kind::Counter, dropped as f64);
        }
        let judged = crate::thresholds::judge(&run.options, &run.book, elapsed_ns);
        let data = summary::data(run, &judged, elapsed_ns, is_terminal);
        let named = |wanted: &dyn Fn(&crate::thresholds::Judged) -> bool| {
            let all = judged.iter().filter(|j| wanted(j));
            all.map(|j| format!("{}: {}", j.selector, j.threshold.source)).collect::<Vec<_>>()
        };
        let is_short = run.options.scale.is_some();
        let failed = named(&|j| !(j.holds || is_short && j.is_open()));
        let mut conclusion = Conclusion {
            stdout: String::new(),
            stderr: String::new(),
            files: Vec::new(),
            export: summary::export(&data),
            exit_code: exit_code(
                run.aborted().as_ref(),
                is_interrupted,
                run.marked_failed.load(Relaxed),
                judged.iter().any(|j| !j.holds),
            ),
            scaled: named(&|j| is_short && j.is_open()),
            without_samples: named(&|j| j.holds && j.samples == 0),
            failed,
        };
        self.hand_summary(&data, &mut conclusion);
        conclusion
    }

    /// Waits until every value is written to the files that were asked for; what went wrong.
    pub fn finish_outputs(&self) -> Vec<String> {
        self.run.book.points.finish()
    }

    /// Lets the script say how the summary is to look; otherwise it looks as usual.
    fn hand_summary(&self, data: &Value, conclusion: &mut Conclusion) {
        let usual = |conclusion: &mut Conclusion| conclusion.stdout = summary::render(data, "  ");
        if !self.has("handleSummary") {
            return usual(conclusion);
        }
        match alone(&self.run, Role::Summary(data.to_string())) {
            Ok(result) => {
                let result: Value = serde_json::from_str(&result.unwrap_or_default()).unwrap_or_default();
                for (place, content) in result.as_object().into_iter().flatten() {
                    let content = content.as_str().map_or_else(|| content.to_string(), str::to_owned);
                    match place.as_str() {
                        "stdout" => conclusion.stdout.push_str(&content),
                        "stderr" => conclusion.stderr.push_str(&content),
                        path => conclusion.files.push((path.into(), content)),
                    }
                }
            }
            Err(thrown) => {
                self.run.say(
                    Level::Error,
                    &format!("handleSummary failed, the usual summary follows: {}", thrown.text),
                );
                // k6 takes no notice; a summary that could not be made is an error of the script all the same.
                conclusion.exit_code = if conclusion.exit_code == 0 { 107 } else { conclusion.exit_code };
                usual(conclusion);
            }
        }
    }
}

fn exit_code(aborted: Option<&Abort>, is_interrupted: bool, is_marked: bool, has_failed: bool) -> u8 {
    match aborted {
        Some(Abort::Asked(_)) => 108,
        Some(Abort::Threshold(_)) => 99,
        Some(Abort::Broken(_) | Abort::Setup(_) | Abort::Teardown(_)) => 107,
        None if is_interrupted => 105,
        None if is_marked => 110,
        None if has_failed => 99,
        None => 0,
    }
}
