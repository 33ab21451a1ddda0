//! A timer finer than the runtime's millisecond: a timerfd on Linux, the runtime's own elsewhere.

#[cfg(target_os = "linux")]
pub(crate) use linux::Timer;
#[cfg(not(target_os = "linux"))]
pub(crate) use portable::Timer;

#[cfg(target_os = "linux")]
mod linux {
    use std::os::fd::OwnedFd;

    use plimsoll_model::Nanos;
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    /// One timer. Falls back to the runtime's when no descriptor is to be had.
    pub(crate) struct Timer(Option<AsyncFd<OwnedFd>>);

    impl Timer {
        #[expect(
            deprecated,
            reason = "its replacement is unsafe; the descriptor is owned and stays open as long as the AsyncFd"
        )]
        pub(crate) fn new() -> Self {
            let fd =
                timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)
                    .ok();
            Self(fd.and_then(|fd| AsyncFd::with_interest(fd, Interest::READABLE).ok()))
        }

        /// Completes after `nanos`, usually within some tens of microseconds.
        pub(crate) async fn sleep(&mut self, nanos: Nanos) {
            if nanos == 0 {
                return;
            }
            if self.sleep_on_descriptor(nanos).await.is_none() {
                tokio::time::sleep(std::time::Duration::from_nanos(nanos)).await;
            }
        }

        async fn sleep_on_descriptor(&mut self, nanos: Nanos) -> Option<()> {
            let fd = self.0.as_ref()?;
            let value =
                Timespec { tv_sec: (nanos / 1_000_000_000) as i64, tv_nsec: (nanos % 1_000_000_000) as i64 };
            let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
            timerfd_settime(fd.get_ref(), TimerfdTimerFlags::empty(), &once).ok()?;
            loop {
                let mut ready = fd.readable().await.ok()?;
                let mut expirations = [0u8; 8];
                match rustix::io::read(fd.get_ref(), &mut expirations) {
                    Ok(_) => {
                        ready.clear_ready();
                        return Some(());
                    }
                    Err(rustix::io::Errno::AGAIN) => ready.clear_ready(),
                    Err(_) => return None,
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod portable {
    use plimsoll_model::Nanos;

    /// One timer, as coarse as the runtime's.
    pub(crate) struct Timer;

    impl Timer {
        pub(crate) fn new() -> Self {
            Self
        }

        pub(crate) async fn sleep(&mut self, nanos: Nanos) {
            tokio::time::sleep(std::time::Duration::from_nanos(nanos)).await;
        }
    }
}
