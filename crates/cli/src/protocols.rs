//! Which protocols this build speaks, wired for a run.

#[cfg(feature = "grpc")]
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use anyhow::{Context, anyhow};
#[cfg(feature = "grpc")]
use plimsoll_k6::ServiceMethod;
use plimsoll_k6::Services;
use plimsoll_model::{Protocol, ProtocolSettings};
#[cfg(feature = "amqp")]
use plimsoll_protocols::amqp::Amqp;
#[cfg(feature = "exec")]
use plimsoll_protocols::exec::Exec;
#[cfg(feature = "grpc")]
use plimsoll_protocols::grpc::{Descriptions, Grpc};
use plimsoll_protocols::http::Http;
#[cfg(feature = "kafka")]
use plimsoll_protocols::kafka::Kafka;
#[cfg(feature = "mcp")]
use plimsoll_protocols::mcp::Mcp;
#[cfg(feature = "mqtt")]
use plimsoll_protocols::mqtt::Mqtt;
#[cfg(feature = "nats")]
use plimsoll_protocols::nats::Nats;
#[cfg(feature = "redis")]
use plimsoll_protocols::redis::{Redis, RedisChannels};
#[cfg(feature = "sql")]
use plimsoll_protocols::sql::Sql;
#[cfg(feature = "talk")]
use plimsoll_protocols::talk::Talk;

use crate::exit_code::Exit;

/// Protocols that whoever builds the command brings.
pub(crate) static OWN: OnceLock<Vec<Arc<dyn Protocol>>> = OnceLock::new();

/// Protocols that are not ours.
pub(crate) fn own() -> &'static [Arc<dyn Protocol>] {
    OWN.get().map_or(&[], Vec::as_slice)
}

/// Descriptions of services that a script has read.
#[derive(Clone, Default)]
pub(crate) struct Known {
    #[cfg(feature = "grpc")]
    services: Descriptions,
}

impl Known {
    /// For a script that reads more; nothing, if this build knows no gRPC.
    #[cfg_attr(feature = "grpc", expect(clippy::unnecessary_wraps, reason = "without gRPC there is none"))]
    pub(crate) fn reader(&self) -> Option<Arc<dyn Services>> {
        #[cfg(feature = "grpc")]
        return Some(Arc::new(self.clone()));
        #[cfg(not(feature = "grpc"))]
        None
    }
}

#[cfg(feature = "grpc")]
impl Services for Known {
    fn load(&self, includes: &[PathBuf], files: &[PathBuf]) -> Result<Vec<ServiceMethod>, String> {
        let methods = self.services.load(includes, files)?;
        let described = methods.iter().map(|method| ServiceMethod {
            package: method.parent_service().package_name().to_owned(),
            service: method.parent_service().name().to_owned(),
            name: method.name().to_owned(),
            takes_stream: method.is_client_streaming(),
            gives_stream: method.is_server_streaming(),
        });
        Ok(described.collect())
    }
}

/// All of them, with these settings.
pub(crate) fn wired(with: ProtocolSettings, known: &Known) -> anyhow::Result<Vec<Arc<dyn Protocol>>> {
    #[cfg(not(feature = "grpc"))]
    let _none = known;
    let http: Arc<dyn Protocol> = Arc::new(Http::new(with.http.clone()).context(Exit::WrongPlan)?);
    let mut all: Vec<Arc<dyn Protocol>> = vec![http.clone()];
    #[cfg(feature = "amqp")]
    all.push(Arc::new(Amqp::new(with.brokers.amqp)));
    #[cfg(feature = "exec")]
    all.push(Arc::new(Exec));
    #[cfg(feature = "grpc")]
    all.push(Arc::new(Grpc::knowing(with.grpc, known.services.clone()).context(Exit::WrongPlan)?));
    #[cfg(feature = "kafka")]
    all.push(Arc::new(Kafka::new(with.brokers.kafka)));
    #[cfg(feature = "mcp")]
    all.push(Arc::new(Mcp::new(http.clone(), with.tools)));
    #[cfg(feature = "mqtt")]
    all.push(Arc::new(Mqtt::new(with.brokers.mqtt).context(Exit::WrongPlan)?));
    #[cfg(feature = "nats")]
    all.push(Arc::new(Nats::new(with.brokers.nats)));
    #[cfg(feature = "redis")]
    {
        all.push(Arc::new(Redis::new(&with.brokers.redis).context(Exit::WrongPlan)?));
        all.push(Arc::new(RedisChannels::new(with.brokers.redis)));
    }
    #[cfg(feature = "sql")]
    all.push(Arc::new(Sql::new(with.queries).context(Exit::WrongPlan)?));
    #[cfg(feature = "talk")]
    all.push(Arc::new(Talk::new(http, with.http).context(Exit::WrongPlan)?));
    all.extend(own().iter().cloned());
    Ok(all)
}

/// Whether all that a plan needs is there.
///
/// # Errors
///
/// The first protocol that this build was made without.
pub(crate) fn are_there(all: &[Arc<dyn Protocol>], needed: &[&str]) -> anyhow::Result<()> {
    let missing = needed.iter().find(|name| !all.iter().any(|protocol| protocol.name() == **name));
    let Some(missing) = missing else { return Ok(()) };
    let feature = missing.split(' ').next().unwrap_or(missing);
    Err(anyhow!("this plimsoll was built without {missing}; build it with `--features {feature}`")
        .context(Exit::WrongPlan))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_out_of_the_build_is_said_with_its_feature() {
        let all = wired(ProtocolSettings::default(), &Known::default()).unwrap();
        are_there(&all, &["http"]).unwrap();
        let error = are_there(&all, &["http", "carrier pigeons"]).unwrap_err();
        assert!(format!("{error:#}").contains("--features carrier"), "{error:#}");
    }
}
