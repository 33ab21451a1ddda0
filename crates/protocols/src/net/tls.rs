//! TLS settings: the system's or one's own authorities, no verification at all, client certificates.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use plimsoll_model::dial::{TlsLimits, TlsVersion, matches_name};
use plimsoll_model::http::{HttpSettings, HttpVersion};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme, SupportedCipherSuite,
    SupportedProtocolVersion,
};

/// The TLS settings of a plan cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A PEM file cannot be read.
    #[error("failed to read {path}")]
    Pem {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// A certificate or key is not acceptable.
    #[error("failed to use the certificates")]
    Certificate(#[source] rustls::Error),
    /// A PEM text cannot be read.
    #[error("failed to read a certificate or key that the script gives")]
    Text {
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// A cipher suite is not there.
    #[error("there is no cipher suite {name}; there are {known}")]
    Suite {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// One of the two is missing.
    #[error("a client certificate needs its key, and a key its certificate")]
    HalfAPair,
}

/// The client's side of TLS, for a whole run.
pub(crate) struct TlsConfigs {
    usual: Arc<ClientConfig>,
    /// With certificates that only some servers are shown, by the patterns of their names.
    by_name: Vec<(Vec<String>, Arc<ClientConfig>)>,
}

impl TlsConfigs {
    /// What most servers are spoken to with.
    #[cfg(any(feature = "mqtt", feature = "sql"))]
    pub(crate) fn usual(&self) -> Arc<ClientConfig> {
        self.usual.clone()
    }

    /// Reads the certificates that `settings` name.
    pub(crate) fn new(settings: &HttpSettings) -> Result<Self, TlsError> {
        let own = match (&settings.client_cert, &settings.client_key) {
            (None, None) => None,
            (Some(chain), Some(key)) => {
                let failed = |source| TlsError::Pem { path: key.clone(), source };
                Some((certificates(chain)?, PrivateKeyDer::from_pem_file(key).map_err(failed)?))
            }
            _ => return Err(TlsError::HalfAPair),
        };
        let mut usual = client_config(settings, own)?;
        let mut by_name = Vec::new();
        for certificate in &settings.dial.certificates {
            let failed = |source| TlsError::Text { source };
            let chain = CertificateDer::pem_slice_iter(certificate.chain_pem.as_bytes());
            let chain = chain.collect::<Result<_, _>>().map_err(failed)?;
            let key = PrivateKeyDer::from_pem_slice(certificate.key_pem.as_bytes()).map_err(failed)?;
            let config = client_config(settings, Some((chain, key)))?;
            if certificate.names.is_empty() {
                usual = config;
            } else {
                by_name.push((certificate.names.clone(), config));
            }
        }
        Ok(Self { usual, by_name })
    }

    /// What is said to a server.
    pub(crate) fn of(&self, host: &str) -> &Arc<ClientConfig> {
        let named = |(names, _): &&(Vec<String>, _)| names.iter().any(|pattern| matches_name(pattern, host));
        self.by_name.iter().find(named).map_or(&self.usual, |(_, config)| config)
    }
}

/// HTTP/1.1, as servers are told of it (ALPN).
const OLDER: &[u8] = b"http/1.1";

/// The same for a request that will turn into a conversation, which HTTP/2 does otherwise.
pub(crate) fn for_upgrade(config: &Arc<ClientConfig>) -> Arc<ClientConfig> {
    speaking(config, &[OLDER])
}

/// The same for bytes of which only the plan knows what they mean.
#[cfg(feature = "talk")]
pub(crate) fn for_bytes(config: &Arc<ClientConfig>) -> Arc<ClientConfig> {
    speaking(config, &[])
}

/// The same, with these protocols to choose from (ALPN).
fn speaking(config: &Arc<ClientConfig>, protocols: &[&[u8]]) -> Arc<ClientConfig> {
    if config.alpn_protocols == protocols {
        return config.clone();
    }
    let mut own = ClientConfig::clone(config);
    own.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Arc::new(own)
}

/// A chain of certificates with its key.
type Pair = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn client_config(settings: &HttpSettings, pair: Option<Pair>) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = Arc::new(limited(&settings.dial.tls)?);
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&versions(&settings.dial.tls))
        .map_err(TlsError::Certificate)?;
    let builder = if settings.skip_verify {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(AcceptAnything(provider)))
    } else {
        builder.with_root_certificates(roots(settings.ca_file.as_deref())?)
    };
    let mut config = match pair {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(TlsError::Certificate)?,
    };
    config.alpn_protocols = match settings.version {
        HttpVersion::One => vec![OLDER.to_vec()],
        HttpVersion::Two => vec![b"h2".to_vec()],
        HttpVersion::Agreed => vec![b"h2".to_vec(), OLDER.to_vec()],
    };
    Ok(Arc::new(config))
}

fn versions(limits: &TlsLimits) -> Vec<&'static SupportedProtocolVersion> {
    let known = [(TlsVersion::V12, &rustls::version::TLS12), (TlsVersion::V13, &rustls::version::TLS13)];
    let may = |version| limits.least.is_none_or(|l| version >= l) && limits.most.is_none_or(|m| version <= m);
    known.into_iter().filter(|(version, _)| may(*version)).map(|(_, known)| known).collect()
}

/// What there is of cryptography, with no other cipher suites of TLS 1.2 than those that are named.
fn limited(limits: &TlsLimits) -> Result<CryptoProvider, TlsError> {
    let mut provider = ring::default_provider();
    if !limits.suites.is_empty() {
        let name = |suite: &SupportedCipherSuite| format!("{:?}", suite.suite());
        let known: Vec<_> = provider.cipher_suites.iter().map(name).collect();
        if let Some(unknown) = limits.suites.iter().find(|suite| !known.contains(suite)) {
            return Err(TlsError::Suite { name: unknown.clone(), known: known.join(", ") });
        }
        let is_wanted = |suite: &SupportedCipherSuite| limits.suites.contains(&name(suite));
        provider.cipher_suites.retain(|suite| suite.tls13().is_some() || is_wanted(suite));
    }
    Ok(provider)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |source| TlsError::Pem { path: path.to_owned(), source };
    CertificateDer::pem_file_iter(path).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    match ca_file {
        Some(path) => {
            for certificate in certificates(path)? {
                store.add(certificate).map_err(TlsError::Certificate)?;
            }
        }
        None => return Ok(system().clone()),
    }
    Ok(store)
}

/// The system's authorities, read once: there are hundreds, and each protocol asks.
fn system() -> &'static RootCertStore {
    static STORE: OnceLock<RootCertStore> = OnceLock::new();
    STORE.get_or_init(|| {
        let mut store = RootCertStore::empty();
        // A certificate that does not parse is of no use to anybody; the others are.
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        store
    })
}

/// Verifies nothing: for targets whose certificate nobody signed, when the plan says so.
#[derive(Debug)]
struct AcceptAnything(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAnything {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
