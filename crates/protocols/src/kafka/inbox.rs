//! What is consumed: a topic by oneself, from its end or its beginning; or together with others of a group, from where the group
//! is.

use std::collections::VecDeque;
use std::sync::Arc;

use plimsoll_model::message::Source;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext};
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Headers, Message};
use rdkafka::metadata::MetadataTopic;
use rdkafka::{Offset, TopicPartitionList};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::connection::{PATIENCE, gone};
use super::error;
use super::watch::{Told, Watch};
use crate::broker::{BrokerError, Letter};

/// Something that is consumed.
pub(super) struct KafkaInbox {
    /// There until the end.
    consumer: Option<Arc<StreamConsumer<Told>>>,
    watch: Arc<Watch>,
    topic: String,
    /// Came while partitions were given out.
    early: VecDeque<Letter>,
    /// It has its part of the group, or needs none.
    is_member: bool,
}

impl KafkaInbox {
    pub(super) async fn open(mut config: ClientConfig, source: &Source) -> Result<Self, BrokerError> {
        let begin = if source.from_beginning { "earliest" } else { "latest" };
        config.set("statistics.interval.ms", "250");
        // How long a broker may wait for more is how old a message is when it is seen at the latest.
        for (name, usual) in [("auto.offset.reset", begin), ("fetch.wait.max.ms", "100")] {
            if config.get(name).is_none() {
                config.set(name, usual);
            }
        }
        let watch = Arc::new(Watch::of_member(!source.from_beginning));
        match &source.group {
            Some(group) => config.set("group.id", group),
            // Its name is needed, but means nothing: nobody joins anything, and nothing is kept of it.
            None => config.set("group.id", "plimsoll").set("enable.auto.commit", "false"),
        };
        let told = Told(watch.clone());
        // Threads are begun and ended; a load thread has no time for that.
        let made = spawn_blocking(move || StreamConsumer::from_config_and_context(&config, told)).await;
        let consumer = made.map_err(|_| gone())?.map_err(|e| error::of_config(&e))?;
        let consumer = Some(Arc::new(consumer));
        let (topic, is_member) = (source.address.clone(), source.group.is_none());
        let inbox = Self { consumer, watch, topic, early: VecDeque::new(), is_member };
        match &source.group {
            Some(_) => {
                let subscribed = inbox.consumer()?.subscribe(&[&inbox.topic]);
                subscribed.map_err(|e| error::of(&inbox.topic, &e))?;
            }
            None => inbox.assign(source.from_beginning).await?,
        }
        Ok(inbox)
    }

    /// Whether some broker can be heard.
    pub(super) fn hears(&self) -> bool {
        self.watch.is_up()
    }

    fn consumer(&self) -> Result<Arc<StreamConsumer<Told>>, BrokerError> {
        self.consumer.clone().ok_or_else(gone)
    }

    /// Waits until the group has given this member its part. Giving up on it loses nothing: the next who waits goes on.
    pub(super) async fn join(&mut self) -> Result<(), BrokerError> {
        let (consumer, watch) = (self.consumer()?, self.watch.clone());
        while !self.is_member {
            tokio::select! {
                () = watch.is_assigned.notified() => self.is_member = true,
                came = consumer.recv() => match came {
                    Ok(message) => self.early.push_back(letter(&message, &self.watch)),
                    Err(error) if error::passes(&error) => {}
                    Err(error) => return Err(error::of(&self.topic, &error)),
                },
            }
        }
        Ok(())
    }

    /// Takes all partitions, from where they begin or from where they end now.
    async fn assign(&self, from_beginning: bool) -> Result<(), BrokerError> {
        let (consumer, topic) = (self.consumer()?, self.topic.clone());
        let asked = spawn_blocking(move || places(&consumer, &topic, from_beginning)).await;
        let asked = asked.map_err(|_| gone())?;
        let (places, ends) = asked.map_err(|e| error::of(&self.topic, &e))?;
        if places.count() == 0 {
            return Err(BrokerError::refused("no topic", format!("{}: there is no such topic", self.topic)));
        }
        for (partition, end) in ends {
            self.watch.end(partition, end);
        }
        self.consumer()?.assign(&places).map_err(|e| error::of(&self.topic, &e))
    }

    pub(super) async fn next(&mut self) -> Result<Letter, BrokerError> {
        if let Some(letter) = self.early.pop_front() {
            return Ok(letter);
        }
        let consumer = self.consumer()?;
        loop {
            match consumer.recv().await {
                Ok(message) => return Ok(letter(&message, &self.watch)),
                Err(error) if error::passes(&error) => {}
                Err(error) => return Err(error::of(&self.topic, &error)),
            }
        }
    }
}

/// Leaving a group takes a while, too.
impl Drop for KafkaInbox {
    fn drop(&mut self) {
        if let (Some(consumer), Ok(runtime)) = (self.consumer.take(), Handle::try_current()) {
            runtime.spawn_blocking(move || drop(consumer));
        }
    }
}

/// Where to begin in each partition, and where they end.
fn places(
    consumer: &StreamConsumer<Told>,
    topic: &str,
    from_beginning: bool,
) -> Result<(TopicPartitionList, Vec<(i32, i64)>), KafkaError> {
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE)?;
    let (mut places, mut ends) = (TopicPartitionList::new(), Vec::new());
    for partition in metadata.topics().iter().flat_map(MetadataTopic::partitions) {
        let (first, end) = consumer.fetch_watermarks(topic, partition.id(), PATIENCE)?;
        let begin = if from_beginning { first } else { end };
        places.add_partition_offset(topic, partition.id(), Offset::Offset(begin))?;
        ends.push((partition.id(), end));
    }
    Ok((places, ends))
}

fn letter(message: &impl Message, watch: &Watch) -> Letter {
    let headers = message.headers().into_iter().flat_map(Headers::iter);
    let text = |value: Option<&[u8]>| String::from_utf8_lossy(value.unwrap_or_default()).into_owned();
    Letter {
        headers: headers.map(|header| (header.key.to_owned(), text(header.value))).collect(),
        payload: message.payload().unwrap_or_default().to_vec().into(),
        status: 0,
        lag: watch.lag(message.partition(), message.offset()),
    }
}
