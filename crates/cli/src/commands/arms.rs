//! Arms of a comparison as they stand on the command line: what each is called, and what belongs to it.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use plimsoll_metrics::expression::{ArmClaim, parse_arm_claim};
use plimsoll_report::comparison::{Arm, RunSummary, runs_in};
use plimsoll_script::yaml::diagnostics::suggest;

use crate::args::CompareArgs;
use crate::exit_code::Exit;

/// An arm before anything of it was read or made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Named<T> {
    pub(crate) name: String,
    pub(crate) what: T,
}

/// Letters for arms whose directories do not tell them apart.
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Something on the command line that must be written differently.
fn wrong(what: impl std::fmt::Display) -> anyhow::Error {
    anyhow::anyhow!("{what}").context(Exit::WrongPlan)
}

/// Arms of recorded runs: those with names, or those between `--`.
pub(crate) fn of_runs(args: &CompareArgs) -> anyhow::Result<Vec<Named<Vec<PathBuf>>>> {
    let arms = if args.arms.is_empty() { between_dashes(args) } else { with_names(&args.arms)? };
    if let Some(empty) = arms.iter().find(|arm| arm.what.is_empty()) {
        return Err(wrong(format!("the arm {} has no runs", empty.name)));
    }
    checked(arms, "name them: --arm NAME=RUNS --arm NAME=RUNS")
}

fn with_names(arms: &[(String, String)]) -> anyhow::Result<Vec<Named<Vec<PathBuf>>>> {
    let arm = |(name, runs): &(String, String)| -> anyhow::Result<_> {
        let what: Vec<PathBuf> = runs.split(',').filter(|run| !run.is_empty()).map(PathBuf::from).collect();
        Ok(Named { name: plain(name)?, what })
    };
    arms.iter().map(arm).collect()
}

fn between_dashes(args: &CompareArgs) -> Vec<Named<Vec<PathBuf>>> {
    let more = args.b.split(|path| path == OsStr::new("--"));
    let arms: Vec<Vec<PathBuf>> =
        std::iter::once(args.a.clone()).chain(more.map(<[PathBuf]>::to_vec)).collect();
    let names: Vec<_> = arms.iter().map(|runs| directory_name(runs)).collect();
    let different: BTreeSet<_> = names.iter().flatten().collect();
    let has_names = different.len() == arms.len();
    let named = |((at, what), name): ((usize, Vec<PathBuf>), Option<String>)| {
        let letter = LETTERS.chars().nth(at).map_or_else(|| format!("arm{}", at + 1), String::from);
        Named { name: name.filter(|_| has_names).unwrap_or(letter), what }
    };
    arms.into_iter().enumerate().zip(names).map(named).collect()
}

/// The directory that holds all runs of an arm, or is its only one.
fn directory_name(runs: &[PathBuf]) -> Option<String> {
    let directory = match runs {
        [only] => only.as_path(),
        [first, rest @ ..] => {
            let parent = first.parent()?;
            rest.iter().all(|run| run.parent() == Some(parent)).then_some(parent)?
        }
        [] => return None,
    };
    let name = directory.file_name()?.to_str()?;
    plain(name).ok()
}

/// Arms whose runs are to be made, by the names of their plans' files if they have no others.
pub(crate) fn of_plans(plans: &[PathBuf]) -> anyhow::Result<Vec<Named<PathBuf>>> {
    let arm = |written: &PathBuf| -> anyhow::Result<_> {
        let text = written.to_string_lossy();
        let (name, what) = match text.split_once('=') {
            Some((name, plan)) if !written.exists() => (name.to_owned(), PathBuf::from(plan)),
            _ => (written.file_stem().unwrap_or_default().to_string_lossy().into_owned(), written.clone()),
        };
        Ok(Named { name: plain(&name)?, what })
    };
    let arms = plans.iter().map(arm).collect::<anyhow::Result<Vec<_>>>()?;
    checked(arms, "name them: --run NAME=PLAN NAME=PLAN")
}

/// At least two, each with a name of its own.
fn checked<T>(arms: Vec<Named<T>>, hint: &str) -> anyhow::Result<Vec<Named<T>>> {
    if arms.len() < 2 {
        bail!(wrong("one arm is no comparison; give the runs of another behind `--`"));
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = arms.iter().find(|arm| !seen.insert(&arm.name)) {
        return Err(wrong(format!("two arms are called `{}`; {hint}", twice.name)));
    }
    Ok(arms)
}

/// A name that can stand in a claim and be a directory.
fn plain(name: &str) -> anyhow::Result<String> {
    let name = name.trim();
    let is_plain = !name.is_empty()
        && !name.starts_with('.')
        && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
    if is_plain {
        return Ok(name.to_owned());
    }
    Err(wrong(format!("{name:?} is no name for an arm: letters, digits, `-`, `_` and `.`")))
}

/// Claims, whose arms there must be.
pub(crate) fn claims<T>(texts: &[String], arms: &[Named<T>]) -> anyhow::Result<Vec<ArmClaim>> {
    let parse = |text: &String| {
        let claim = parse_arm_claim(text)
            .map_err(|e| wrong(format!("claim `{text}`, at {}: {}; {}", e.offset + 1, e.message, e.hint)))?;
        for name in [&claim.over, &claim.under] {
            known(name, arms).map_err(|problem| problem.context(format!("claim `{text}`")))?;
        }
        if claim.over == claim.under {
            return Err(wrong(format!("claim `{text}`: an arm is always as it is; name two")));
        }
        Ok(claim)
    };
    texts.iter().map(parse).collect()
}

/// There must be an arm of this name.
pub(crate) fn known<T>(name: &str, arms: &[Named<T>]) -> anyhow::Result<()> {
    if arms.iter().any(|arm| arm.name == name) {
        return Ok(());
    }
    let hint = suggest(name, arms.iter().map(|arm| arm.name.as_str()));
    Err(wrong(format!("no arm is called `{name}`; {hint}")))
}

/// What the runs of one arm are told with `-e`: what all are, and what only it is (`ARM:KEY=VALUE`).
pub(crate) fn told<T>(
    env: &[(String, String)],
    arm: &str,
    arms: &[Named<T>],
) -> anyhow::Result<Vec<OsString>> {
    let mut flags = Vec::new();
    for (key, value) in env {
        let key = match key.split_once(':') {
            None => key.as_str(),
            Some((other, key)) => {
                known(other, arms)?;
                if other != arm {
                    continue;
                }
                key
            }
        };
        flags.extend([OsString::from("-e"), OsString::from(format!("{key}={value}"))]);
    }
    Ok(flags)
}

/// The runs of one arm; none of them twice.
pub(crate) fn side(paths: &[PathBuf]) -> anyhow::Result<Vec<RunSummary>> {
    let (mut runs, mut seen) = (Vec::new(), BTreeSet::new());
    for path in paths {
        for run in runs_in(path).context(Exit::Failed)? {
            if !seen.insert(whole(&run)) {
                bail!(wrong(format!("{} is named twice: a run counts once", run.display())));
            }
            runs.push(RunSummary::read(&run).context(Exit::Failed)?);
        }
    }
    Ok(runs)
}

/// The same for all paths to a directory.
fn whole(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Reads all arms. One of which nothing was made yet has no runs.
pub(crate) fn read(arms: &[Named<Vec<PathBuf>>]) -> anyhow::Result<Vec<Arm>> {
    let arm = |arm: &Named<Vec<PathBuf>>| -> anyhow::Result<Arm> {
        let runs = side(&arm.what)?;
        Ok(Arm::new(&arm.name, runs))
    };
    arms.iter().map(arm).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<T>(arms: &[Named<T>]) -> Vec<&str> {
        arms.iter().map(|arm| arm.name.as_str()).collect()
    }

    fn named(list: &[&str]) -> Vec<Named<()>> {
        list.iter().map(|name| Named { name: (*name).to_owned(), what: () }).collect()
    }

    #[test]
    fn plans_give_their_names_unless_they_have_others() {
        let plans = |list: &[&str]| of_plans(&list.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(names(&plans(&["a/nats.yaml", "b/http.yaml"]).unwrap()), ["nats", "http"]);
        let given = plans(&["old=a/plan.yaml", "new=b/plan.yaml"]).unwrap();
        assert_eq!((names(&given), given[1].what.as_path()), (vec!["old", "new"], Path::new("b/plan.yaml")));
        let twice = format!("{:#}", plans(&["a/plan.yaml", "b/plan.yaml"]).unwrap_err());
        assert!(twice.contains("two arms are called `plan`; name them: --run NAME=PLAN"), "{twice}");
        assert!(plans(&["a b=plan.yaml", "c.yaml"]).is_err() && plans(&["a.yaml"]).is_err());
    }

    #[test]
    fn arms_of_claims_must_be_there() {
        let arms = named(&["nats", "http"]);
        assert_eq!(claims(&["ratio(p99, nats, http) < 1".to_owned()], &arms).unwrap()[0].over, "nats");
        let unknown = format!("{:#}", claims(&["ratio(p99, nat, http) < 1".to_owned()], &arms).unwrap_err());
        assert!(unknown.contains("no arm is called `nat`; did you mean `nats`?"), "{unknown}");
        let same = format!("{:#}", claims(&["ratio(p99, nats, nats) < 1".to_owned()], &arms).unwrap_err());
        assert!(same.contains("name two"), "{same}");
        let wrong = format!("{:#}", claims(&["ratio(p98, nats, http) < 1".to_owned()], &arms).unwrap_err());
        assert!(wrong.contains("use throughput, mean, p50, p95 or p99"), "{wrong}");
    }

    #[test]
    fn variables_may_be_for_one_arm() {
        let env = [("A".to_owned(), "1".to_owned()), ("nats:B".to_owned(), "2".to_owned())];
        let arms = named(&["nats", "http"]);
        assert_eq!(told(&env, "nats", &arms).unwrap(), ["-e", "A=1", "-e", "B=2"]);
        assert_eq!(told(&env, "http", &arms).unwrap(), ["-e", "A=1"]);
        assert!(told(&env, "http", &named(&["http"])).is_err());
    }

    #[test]
    fn directories_name_arms() {
        let of = |list: &[&str]| directory_name(&list.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(of(&["runs/before"]).as_deref(), Some("before"));
        assert_eq!(of(&["runs/before/1", "runs/before/2"]).as_deref(), Some("before"));
        assert_eq!(of(&["runs/before/1", "runs/after/2"]), None);
    }
}
