//! Which broker a step speaks with, and what such a broker can do.

use super::message::Verb;

/// Kinds of brokers, by the protocol they speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::yaml::lower) enum Broker {
    Amqp,
    Kafka,
    Mqtt,
    Nats,
    /// Its channels.
    Redis,
}

impl Broker {
    /// The kind that an address is one of; NATS's own people write `tls://`, too.
    pub(super) fn of(server: &str) -> Self {
        match server.split("://").next() {
            Some("amqp" | "amqps") => Self::Amqp,
            Some("kafka") => Self::Kafka,
            Some("mqtt" | "mqtts") => Self::Mqtt,
            Some("redis" | "rediss") => Self::Redis,
            _ => Self::Nats,
        }
    }

    /// The protocol that carries such steps out.
    pub(super) const fn protocol(self) -> &'static str {
        match self {
            Self::Amqp => "amqp",
            Self::Kafka => "kafka",
            Self::Mqtt => "mqtt",
            Self::Nats => "nats",
            Self::Redis => "redis channels",
        }
    }

    /// For people.
    pub(in crate::yaml::lower) const fn title(self) -> &'static str {
        match self {
            Self::Amqp => "AMQP",
            Self::Kafka => "Kafka",
            Self::Mqtt => "MQTT",
            Self::Nats => "NATS",
            Self::Redis => "Redis",
        }
    }

    /// Whether some of those who listen may share what comes; a queue of AMQP is shared by whoever takes from it.
    pub(super) const fn has_groups(self) -> bool {
        matches!(self, Self::Kafka | Self::Mqtt | Self::Nats)
    }

    /// Whether its messages have headers.
    pub(super) const fn has_headers(self) -> bool {
        !matches!(self, Self::Mqtt | Self::Redis)
    }

    /// Whether such brokers do that.
    pub(super) const fn can(self, verb: Verb) -> bool {
        match verb {
            Verb::Publish | Verb::Receive | Verb::Subscribe => true,
            Verb::Request => matches!(self, Self::Amqp | Self::Nats),
            Verb::Rpc | Verb::Describe => matches!(self, Self::Nats),
            Verb::Declare => matches!(self, Self::Amqp | Self::Kafka | Self::Nats),
        }
    }
}
