//! What a user does with an MQTT connection.

use std::rc::Rc;
use std::sync::Arc;

use plimsoll_model::message::{DeclareRequest, MessageRequest, Source, Until};
use rumqttc::mqttbytes::valid_topic;
use rumqttc::{AsyncClient, ClientError, QoS, Request};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::oneshot;

use super::connection::Connection;
use super::post::{Arrived, Post, Waits};
use crate::broker::{BrokerError, Letter, Line};

/// One user's side of a connection.
pub(super) struct MqttLine {
    connection: Rc<Connection>,
}

impl MqttLine {
    pub(super) fn new(connection: Rc<Connection>) -> Self {
        Self { connection }
    }

    async fn told(&self, told: oneshot::Receiver<Result<(), BrokerError>>) -> Result<(), BrokerError> {
        told.await.unwrap_or_else(|_| Err(self.connection.post.ended()))
    }
}

/// What comes for a subscription.
pub(super) struct MqttInbox {
    arrived: UnboundedReceiver<Arrived>,
    number: u64,
    /// As the broker knows it.
    filter: String,
    client: AsyncClient,
    post: Arc<Post>,
}

impl Drop for MqttInbox {
    fn drop(&mut self) {
        if self.post.forget(self.number) {
            // A connection that is gone knows no subscriptions any more.
            let _gone = self.client.try_unsubscribe(&self.filter);
        }
    }
}

impl Line for MqttLine {
    type Inbox = MqttInbox;

    fn is_open(&self) -> bool {
        self.connection.is_open()
    }

    async fn send(&mut self, request: &MessageRequest) -> Result<Option<Letter>, BrokerError> {
        let (quality, waits) = match request.until {
            Until::Sent => (QoS::AtMostOnce, Waits::Sent),
            Until::Once => (QoS::ExactlyOnce, Waits::Acknowledged),
            Until::Leader | Until::Stored | Until::Answered => (QoS::AtLeastOnce, Waits::Acknowledged),
        };
        let (client, payload) = (&self.connection.client, request.payload.to_vec());
        let told = self.connection.post.leaving(waits, || {
            let handed = client.try_publish(&request.address, quality, false, payload);
            handed.map_err(|error| not_taken(&request.address, &error))
        })?;
        self.told(told).await.map(|()| None)
    }

    async fn subscribe(&mut self, source: &Source) -> Result<MqttInbox, BrokerError> {
        let filter = match &source.group {
            Some(group) => format!("$share/{group}/{}", source.address),
            None => source.address.clone(),
        };
        // What is kept comes before the answer to the subscription does.
        let (into, arrived) = unbounded_channel();
        let Connection { client, post, .. } = self.connection.as_ref();
        let number = post.subscribed(&source.address, source.group.as_ref(), into)?;
        let (client, post) = (client.clone(), post.clone());
        let inbox = MqttInbox { arrived, number, filter, client, post };
        let told = self.connection.post.asking(|| {
            let asked = self.connection.client.try_subscribe(&inbox.filter, QoS::AtLeastOnce);
            asked.map_err(|error| not_taken(&inbox.filter, &error))
        })?;
        self.told(told).await?;
        Ok(inbox)
    }

    async fn next(&mut self, inbox: &mut MqttInbox) -> Result<Letter, BrokerError> {
        let (letter, message) = inbox.arrived.recv().await.ok_or_else(|| self.connection.post.ended())?;
        if let Some(message) = message {
            // A connection that is gone is told of by the next message.
            let _gone = self.connection.client.try_ack(&message);
        }
        Ok(letter)
    }

    async fn declare(&mut self, _request: &DeclareRequest) -> Result<(), BrokerError> {
        Err(BrokerError::Request("bad request", "topics of MQTT are not declared".to_owned()))
    }
}

fn not_taken(what: &str, error: &ClientError) -> BrokerError {
    match error {
        ClientError::TryRequest(Request::Publish(message)) if valid_topic(&message.topic) => {
            BrokerError::refused("queue full", "more is published than the connection takes")
        }
        _ => BrokerError::Request("bad topic", format!("{what:?} is no topic that a message may have")),
    }
}
