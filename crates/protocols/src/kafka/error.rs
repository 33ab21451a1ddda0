//! What goes wrong with Kafka, in classes that reports count by.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use crate::broker::BrokerError;

/// Of a connection that could not be made, after what the client complained of last.
pub(super) fn of_connect(complaint: &str, error: &str) -> BrokerError {
    let class = match complaint {
        text if text.contains("Connection refused") => "refused",
        text if text.contains("resolve") => "dns",
        text if text.contains("SASL") || text.contains("uthenticat") => "credentials",
        text if text.contains("SSL") => "tls",
        text if text.contains("Disconnected") || text.contains("disconnected") => "closed",
        _ => "connect",
    };
    let why = if complaint.is_empty() { String::new() } else { format!(": {complaint}") };
    BrokerError::Connect(class, format!("{error}{why}"))
}

/// Of settings that the client does not take.
pub(super) fn of_config(error: &KafkaError) -> BrokerError {
    // Without the value, which may be a password.
    let text = match error {
        KafkaError::ClientConfig(_, what, key, _) => format!("{what}: {key}"),
        other => other.to_string(),
    };
    let hint = if text.contains("ssl") || text.contains("sasl") {
        "; this build speaks Kafka without TLS: build with `--features kafka-tls`"
    } else {
        ""
    };
    BrokerError::Request("bad setting", format!("{text}{hint}"))
}

/// Of an operation; `what` is the topic.
pub(super) fn of(what: &str, error: &KafkaError) -> BrokerError {
    let text = format!("{what}: {error}");
    match error.rdkafka_error_code() {
        Some(Code::MessageTimedOut | Code::OperationTimedOut | Code::RequestTimedOut) => {
            BrokerError::TimedOut("timeout")
        }
        Some(Code::MessageSizeTooLarge | Code::InvalidMessageSize) => BrokerError::Request("too large", text),
        Some(Code::QueueFull) => {
            BrokerError::refused("queue full", format!("{text}: more is produced than the cluster takes"))
        }
        Some(Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition) => {
            BrokerError::refused("no topic", text)
        }
        Some(
            Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed,
        ) => BrokerError::refused("not allowed", text),
        Some(Code::BrokerTransportFailure | Code::AllBrokersDown) => BrokerError::Lost(text),
        Some(code) => BrokerError::refused(format!("{code:?}"), text),
        None => BrokerError::Request("bad request", text),
    }
}

/// Whether the client gets over it by itself.
pub(super) fn passes(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(Code::BrokerTransportFailure | Code::AllBrokersDown | Code::Resolve | Code::NotEnoughReplicas)
    )
}
