//! What is written and never used is a mistake: somebody thinks it has an effect.

use plimsoll_model::Plan;

use super::Lowering;

impl Lowering<'_> {
    pub(super) fn refuse_unused(&mut self, plan: &Plan) {
        if !self.diagnostics.is_empty() {
            // Something else is wrong; what it would have used is not known.
            return;
        }
        let file = self.file;
        let used = |name: &str| self.used_names.iter().any(|u| u == name);
        let uses_environment =
            |name: &str| self.diagnostics.files.iter().any(|f| f.text.contains(&format!("env.{name}")));
        let mut unused = Vec::new();
        unused.extend(file.data.iter().filter(|(k, _)| !used(&k.value)).map(|(k, _)| (k, "data set")));
        unused.extend(file.vars.iter().filter(|(k, _)| !used(&k.value)).map(|(k, _)| (k, "variable")));
        unused.extend(
            file.env
                .iter()
                .filter(|(k, _)| !uses_environment(&k.value))
                .map(|(k, _)| (k, "environment variable")),
        );
        unused.extend(
            file.targets
                .iter()
                .filter(|(k, _)| !self.used_targets.contains(&k.value))
                .map(|(k, _)| (k, "target")),
        );
        let loaded = |name: &str| {
            plan.loads.iter().any(|l| l.mix.iter().any(|(s, _)| plan.scenarios[usize::from(*s)].name == name))
        };
        unused.extend(file.scenarios.iter().filter(|(k, _)| !loaded(&k.value)).map(|(k, _)| (k, "scenario")));
        let unused: Vec<_> = unused.into_iter().map(|(k, what)| (k.clone(), what)).collect();
        for (key, what) in unused {
            let name = &key.value;
            let hint = match what {
                "scenario" => format!("add `{name}:` under `load`, or remove it"),
                "target" => format!("use it in a step with `on: {name}`, or remove it"),
                "environment variable" => format!("use it as `${{env.{name}}}`, or remove it"),
                _ => format!("use it as `${{{name}}}`, or remove it"),
            };
            self.diagnostics.error(&key.place, format!("the {what} `{}` is never used", key.value), hint);
        }
    }
}
