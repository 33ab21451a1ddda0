//! How brokers of messages are connected to.

use plimsoll_model::BrokerSettings;
use plimsoll_model::http::Connections;
use plimsoll_model::message::MessageSettings;

use super::super::types::{BrokerSection, ConnectionsItem};
use super::Lowering;
use super::steps::Broker;

impl Lowering<'_> {
    pub(super) fn broker_settings(&mut self) -> BrokerSettings {
        BrokerSettings {
            amqp: self.settings_of(Broker::Amqp),
            kafka: self.settings_of(Broker::Kafka),
            mqtt: self.settings_of(Broker::Mqtt),
            nats: self.settings_of(Broker::Nats),
            redis: self.settings_of(Broker::Redis),
        }
    }

    /// What the plan says of brokers of a kind.
    pub(super) fn section_of(&self, broker: Broker) -> Option<&BrokerSection> {
        match broker {
            Broker::Amqp => self.file.amqp.as_ref(),
            Broker::Kafka => self.file.kafka.as_ref(),
            Broker::Mqtt => self.file.mqtt.as_ref(),
            Broker::Nats => self.file.nats.as_ref(),
            Broker::Redis => self.file.redis.as_ref(),
        }
    }

    fn settings_of(&mut self, broker: Broker) -> MessageSettings {
        let defaults = MessageSettings::default();
        let Some(section) = self.section_of(broker).cloned() else { return defaults };
        self.refuse_others_settings(broker, &section);
        let path = |written: &Option<String>| written.as_ref().map(|p| self.base.join(p));
        let (credentials_file, ca_file) = (path(&section.credentials), path(&section.ca));
        let client_pair = self.client_pair(section.cert.as_ref(), section.key.as_ref(), &section.place);
        let user = section.user.as_ref().and_then(|user| {
            let text = self.known_before_the_run(user)?;
            let Some((name, password)) = text.split_once(':') else {
                self.diagnostics.error(
                    &user.place,
                    "this is no name with a password",
                    "write `name:password`",
                );
                return None;
            };
            Some((name.to_owned(), password.to_owned()))
        });
        MessageSettings {
            connections: match section.connections {
                Some(ConnectionsItem::Shared(limit)) => Connections::Shared(limit),
                _ => Connections::PerUser,
            },
            connect_timeout_ns: section.connect_timeout.map_or(defaults.connect_timeout_ns, |d| d.0),
            user,
            token: section.token.as_ref().and_then(|token| self.known_before_the_run(token)),
            credentials_file,
            ca_file,
            client_pair,
            skip_verify: section.skip_verify.unwrap_or(false),
            is_cluster: section.cluster.unwrap_or(false),
            options: self.options(&section),
        }
    }

    fn options(&mut self, section: &BrokerSection) -> Vec<(String, String)> {
        let mut options = Vec::new();
        for (name, value) in section.options.iter() {
            options.extend(self.known_before_the_run(value).map(|value| (name.value.clone(), value)));
        }
        options
    }

    /// Settings that brokers of this kind have no use for.
    fn refuse_others_settings(&mut self, broker: Broker, section: &BrokerSection) {
        let is_nats = broker == Broker::Nats;
        let is_redis = broker == Broker::Redis;
        let wrong = [
            ("connections", section.connections.is_some() && is_redis),
            ("user", section.user.is_some() && is_redis),
            ("cluster", section.cluster.is_some() && !is_redis),
            ("token", section.token.is_some() && !is_nats),
            ("credentials", section.credentials.is_some() && !is_nats),
            ("skip_verify", section.skip_verify.is_some() && matches!(broker, Broker::Amqp | Broker::Nats)),
            ("options", section.options.iter().next().is_some() && broker != Broker::Kafka),
        ];
        for (name, _) in wrong.into_iter().filter(|(_, is_wrong)| *is_wrong) {
            self.diagnostics.error(
                &section.place,
                format!("{} knows no `{name}`", broker.title()),
                "leave it out; docs/PLANS.md says what each key is for",
            );
        }
    }
}
