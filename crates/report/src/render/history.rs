//! What a series of runs says: where something changed, and which run stands apart.

use plimsoll_audit::compare::SHARE_DELTA;
use plimsoll_audit::statistics::change_points::{History, Settings, change_points};
use plimsoll_audit::statistics::rank::median;
use plimsoll_audit::statistics::trend::autocorrelation;

use crate::comparison::{RunSummary, is_share};
use crate::render::comparison::shown;

/// Fewest runs of which a history can be told.
pub const RUNS_MIN: usize = 10;

/// One measure of a series of runs.
pub struct Story {
    /// The measure.
    pub measure: String,
    /// Runs that have it, by their place.
    pub runs: Vec<usize>,
    /// What became of it.
    pub history: History,
    /// Values depend on those before them: then nothing holds the false alarms to what is promised.
    pub depends: bool,
}

/// The stories of all measures that at least [`RUNS_MIN`] runs have. `runs` are in the order in which they began; chance comes
/// from `seed`.
pub fn stories(runs: &[RunSummary], seed: u64) -> Vec<Story> {
    let mut names: Vec<_> = runs.iter().flat_map(|run| run.measures.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let story = |name: &String| {
        let usual = Settings::of_history(seed);
        // Shares lie near 1, where a thousandth is what counts.
        let settings = if is_share(name) { Settings { magnitude_min: SHARE_DELTA, ..usual } } else { usual };
        let known = runs.iter().enumerate().filter_map(|(at, run)| Some((at, run.measures.get(name)?.1)));
        let (places, values): (Vec<_>, Vec<_>) = known.unzip();
        if values.len() < RUNS_MIN {
            return None;
        }
        let history = change_points(&values, &settings)?;
        let depends = depends(&values, &history);
        Some(Story { measure: name.clone(), runs: places, history, depends })
    };
    names.into_iter().filter_map(story).collect()
}

/// By how much it changed: a share by points, which it has even where it was nothing.
fn changed(measure: &str, (before, after): (f64, f64)) -> String {
    if is_share(measure) {
        return format!("{:+.2} points", (after - before) * 100.0);
    }
    if before > 0.0 { format!("{:+.1} %", (after / before - 1.0) * 100.0) } else { "from nothing".to_owned() }
}

/// Whether what is left of the values within their stretches follows the value before, more than chance does in 95 %.
fn depends(values: &[f64], history: &History) -> bool {
    let mut ends: Vec<usize> = history.changes.iter().map(|change| change.at).collect();
    ends.push(values.len());
    let (mut left, mut from) = (Vec::with_capacity(values.len()), 0);
    for end in ends {
        let stretch = &values[from..end];
        let middle = median(stretch);
        left.extend(stretch.iter().map(|value| value - middle));
        from = end;
    }
    autocorrelation(&left, 1) > 1.645 / (values.len() as f64).sqrt()
}

/// What else changed from one run to the next: a level that moves there is not the target's for certain.
fn circumstances_changed(before: &RunSummary, after: &RunSummary) -> String {
    let names = after.differs_from(before);
    if names.is_empty() {
        return String::new();
    }
    format!("  from {} on another {}\n", after.path.display(), names.join(", another "))
}

/// In words.
pub fn history_text(runs: &[RunSummary], stories: &[Story]) -> String {
    let changes: usize = stories.iter().map(|story| story.history.changes.len()).sum();
    let mut text = format!(
        "⦵ {changes} changes in {} measures of {} runs; false alarms in at most 5 % of the measures in which nothing changed\n",
        stories.len(),
        runs.len()
    );
    runs.windows(2).for_each(|two| text.push_str(&circumstances_changed(&two[0], &two[1])));
    for Story { measure, runs: places, history, depends } in stories {
        let at = |place: usize| runs[places[place]].path.display().to_string();
        for change in &history.changes {
            text.push_str(&format!(
                "  {measure}: {} before, {} from {} on ({}, p {:.3})\n",
                shown(measure, change.before),
                shown(measure, change.after),
                at(change.at),
                changed(measure, (change.before, change.after)),
                change.p
            ));
        }
        for outlier in &history.outliers {
            text.push_str(&format!("  {measure}: {} stands apart\n", at(*outlier)));
        }
        if history.wanders || *depends {
            text.push_str(&format!(
                "  {measure}: depends on the run before, so changes of it are told too easily: a word here is a hint\n"
            ));
        }
    }
    text
}
