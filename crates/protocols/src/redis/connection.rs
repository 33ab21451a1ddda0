//! Connections to a server of Redis, or to all servers of a cluster.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_model::message::MessageSettings;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, Cmd, ConnectionAddr, ConnectionInfo, IntoConnectionInfo,
    Pipeline, RedisError, TlsCertificates, Value,
};

use super::error::CommandError;

/// How often the client of a cluster follows a command to another server, before the command has failed.
const REDIRECTS_MAX: u32 = 3;

/// How servers are connected to, for a whole run.
pub(super) struct Access {
    certificates: Option<TlsCertificates>,
    skip_verify: bool,
    is_cluster: bool,
    connect_timeout: Duration,
}

/// A certificate that a plan names cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("failed to read {path}")]
pub struct RedisSettingsError {
    path: PathBuf,
    #[source]
    source: std::io::Error,
}

/// A connection of one user.
pub(super) enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Access {
    /// Reads the certificates that the settings name.
    pub(super) fn new(settings: &MessageSettings) -> Result<Self, RedisSettingsError> {
        let root_cert = settings.ca_file.as_deref().map(read).transpose()?;
        let client_tls = match &settings.client_pair {
            Some((cert, key)) => Some(ClientTlsConfig { client_cert: read(cert)?, client_key: read(key)? }),
            None => None,
        };
        let is_needed = root_cert.is_some() || client_tls.is_some();
        Ok(Self {
            certificates: is_needed.then_some(TlsCertificates { client_tls, root_cert }),
            skip_verify: settings.skip_verify,
            is_cluster: settings.is_cluster,
            connect_timeout: Duration::from_nanos(settings.connect_timeout_ns),
        })
    }

    /// The client of one server.
    pub(super) fn client(&self, server: &str) -> Result<Client, CommandError> {
        let client = match &self.certificates {
            Some(certificates) => Client::build_with_tls(self.address(server)?, certificates.clone()),
            None => Client::open(self.address(server)?),
        };
        client.map_err(|error| bad_url(&error))
    }

    /// Connects; with a cluster, to those of its servers that this one names.
    pub(super) async fn connect(&self, server: &str) -> Result<Connection, CommandError> {
        let address = self.address(server)?;
        // Without what stands before the host: it may be a password.
        let name = address.addr().to_string();
        let made = if self.is_cluster {
            self.to_all(address).await.map(Connection::Cluster)
        } else {
            // Operations have a timeout of their own.
            let config = AsyncConnectionConfig::new()
                .set_connection_timeout(Some(self.connect_timeout))
                .set_response_timeout(None);
            let client = self.client(server)?;
            client.get_multiplexed_async_connection_with_config(&config).await.map(Connection::One)
        };
        made.map_err(|error| CommandError::Connect(name, error))
    }

    async fn to_all(&self, address: ConnectionInfo) -> Result<ClusterConnection, RedisError> {
        let mut builder = ClusterClient::builder([address])
            .retries(REDIRECTS_MAX)
            .connection_timeout(self.connect_timeout)
            .overall_response_timeout(None);
        if let Some(certificates) = &self.certificates {
            builder = builder.certs(certificates.clone());
        }
        builder.build()?.get_async_connection().await
    }

    fn address(&self, server: &str) -> Result<ConnectionInfo, CommandError> {
        let address = server.into_connection_info().map_err(|error| bad_url(&error))?;
        let believed = match address.addr() {
            ConnectionAddr::TcpTls { host, port, tls_params, .. } if self.skip_verify => {
                let (host, tls_params) = (host.clone(), tls_params.clone());
                Some(ConnectionAddr::TcpTls { host, port: *port, insecure: true, tls_params })
            }
            _ => None,
        };
        Ok(match believed {
            Some(believed) => address.set_addr(believed),
            None => address,
        })
    }
}

impl Connection {
    /// Sends commands in one go; their replies.
    pub(super) async fn ask(&mut self, commands: &[Vec<Vec<u8>>]) -> Result<Vec<Value>, RedisError> {
        match commands {
            [one] => {
                let command = command(one);
                let replied = match self {
                    Self::One(connection) => connection.send_packed_command(&command).await,
                    Self::Cluster(connection) => connection.req_packed_command(&command).await,
                };
                replied.map(|value| vec![value])
            }
            many => {
                let mut pipeline = Pipeline::with_capacity(many.len());
                for words in many {
                    pipeline.add_command(command(words));
                }
                match self {
                    Self::One(connection) => connection.send_packed_commands(&pipeline, 0, many.len()).await,
                    Self::Cluster(connection) => {
                        connection.req_packed_commands(&pipeline, 0, many.len()).await
                    }
                }
            }
        }
    }
}

fn command(words: &[Vec<u8>]) -> Cmd {
    let mut command = Cmd::new();
    for word in words {
        command.arg(word.as_slice());
    }
    command
}

fn read(path: &Path) -> Result<Vec<u8>, RedisSettingsError> {
    fs::read(path).map_err(|source| RedisSettingsError { path: path.to_owned(), source })
}

fn bad_url(error: &RedisError) -> CommandError {
    // It may hold a password.
    CommandError::Request("bad url", format!("the server's address: {error}"))
}
