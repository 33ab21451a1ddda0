//! What a user does with a cluster.

use std::rc::Rc;
use std::time::Duration;

use plimsoll_model::message::{DeclareRequest, MessageRequest, Source};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::config::FromClientConfig;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::FutureRecord;
use tokio::task::spawn_blocking;

use super::connection::{Connection, Silent, gone};
use super::error;
use super::inbox::KafkaInbox;
use crate::broker::{BrokerError, Letter, Line};

/// One user's side of a cluster.
pub(super) struct KafkaLine {
    connection: Rc<Connection>,
}

impl KafkaLine {
    pub(super) fn new(connection: Rc<Connection>) -> Self {
        Self { connection }
    }
}

impl Line for KafkaLine {
    type Inbox = KafkaInbox;

    fn is_open(&self) -> bool {
        true
    }

    async fn send(&mut self, request: &MessageRequest) -> Result<Option<Letter>, BrokerError> {
        let producer = self.connection.producer(request.until).await?;
        let mut record: FutureRecord<'_, str, [u8]> =
            FutureRecord::to(&request.address).payload(&request.payload);
        if let Some(key) = &request.key {
            record = record.key(key);
        }
        if !request.headers.is_empty() {
            let headers = OwnedHeaders::new_with_capacity(request.headers.len());
            record =
                record.headers(request.headers.iter().fold(headers, |headers, (key, value)| {
                    headers.insert(Header { key, value: Some(value) })
                }));
        }
        let sent = producer.send_result(record).map_err(|(e, _)| error::of(&request.address, &e))?;
        let delivered = sent.await.map_err(|_| gone())?;
        delivered.map(|_| None).map_err(|(e, _)| error::of(&request.address, &e))
    }

    async fn subscribe(&mut self, source: &Source) -> Result<KafkaInbox, BrokerError> {
        KafkaInbox::open(self.connection.config(), source).await
    }

    async fn ready(&mut self, inbox: &mut KafkaInbox) -> Result<(), BrokerError> {
        inbox.join().await
    }

    fn hears(&self, inbox: &KafkaInbox) -> bool {
        inbox.hears()
    }

    async fn next(&mut self, inbox: &mut KafkaInbox) -> Result<Letter, BrokerError> {
        inbox.next().await
    }

    /// A topic with `partitions` (1) and `replication` (1); what is not known here is a setting of it.
    async fn declare(&mut self, request: &DeclareRequest) -> Result<(), BrokerError> {
        let number = |name: &str| {
            let given = request.settings.iter().find(|(known, _)| known == name);
            given.map_or(Ok(1), |(_, value)| {
                value.parse::<i32>().map_err(|e| BrokerError::Request("bad setting", format!("{name}: {e}")))
            })
        };
        let replication = TopicReplication::Fixed(number("replication")?);
        let mut topic = NewTopic::new(&request.address, number("partitions")?, replication);
        let others =
            request.settings.iter().filter(|(name, _)| name != "replication" && name != "partitions");
        for (name, value) in others {
            topic = topic.set(name, value);
        }
        let config = self.connection.config();
        // Threads are begun and ended; a load thread has no time for that.
        let admin = spawn_blocking(move || AdminClient::from_config(&config)).await;
        let admin: AdminClient<Silent> = admin.map_err(|_| gone())?.map_err(|e| error::of_config(&e))?;
        let options = AdminOptions::new().operation_timeout(Some(Duration::from_nanos(request.timeout_ns)));
        let made = admin.create_topics([&topic], &options).await;
        drop(spawn_blocking(move || drop(admin)));
        for ended in made.map_err(|e| error::of(&request.address, &e))? {
            match ended {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((topic, code)) => {
                    return Err(BrokerError::refused(format!("{code:?}"), format!("{topic}: {code}")));
                }
            }
        }
        Ok(())
    }
}
