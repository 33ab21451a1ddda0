//! One user's channels.

use std::rc::Rc;

use futures::StreamExt;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
    ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, Connection, Consumer, ExchangeKind, PublisherConfirm};
use plimsoll_model::message::{DeclareRequest, MessageRequest, Source, Until};

use super::error;
use crate::broker::{BrokerError, Letter, Line};

/// The queue by which a broker gives answers back to whoever asked.
const REPLIES: &str = "amq.rabbitmq.reply-to";

/// Messages that a broker may send before the first of them is acknowledged: a broker's usual advice, and what is not taken
/// goes back to the queue when the user is gone.
const PREFETCH: u16 = 32;

/// One user's channels.
pub(super) struct AmqpLine {
    connection: Rc<Connection>,
    channel: Channel,
    /// Where the broker confirms; of its own, as a channel cannot go back to confirming nothing.
    confirming: Option<Confirming>,
    questions: u64,
}

/// A channel on which the broker confirms what it took.
struct Confirming {
    channel: Channel,
    /// Answers to questions that were asked on it.
    replies: Option<Consumer>,
    /// Something was not confirmed yet: what comes late must not be taken for another's.
    is_waiting: bool,
}

impl AmqpLine {
    pub(super) fn new(connection: Rc<Connection>, channel: Channel) -> Self {
        Self { connection, channel, confirming: None, questions: 0 }
    }

    /// The channel that confirms: another one, if somebody gave up waiting on the last.
    async fn confirming(&mut self) -> Result<&mut Confirming, BrokerError> {
        let is_of_use = |known: &Confirming| !known.is_waiting && known.channel.status().connected();
        if !self.confirming.as_ref().is_some_and(is_of_use) {
            self.confirming = None;
            let channel = Box::pin(self.connection.create_channel()).await.map_err(|e| error::of(&e))?;
            let selected = Box::pin(channel.confirm_select(ConfirmSelectOptions::default())).await;
            selected.map_err(|e| error::of(&e))?;
            self.confirming = Some(Confirming { channel, replies: None, is_waiting: false });
        }
        self.confirming.as_mut().ok_or_else(ended)
    }

    /// Asks, and waits for the answer to this question: late ones to others are passed over.
    async fn ask(
        &mut self,
        request: &MessageRequest,
        properties: BasicProperties,
    ) -> Result<Letter, BrokerError> {
        self.questions += 1;
        let id = self.questions.to_string();
        let on = self.confirming().await?;
        if on.replies.is_none() {
            let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
            let consumer =
                on.channel.basic_consume(REPLIES.into(), "".into(), options, FieldTable::default());
            on.replies = Some(Box::pin(consumer).await.map_err(|e| error::of(&e))?);
        }
        let properties = properties.with_reply_to(REPLIES.into()).with_correlation_id(id.as_str().into());
        on.publish(request, properties).await?;
        let Some(replies) = &mut on.replies else { return Err(ended()) };
        loop {
            let answer = replies.next().await.ok_or_else(ended)?.map_err(|e| error::of(&e))?;
            if answer.properties.correlation_id().as_ref().is_some_and(|of| of.as_str() == id) {
                return Ok(letter(answer));
            }
        }
    }

    /// The queue of a subscription: that of its name, or one of the user's own, bound to `exchange/key`.
    async fn queue(&self, source: &Source) -> Result<String, BrokerError> {
        let (exchange, key) = place(&source.address);
        if exchange.is_empty() {
            return Ok(key.to_owned());
        }
        let options = QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
        let queue = self.channel.queue_declare("".into(), options, FieldTable::default()).await;
        let name = queue.map_err(|e| error::of(&e))?.name().clone();
        let options = QueueBindOptions::default();
        let bound = self.channel.queue_bind(
            name.clone(),
            exchange.into(),
            key.into(),
            options,
            FieldTable::default(),
        );
        bound.await.map_err(|e| error::of(&e))?;
        Ok(name.to_string())
    }
}

impl Confirming {
    /// Publishes, until the broker has it in some queue.
    async fn publish(
        &mut self,
        request: &MessageRequest,
        properties: BasicProperties,
    ) -> Result<(), BrokerError> {
        self.is_waiting = true;
        let confirm = publish(&self.channel, request, properties, true).await?;
        let confirmed = confirm.await.map_err(|e| error::of(&e))?;
        self.is_waiting = false;
        match confirmed {
            Confirmation::Ack(None) | Confirmation::NotRequested => Ok(()),
            Confirmation::Ack(Some(returned)) | Confirmation::Nack(Some(returned)) => {
                let status = returned.reply_code;
                let why = format!("{}: {}", request.address, returned.reply_text);
                Err(BrokerError::Refused(error::class_of(status), why, status))
            }
            Confirmation::Nack(None) => {
                Err(BrokerError::refused("not stored", "the broker did not take the message"))
            }
        }
    }
}

async fn publish(
    channel: &Channel,
    request: &MessageRequest,
    properties: BasicProperties,
    mandatory: bool,
) -> Result<PublisherConfirm, BrokerError> {
    let (exchange, key) = place(&request.address);
    let options = BasicPublishOptions { mandatory, ..Default::default() };
    let published = channel.basic_publish(exchange.into(), key.into(), options, &request.payload, properties);
    published.await.map_err(|e| error::of(&e))
}

impl Line for AmqpLine {
    type Inbox = Consumer;

    fn is_open(&self) -> bool {
        self.channel.status().connected()
    }

    async fn send(&mut self, request: &MessageRequest) -> Result<Option<Letter>, BrokerError> {
        let properties = BasicProperties::default();
        let properties = if request.headers.is_empty() {
            properties
        } else {
            let headers = request.headers.iter();
            let fields = headers.map(|(k, v)| (k.as_str().into(), AMQPValue::LongString(v.as_str().into())));
            properties.with_headers(fields.collect::<std::collections::BTreeMap<_, _>>().into())
        };
        match request.until {
            Until::Sent => publish(&self.channel, request, properties, false).await.map(|_unconfirmed| None),
            Until::Answered => self.ask(request, properties).await.map(Some),
            Until::Leader | Until::Stored | Until::Once => {
                self.confirming().await?.publish(request, properties).await.map(|()| None)
            }
        }
    }

    async fn subscribe(&mut self, source: &Source) -> Result<Consumer, BrokerError> {
        let queue = self.queue(source).await?;
        let limited = self.channel.basic_qos(PREFETCH, BasicQosOptions::default()).await;
        limited.map_err(|e| error::of(&e))?;
        let options = BasicConsumeOptions::default();
        let consumer =
            self.channel.basic_consume(queue.as_str().into(), "".into(), options, FieldTable::default());
        consumer.await.map_err(|e| error::of(&e))
    }

    async fn next(&mut self, inbox: &mut Consumer) -> Result<Letter, BrokerError> {
        let delivery = inbox.next().await.ok_or_else(ended)?.map_err(|e| error::of(&e))?;
        delivery.ack(BasicAckOptions::default()).await.map_err(|e| error::of(&e))?;
        Ok(letter(delivery))
    }

    /// A queue, or with `exchange: KIND` an exchange. What is not known here is an argument, such as `x-max-length`.
    async fn declare(&mut self, request: &DeclareRequest) -> Result<(), BrokerError> {
        let setting = |name: &str| {
            request.settings.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
        };
        let is_on = |name: &str| setting(name) == Some("true");
        let known = ["durable", "auto_delete", "exclusive", "exchange", "bind"];
        let mut arguments = FieldTable::default();
        for (name, value) in request.settings.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
            arguments.insert(name.as_str().into(), argument(value));
        }
        let name = request.address.as_str();
        if let Some(kind) = setting("exchange") {
            let options = ExchangeDeclareOptions {
                durable: is_on("durable"),
                auto_delete: is_on("auto_delete"),
                ..Default::default()
            };
            let made =
                self.channel.exchange_declare(name.into(), exchange_kind(kind), options, arguments).await;
            return made.map_err(|e| error::of(&e));
        }
        let options = QueueDeclareOptions {
            durable: is_on("durable"),
            auto_delete: is_on("auto_delete"),
            exclusive: is_on("exclusive"),
            ..Default::default()
        };
        let made = self.channel.queue_declare(name.into(), options, arguments).await;
        made.map_err(|e| error::of(&e))?;
        let Some(to) = setting("bind") else { return Ok(()) };
        let (exchange, key) = place(to);
        let options = QueueBindOptions::default();
        let bound =
            self.channel.queue_bind(name.into(), exchange.into(), key.into(), options, FieldTable::default());
        bound.await.map_err(|e| error::of(&e))
    }
}

fn ended() -> BrokerError {
    BrokerError::Lost("the broker ended the subscription".to_owned())
}

/// Exchange and key of `exchange/key`; the nameless exchange gives every queue what is sent to its name.
fn place(address: &str) -> (&str, &str) {
    address.split_once('/').unwrap_or(("", address))
}

fn exchange_kind(name: &str) -> ExchangeKind {
    match name {
        "direct" => ExchangeKind::Direct,
        "fanout" => ExchangeKind::Fanout,
        "headers" => ExchangeKind::Headers,
        "topic" => ExchangeKind::Topic,
        other => ExchangeKind::Custom(other.to_owned()),
    }
}

/// Numbers and truths as what they are.
fn argument(text: &str) -> AMQPValue {
    if let Ok(number) = text.parse() {
        return AMQPValue::LongLongInt(number);
    }
    text.parse().map_or_else(|_| AMQPValue::LongString(text.into()), AMQPValue::Boolean)
}

fn letter(delivery: Delivery) -> Letter {
    let fields = delivery.properties.headers().iter().flat_map(|table| table.inner().iter());
    Letter {
        headers: fields.map(|(name, value)| (name.to_string(), text(value))).collect(),
        payload: delivery.data.into(),
        ..Letter::default()
    }
}

/// A header as it would be written.
fn text(value: &AMQPValue) -> String {
    match value {
        AMQPValue::LongString(text) => text.to_string(),
        AMQPValue::ShortString(text) => text.to_string(),
        AMQPValue::Boolean(value) => value.to_string(),
        AMQPValue::LongInt(value) => value.to_string(),
        AMQPValue::LongLongInt(value) => value.to_string(),
        other => format!("{other:?}"),
    }
}
