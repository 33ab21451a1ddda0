//! What a user does with an MQTT connection.

use std::rc::Rc;
use std::sync::Arc;

use plimsoll_model::message::{DeclareRequest, MessageRequest, Source, Until};
use rumqttc::mqttbytes::valid_topic;
use rumqttc::{ClientError, QoS, Request};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::oneshot;

use super::connection::Connection;
use super::post::{Post, Waits};
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
    letters: UnboundedReceiver<Letter>,
    number: u64,
    post: Arc<Post>,
}

impl Drop for MqttInbox {
    fn drop(&mut self) {
        self.post.forget(self.number);
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
        let (into, letters) = unbounded_channel();
        let post = self.connection.post.clone();
        let number = post.subscribed(&source.address, source.group.is_some(), into);
        let inbox = MqttInbox { letters, number, post };
        let told = self.connection.post.asking(|| {
            let asked = self.connection.client.try_subscribe(&filter, QoS::AtLeastOnce);
            asked.map_err(|error| not_taken(&filter, &error))
        })?;
        self.told(told).await?;
        Ok(inbox)
    }

    async fn next(&mut self, inbox: &mut MqttInbox) -> Result<Letter, BrokerError> {
        inbox.letters.recv().await.ok_or_else(|| self.connection.post.ended())
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
