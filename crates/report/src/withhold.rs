//! What audits withhold is not shown: the one place where numbers are taken out of the view.

use plimsoll_audit::finding::resolution_ns;
use plimsoll_audit::{Finding, Withheld};
use plimsoll_metrics::quantile::{Quantile, Standing};
use plimsoll_model::{Nanos, StepId};

use crate::view::{PhaseView, StepView, Times};

/// What the audits of a run withhold.
pub(crate) struct Withholding<'a>(&'a [Finding]);

/// Which number of a distribution it is.
#[derive(Clone, Copy, PartialEq)]
enum Number {
    Plain,
    Quantile(f64),
    Maximum,
}

impl<'a> Withholding<'a> {
    pub(crate) fn of(findings: &'a [Finding]) -> Self {
        Self(findings)
    }

    pub(crate) fn apply(&self, steps: &mut [StepView], phases: &mut [PhaseView]) {
        for step in steps {
            for outcome in &mut step.outcomes {
                self.hide(Some(step.id), &mut outcome.response);
                self.hide(Some(step.id), &mut outcome.service);
            }
            step.overall.iter_mut().for_each(|q| self.hide_quantile(Some(step.id), q));
            if self.hides(Some(step.id), Number::Plain, None) {
                step.phases_ns.clear();
            }
        }
        for phase in phases {
            self.hide(None, &mut phase.response);
        }
    }

    fn hide(&self, step: Option<StepId>, times: &mut Times) {
        let plain = |value: Nanos| self.hides(step, Number::Plain, Some(value));
        times.min_ns = times.min_ns.filter(|v| !plain(*v));
        times.mean_ns = times.mean_ns.filter(|v| !plain(*v as Nanos));
        times.max_ns = times.max_ns.filter(|v| !self.hides(step, Number::Maximum, Some(*v)));
        times.quantiles.iter_mut().for_each(|q| self.hide_quantile(step, q));
    }

    pub(crate) fn hide_quantile(&self, step: Option<StepId>, quantile: &mut Quantile) {
        if quantile.standing == Standing::NotMeasurable {
            return;
        }
        let resolution = self.resolution();
        if self.hides(step, Number::Quantile(quantile.q), None) {
            (quantile.value_ns, quantile.low_ns, quantile.high_ns) = (None, None, None);
            quantile.standing = Standing::Withheld;
        } else if quantile.value_ns.or(quantile.low_ns).is_some_and(|v| v < resolution) {
            // Where the interval reaches above the resolution, so may the value.
            let high = quantile.high_ns.map(|h| h.max(resolution));
            (quantile.value_ns, quantile.low_ns, quantile.high_ns) = (None, None, high);
            quantile.standing = Standing::Below;
        } else if quantile.low_ns.is_some_and(|v| v < resolution) {
            quantile.low_ns = None;
        }
    }

    /// Times shorter than this cannot be told apart.
    pub(crate) fn resolution(&self) -> Nanos {
        resolution_ns(self.0)
    }

    fn hides(&self, step: Option<StepId>, number: Number, value: Option<Nanos>) -> bool {
        self.0.iter().flat_map(|f| &f.withheld).any(|withheld| match *withheld {
            Withheld::Everything | Withheld::Times => true,
            Withheld::TimesBelow(limit) => value.is_some_and(|v| v < limit),
            Withheld::QuantilesAbove(limit) => matches!(number, Number::Quantile(q) if q > limit),
            Withheld::Maximum => number == Number::Maximum,
            // How large the largest was is true of a run that drifted, too.
            Withheld::Unsteady(drifting) => step == Some(drifting) && number != Number::Maximum,
            Withheld::Rates => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_audit::testing::Synthetic;
    use plimsoll_metrics::quantile::Standing;

    use crate::View;

    fn standings(synthetic: &Synthetic) -> Vec<Standing> {
        let view = View::new(synthetic.record());
        view.steps[0].outcomes[0].response.quantiles.iter().map(|q| q.standing).collect()
    }

    #[test]
    fn a_clean_run_shows_everything_and_a_doubtful_one_only_what_it_can_defend() {
        let clean = standings(&Synthetic::default());
        assert_eq!(clean[0], Standing::Published);
        assert!(!clean.contains(&Standing::Withheld));
        // The generator woke 20 ms late: no time is the target's. Of p99.99 nothing was known to begin with.
        let hopeless = standings(&Synthetic { wake_ns: 20_000_000, ..Synthetic::default() });
        assert!(hopeless.iter().all(|s| matches!(s, Standing::Withheld | Standing::NotMeasurable)));
        // It woke 2 ms late: times below 20 ms cannot be told from it; the median is about that, p99 is not.
        let late = standings(&Synthetic { wake_ns: 2_400_000, ..Synthetic::default() });
        assert_eq!((late[0], late[3]), (Standing::Below, Standing::Published));
        assert_eq!(standings(&Synthetic { drift: 0.4, ..Synthetic::default() })[0], Standing::Withheld);
    }
}
