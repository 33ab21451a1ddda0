//! Looks after conversations in which nobody listens at the moment: servers that ask whether somebody is there get their
//! answer, as they would of any client, and what came is kept for the next step that listens.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::conversation::{Conversation, Talks};

/// Every conversation is looked at once in this time. Servers give their clients several seconds.
const ROUND: Duration = Duration::from_secs(1);

/// In so many parts, lest ten thousand conversations keep the load thread from what is due.
const PARTS: usize = 100;

/// Who looks after the conversations of a load thread.
#[derive(Default)]
pub(super) struct Attendant {
    known: RefCell<Vec<Weak<RefCell<Vec<Conversation>>>>>,
    is_at_work: Cell<bool>,
}

impl Attendant {
    /// Looks after a user's conversations from now on, until the user is gone.
    pub(super) fn attend(self: &Rc<Self>, talks: &Talks) {
        self.known.borrow_mut().push(Rc::downgrade(talks));
        if !self.is_at_work.replace(true) {
            tokio::task::spawn_local(go_round(Rc::downgrade(self)));
        }
    }

    /// Looks at the conversations of users from `first` on, `count` of them.
    fn look(&self, first: usize, count: usize) {
        for talks in self.known.borrow().iter().skip(first).take(count).filter_map(Weak::upgrade) {
            // Whoever holds them listens, or speaks: there is nothing to look after.
            if let Ok(mut talks) = talks.try_borrow_mut() {
                talks.iter_mut().for_each(Conversation::look_in);
            }
        }
    }
}

/// Round after round, for as long as the load thread speaks.
async fn go_round(attendant: Weak<Attendant>) {
    let mut ticks = interval(ROUND / PARTS as u32);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let Some(count) = attendant.upgrade().map(|attendant| {
            let mut known = attendant.known.borrow_mut();
            known.retain(|talks| talks.strong_count() > 0);
            known.len()
        }) else {
            return;
        };
        let share = count.div_ceil(PARTS).max(1);
        for part in 0..PARTS {
            ticks.tick().await;
            if part * share < count
                && let Some(attendant) = attendant.upgrade()
            {
                attendant.look(part * share, share);
            }
        }
    }
}
