//! How far a group is behind the end of a topic. The client is librdkafka, as it is for users.

use std::time::Duration;

use plimsoll_model::Unit;
use plimsoll_model::monitor::{Gauge, Gauges, Watch};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::metadata::{MetadataPartition, MetadataTopic};
use rdkafka::{Offset, TopicPartitionList};

use crate::deadline::Deadline;

/// A topic and a group that are looked at again and again. It does not join the group.
pub(crate) struct Lag {
    brokers: String,
    group: String,
    topic: String,
    timeout: Duration,
    consumer: Option<BaseConsumer>,
}

/// A partition: its first message, its end, and what the group has committed.
#[derive(Clone, Copy)]
struct Partition {
    first: i64,
    end: i64,
    committed: Option<i64>,
}

impl Lag {
    pub(crate) fn new(brokers: &str, group: &str, topic: &str, timeout: Duration) -> Self {
        let brokers = brokers.trim_start_matches("kafka://").to_owned();
        Self { brokers, group: group.to_owned(), topic: topic.to_owned(), timeout, consumer: None }
    }

    fn consumer(&mut self) -> Result<&BaseConsumer, KafkaError> {
        if self.consumer.is_none() {
            let mut config = ClientConfig::new();
            config.set("bootstrap.servers", &self.brokers).set("group.id", &self.group);
            self.consumer = Some(config.create()?);
        }
        Ok(self.consumer.as_ref().expect("made just now"))
    }

    fn ask(&mut self) -> Result<Vec<Partition>, String> {
        let (topic, deadline) = (self.topic.clone(), Deadline::after(self.timeout));
        let consumer = self.consumer().map_err(|e| e.to_string())?;
        let said = |e: KafkaError| e.to_string();
        let metadata = consumer.fetch_metadata(Some(&topic), deadline.left()?).map_err(said)?;
        let numbers: Vec<i32> =
            metadata.topics().iter().flat_map(MetadataTopic::partitions).map(MetadataPartition::id).collect();
        if numbers.is_empty() {
            return Err(format!("there is no topic {topic}"));
        }
        let mut wanted = TopicPartitionList::new();
        numbers.iter().for_each(|number| {
            wanted.add_partition(&topic, *number);
        });
        let committed = consumer.committed_offsets(wanted, deadline.left()?).map_err(said)?;
        let of = |number: i32| {
            let (first, end) = consumer.fetch_watermarks(&topic, number, deadline.left()?).map_err(said)?;
            let committed = committed.find_partition(&topic, number).and_then(|p| match p.offset() {
                Offset::Offset(at) => Some(at),
                _ => None,
            });
            Ok(Partition { first, end, committed })
        };
        numbers.into_iter().map(of).collect()
    }
}

impl Watch for Lag {
    fn read(&mut self) -> Gauges {
        match self.ask() {
            Ok(partitions) => gauges(&partitions),
            Err(problem) => {
                self.consumer = None;
                Gauges::absent(problem)
            }
        }
    }
}

/// A group that never committed anything has all there is before it.
fn gauges(partitions: &[Partition]) -> Gauges {
    let sum = |of: &dyn Fn(&Partition) -> i64| partitions.iter().map(of).sum::<i64>() as f64;
    let lag = sum(&|p| (p.end - p.committed.unwrap_or(p.first).max(p.first)).max(0));
    let mut values =
        vec![Gauge::level("lag", lag, Unit::Count), Gauge::counter("written", sum(&|p| p.end), Unit::Count)];
    if partitions.iter().any(|p| p.committed.is_some()) {
        values.push(Gauge::counter("committed", sum(&|p| p.committed.unwrap_or(p.first)), Unit::Count));
    }
    Gauges { values, missing: None }
}

#[cfg(test)]
mod tests {
    use rdkafka::consumer::CommitMode;
    use rdkafka::mocking::MockCluster;

    use super::*;

    #[test]
    fn lag_is_what_is_not_committed() {
        let partition = |first, end, committed| Partition { first, end, committed };
        let read = gauges(&[
            partition(0, 100, Some(90)),
            partition(5, 50, None),
            // What was deleted before it was read is no lag any more.
            partition(20, 30, Some(10)),
        ]);
        assert_eq!(read.values[0].value, 10.0 + 45.0 + 10.0);
        crate::tests::is_declared("kafka", &read);
    }

    #[test]
    fn a_group_is_watched_without_joining_it() {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("orders", 2, 1).unwrap();
        let mut lag = Lag::new(&cluster.bootstrap_servers(), "workers", "orders", Duration::from_mins(1));
        let values =
            |read: &Gauges| read.values.iter().map(|g| (g.name.clone(), g.value)).collect::<Vec<_>>();
        let read = lag.read();
        assert_eq!(values(&read), [("lag".to_owned(), 0.0), ("written".to_owned(), 0.0)], "{read:?}");
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", cluster.bootstrap_servers());
        let producer: rdkafka::producer::BaseProducer = config.create().unwrap();
        for n in 0..10 {
            use rdkafka::producer::BaseRecord;
            let record = BaseRecord::<(), str>::to("orders").partition(n % 2).payload("x");
            assert!(producer.send(record).is_ok());
        }
        rdkafka::producer::Producer::flush(&producer, Duration::from_mins(1)).unwrap();
        assert_eq!(lag.read().values[0].value, 10.0);
        let reader: BaseConsumer = config.set("group.id", "workers").create().unwrap();
        let mut done = TopicPartitionList::new();
        done.add_partition_offset("orders", 0, Offset::Offset(4)).unwrap();
        reader.commit(&done, CommitMode::Sync).unwrap();
        let read = lag.read();
        assert_eq!(read.values[0].value, 6.0, "{read:?}");
    }
}
