//! What a series of runs says: where something changed, and which run stands apart.

use plimsoll_audit::statistics::change_points::{History, Settings, change_points};
use plimsoll_audit::statistics::rank::median;
use plimsoll_audit::statistics::trend::autocorrelation;

use crate::comparison::RunSummary;
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
    let settings = Settings::of_history(seed);
    let story = |name: &String| {
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

/// In words.
pub fn history_text(runs: &[RunSummary], stories: &[Story]) -> String {
    let changes: usize = stories.iter().map(|story| story.history.changes.len()).sum();
    let mut text = format!(
        "⦵ {changes} changes in {} measures of {} runs; false alarms in at most 5 % of the measures in which nothing changed\n",
        stories.len(),
        runs.len()
    );
    for Story { measure, runs: places, history, depends } in stories {
        let at = |place: usize| runs[places[place]].path.display().to_string();
        for change in &history.changes {
            text.push_str(&format!(
                "  {measure}: {} before, {} from {} on ({:+.1} %, p {:.3})\n",
                shown(measure, change.before),
                shown(measure, change.after),
                at(change.at),
                (change.after / change.before - 1.0) * 100.0,
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
