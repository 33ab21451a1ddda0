//! TLS: whom the client trusts, and who it says it is.

use std::path::PathBuf;
use std::sync::Arc;

use plimsoll_model::Outcome;
use plimsoll_model::dial::{ClientCertificate, DialSettings, TlsLimits, TlsVersion};
use plimsoll_model::http::HttpSettings;
use plimsoll_protocols::http::Http;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::{Client, request, settings};
use crate::papers::Papers;

/// A server with papers, which demands those of its clients if asked to.
pub(crate) struct World {
    papers: Papers,
    pub(crate) url: String,
}

impl World {
    pub(crate) fn new(wants_client_certificate: bool) -> Self {
        let papers = Papers::issue();
        let certificates = |name: &str| {
            let all = CertificateDer::pem_file_iter(papers.path(name)).unwrap();
            all.collect::<Result<Vec<_>, _>>().unwrap()
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if wants_client_certificate {
            let mut roots = rustls::RootCertStore::empty();
            roots.add_parsable_certificates(certificates("ca.pem"));
            builder.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap(),
            )
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::from_pem_file(papers.path("server.key")).unwrap();
        let config = builder.with_single_cert(certificates("server.pem"), key).unwrap();
        Self { papers, url: serve(config) }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.papers.path(name)
    }
}

/// Answers every request with `ok` for as long as the test lasts.
fn serve(config: ServerConfig) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
            loop {
                let Ok((tcp, _)) = listener.accept().await else { return };
                let Ok(mut tls) = acceptor.accept(tcp).await else { continue };
                let mut buffer = [0; 4_096];
                while tls.read(&mut buffer).await.is_ok_and(|n| n > 0) {
                    if tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.is_err()
                        || tls.flush().await.is_err()
                    {
                        break;
                    }
                }
            }
        });
    });
    format!("https://localhost:{port}/")
}

#[test]
fn a_stranger_is_refused_unless_trusted_or_told_not_to_look() {
    let world = World::new(false);
    let stranger = Client::new(settings()).send(request("GET", &world.url));
    assert_eq!(stranger.end(), (Outcome::ConnectError, "tls"), "{:?}", stranger.reply.failure);
    for settings in [
        HttpSettings { ca_file: Some(world.path("ca.pem")), ..settings() },
        HttpSettings { skip_verify: true, ..settings() },
    ] {
        let mut client = Client::new(settings);
        let answer = client.send(request("GET", &world.url));
        assert_eq!(
            (answer.reply.outcome, answer.text().as_str()),
            (Outcome::Ok, "ok"),
            "{:?}",
            answer.reply.failure
        );
        assert!(answer.reply.phases_ns[3] > 0, "the handshake takes time");
        assert_eq!(client.send(request("GET", &world.url)).reply.connects, 0);
    }
}

#[test]
fn a_client_shows_its_certificate() {
    let world = World::new(true);
    let trusting = HttpSettings { ca_file: Some(world.path("ca.pem")), ..settings() };
    let nameless = Client::new(trusting.clone()).send(request("GET", &world.url));
    assert_eq!(nameless.reply.outcome, Outcome::ConnectError, "{:?}", nameless.reply);
    let known = HttpSettings {
        client_cert: Some(world.path("client.pem")),
        client_key: Some(world.path("client.key")),
        ..trusting
    };
    assert_eq!(Client::new(known).send(request("GET", &world.url)).reply.outcome, Outcome::Ok);
}

#[test]
fn a_certificate_is_shown_to_whom_it_is_for() {
    let world = World::new(true);
    let read = |name| std::fs::read_to_string(world.path(name)).unwrap();
    let shown_to = |name: &str| {
        let certificate = ClientCertificate {
            names: vec![name.to_owned()],
            chain_pem: read("client.pem"),
            key_pem: read("client.key"),
        };
        let dial = DialSettings { certificates: vec![certificate], ..DialSettings::default() };
        let settings = HttpSettings { ca_file: Some(world.path("ca.pem")), dial, ..settings() };
        Client::new(settings).send(request("GET", &world.url)).reply.outcome
    };
    assert_eq!(shown_to("*host"), Outcome::Ok);
    assert_eq!(shown_to("elsewhere"), Outcome::ConnectError);
}

#[test]
fn versions_and_suites_of_tls_are_kept_to() {
    let world = World::new(false);
    let ended = |tls: TlsLimits| {
        let dial = DialSettings { tls, ..DialSettings::default() };
        let settings = HttpSettings { ca_file: Some(world.path("ca.pem")), dial, ..settings() };
        Http::new(settings.clone()).ok()?;
        let answer = Client::new(settings).send(request("GET", &world.url));
        Some((answer.reply.outcome, answer.tls.map_or("", |tls| tls.suite)))
    };
    const REFUSED: (Outcome, &str) = (Outcome::ConnectError, "");
    let suite = |name: &str| TlsLimits {
        suites: vec![name.to_owned()],
        most: Some(TlsVersion::V12),
        ..TlsLimits::default()
    };
    let exactly = |version| TlsLimits { least: Some(version), most: Some(version), suites: Vec::new() };
    let elliptic = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
    assert!(ended(exactly(TlsVersion::V12)).is_some_and(|(_, suite)| suite.starts_with("TLS_ECDHE_ECDSA_")));
    assert!(ended(exactly(TlsVersion::V13)).is_some_and(|(_, suite)| suite.starts_with("TLS_AES_")));
    // The server's key is an elliptic one.
    assert_eq!(ended(suite(elliptic)), Some((Outcome::Ok, elliptic)));
    assert_eq!(ended(suite("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")), Some(REFUSED));
    assert_eq!(ended(suite("TLS_RSA_WITH_RC4_128_SHA")), None);
}

#[test]
fn half_a_pair_of_certificate_and_key_is_refused_before_the_run() {
    let half = HttpSettings { client_cert: Some("client.pem".into()), ..settings() };
    assert!(Http::new(half).is_err());
}
