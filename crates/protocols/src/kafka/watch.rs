//! What librdkafka tells by itself: connections that were made, ends of partitions, and that no broker is to be had.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::statistics::Statistics;
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::Notify;

use super::connection::PATIENCE;

/// What a client has told so far.
#[derive(Default)]
pub(super) struct Watch {
    connects: AtomicU32,
    /// No broker was connected when it told last.
    is_down: AtomicBool,
    /// The last thing it had to say of a connection.
    complaint: Mutex<String>,
    /// No broker can be reached.
    pub(super) is_alone: Notify,
    /// Partitions were given to this consumer.
    pub(super) is_assigned: Notify,
    /// Where partitions end, as of the last time it told.
    ends: Mutex<HashMap<i32, i64>>,
    /// New members of a group begin behind what is there already.
    skips_what_is_there: bool,
}

impl Watch {
    /// Of a consumer in a group, which begins behind what is there already or not.
    pub(super) fn of_member(skips_what_is_there: bool) -> Self {
        Self { skips_what_is_there, ..Self::default() }
    }

    /// Connections made so far.
    pub(super) fn connects(&self) -> u32 {
        self.connects.load(Ordering::Relaxed)
    }

    /// Whether some broker was connected when it told last.
    pub(super) fn is_up(&self) -> bool {
        !self.is_down.load(Ordering::Relaxed)
    }

    /// The last thing it had to say of a connection.
    pub(super) fn complaint(&self) -> String {
        held(&self.complaint).clone()
    }

    /// Messages behind this one, as of the last time the client told.
    pub(super) fn lag(&self, partition: i32, offset: i64) -> Option<u64> {
        let end = *held(&self.ends).get(&partition)?;
        Some(u64::try_from(end - offset - 1).unwrap_or(0))
    }

    /// Where partitions end.
    pub(super) fn end(&self, partition: i32, offset: i64) {
        held(&self.ends).insert(partition, offset);
    }
}

/// The same as librdkafka sees it.
#[derive(Clone, Default)]
pub(super) struct Told(pub(super) Arc<Watch>);

impl ClientContext for Told {
    /// It would say everything on standard error otherwise.
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, message: &str) {
        if message.contains("failed") || message.contains("Failed") {
            message.clone_into(&mut held(&self.0.complaint));
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let is_alone = error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown);
        if is_alone {
            self.0.is_alone.notify_one();
        } else {
            reason.clone_into(&mut held(&self.0.complaint));
        }
        // Credentials that are wrong stay wrong.
        if matches!(
            error.rdkafka_error_code(),
            Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SSL)
        ) {
            self.0.is_alone.notify_one();
        }
    }

    fn stats(&self, statistics: Statistics) {
        let connects: i64 = statistics.brokers.values().filter_map(|broker| broker.connects).sum();
        self.0.connects.store(u32::try_from(connects).unwrap_or(0), Ordering::Relaxed);
        let is_down = !statistics.brokers.values().any(|broker| broker.state == "UP");
        self.0.is_down.store(is_down, Ordering::Relaxed);
        for partition in statistics.topics.values().flat_map(|topic| topic.partitions.values()) {
            if partition.hi_offset >= 0 {
                self.0.end(partition.partition, partition.hi_offset);
            }
        }
    }
}

impl ConsumerContext for Told {
    /// A group that has read nothing of a partition yet begins at its end as it is now; left to itself, the client would
    /// look for the end only when it fetches for the first time, and miss what comes in between.
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let Rebalance::Assign(given) = rebalance else { return };
        if !self.0.skips_what_is_there {
            return;
        }
        let Ok(committed) = consumer.committed_offsets((*given).clone(), PATIENCE) else { return };
        let mut begins = TopicPartitionList::new();
        for partition in committed.elements().iter().filter(|p| p.offset() == Offset::Invalid) {
            let ends = consumer.fetch_watermarks(partition.topic(), partition.partition(), PATIENCE);
            let Ok((_, end)) = ends else { continue };
            // It was just given to us by its own name.
            let _known =
                begins.add_partition_offset(partition.topic(), partition.partition(), Offset::Offset(end));
        }
        if begins.count() > 0 {
            // Without this, what comes in between is missed; nothing else goes wrong.
            let _kept = consumer.commit(&begins, rdkafka::consumer::CommitMode::Sync);
        }
    }

    fn post_rebalance(&self, _consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if matches!(rebalance, Rebalance::Assign(_)) {
            self.0.is_assigned.notify_one();
        }
    }
}

fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
