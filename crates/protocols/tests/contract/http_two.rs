//! HTTP/2: the built-in services without TLS, and a server of our own with it, which misbehaves on command.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use h2::server::{SendResponse, handshake};
use http::{Request, Response};
use plimsoll_model::http::{Body, Connections, HttpRequest, HttpSettings, HttpVersion};
use plimsoll_model::{Operation, Outcome, SECOND_NS};
use plimsoll_protocols::http::Http;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::client::{Answer, Client, request, service, two_at_once};
use crate::papers::Papers;

fn settings(version: HttpVersion) -> HttpSettings {
    HttpSettings { version, ..HttpSettings::default() }
}

fn client() -> Client {
    Client::new(settings(HttpVersion::Two))
}

#[test]
fn requests_travel_over_one_connection() {
    let server = service("echo");
    let mut client = client();
    let url = format!("{}/echo?a=b", server.url());
    let first = client.send(HttpRequest {
        headers: vec![("X-Own".to_owned(), "yes".to_owned()), ("Host".to_owned(), "ignored".to_owned())],
        body: Body::Bytes(b"hello".as_slice().into()),
        ..request("POST", &url)
    });
    assert_eq!(
        (first.reply.outcome, first.reply.status, first.reply.connects),
        (Outcome::Ok, 200, 1),
        "{first:?}"
    );
    let body: serde_json::Value = serde_json::from_slice(&first.body).unwrap();
    assert_eq!((body["body"].as_str(), body["headers"]["x-own"].as_str()), (Some("hello"), Some("yes")));
    assert!(first.reply.bytes_sent > 5 && first.reply.bytes_received > first.body.len() as u64);
    let second = client.send(request("GET", &url));
    assert_eq!((second.reply.outcome, second.reply.connects), (Outcome::Ok, 0));
    assert!(second.headers.iter().any(|(name, _)| name == "content-type"));
    let redirected = client
        .send(HttpRequest { redirects_max: 3, ..request("GET", &format!("{}/redirect/2", server.url())) });
    assert_eq!((redirected.reply.status, redirected.reply.extra_attempts), (200, 2));
    assert_eq!(client.send(request("GET", &format!("{}/status/503", server.url()))).reply.status, 503);
}

#[test]
fn large_bodies_travel_both_ways() {
    let server = service("echo");
    let mut client = client();
    let large: Arc<[u8]> = vec![b'x'; 5 << 20].into();
    let sent = client
        .send(HttpRequest { body: Body::Bytes(large), ..request("POST", &format!("{}/echo", server.url())) });
    let body: serde_json::Value = serde_json::from_slice(&sent.body).unwrap();
    assert_eq!(body["body_bytes"], 5 << 20);
    let received = client.send(request("GET", &format!("{}/bytes/{}", server.url(), 20 << 20)));
    assert_eq!((received.body.len(), received.reply.connects), (20 << 20, 0));
}

/// A stream that begins right behind another is carried, too.
#[test]
fn requests_follow_each_other_without_a_pause() {
    let server = service("echo");
    let mut client = client();
    let url = format!("{}/status/200", server.url());
    for _ in 0..300 {
        assert_eq!(client.send(request("GET", &url)).end(), (Outcome::Ok, ""));
    }
}

#[test]
fn users_share_a_connection_if_they_are_to() {
    let server = service("echo");
    let operation = || Operation::Http(request("GET", &format!("{}/echo", server.url())));
    for (connections, dialled) in [(Connections::Shared(1), 1), (Connections::PerUser, 2)] {
        let http = Http::new(HttpSettings { connections, ..settings(HttpVersion::Two) }).unwrap();
        let mut users = Client::two_of(&http);
        let answers = users.each_mut().map(|user| user.perform(operation()));
        assert_eq!(answers.iter().map(|a| a.reply.connects).sum::<u32>(), dialled);
    }
}

#[test]
fn there_is_no_server() {
    assert_eq!(
        client().send(request("GET", "http://127.0.0.1:1/")).end(),
        (Outcome::ConnectError, "refused")
    );
}

/// How a server of ours answers, by the path.
async fn answer(asked: Request<h2::RecvStream>, mut respond: SendResponse<Bytes>) {
    let response = |length: usize| Response::builder().header("content-length", length).body(()).unwrap();
    // Whoever asked may be gone.
    match asked.uri().path() {
        "/slow" => {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let mut body = respond.send_response(response(4), false).unwrap();
            let _gone = body.send_data(Bytes::from_static(b"slow"), true);
        }
        "/never" => std::future::pending().await,
        "/reset" => {
            let mut body = respond.send_response(response(100), false).unwrap();
            let _gone = body.send_data(Bytes::from_static(b"half"), false);
            body.send_reset(Reason::INTERNAL_ERROR);
        }
        "/refused" => respond.send_reset(Reason::REFUSED_STREAM),
        "/stranger" => {
            let refused = Response::builder().status(401).body(()).unwrap();
            let _gone = respond.send_response(refused, true);
        }
        _ => {
            let mut body = respond.send_response(response(2), false).unwrap();
            let _gone = body.send_data(Bytes::from_static(b"ok"), true);
        }
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin) {
    let Ok(mut connection) = handshake(stream).await else { return };
    while let Some(Ok((asked, respond))) = connection.accept().await {
        if asked.uri().path() == "/bye" {
            // The connection ends without an answer.
            return;
        }
        tokio::task::spawn_local(answer(asked, respond));
    }
}

/// Starts the server, with TLS if it is given papers, offering these protocols.
fn started(papers: Option<&Papers>, offers: &[&str]) -> SocketAddr {
    let offers: Vec<Vec<u8>> = offers.iter().map(|name| name.as_bytes().to_vec()).collect();
    let acceptor = papers.map(|papers| {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let chain = CertificateDer::pem_file_iter(papers.path("server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(papers.path("server.key")).unwrap();
        let mut config =
            builder.with_no_client_auth().with_single_cert(chain.map(Result::unwrap).collect(), key).unwrap();
        config.alpn_protocols = offers;
        tokio_rustls::TlsAcceptor::from(Arc::new(config))
    });
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            while let Ok((tcp, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::task::spawn_local(async move {
                    let Some(acceptor) = acceptor else { return serve(tcp).await };
                    let Ok(mut tls) = acceptor.accept(tcp).await else { return };
                    if tls.get_ref().1.alpn_protocol() == Some(b"h2") {
                        return serve(tls).await;
                    }
                    let mut asked = [0; 4096];
                    while tokio::io::AsyncReadExt::read(&mut tls, &mut asked).await.is_ok_and(|n| n > 0) {
                        // Whoever asked may be gone.
                        let _gone = tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nolder").await;
                        let _gone = tls.flush().await;
                    }
                });
            }
        });
    });
    told.recv().unwrap()
}

fn get(client: &mut Client, server: SocketAddr, path: &str) -> Answer {
    client.send(request("GET", &format!("http://{server}{path}")))
}

#[test]
fn what_the_server_does_to_a_stream_is_told() {
    let server = started(None, &[]);
    let mut client = client();
    assert_eq!(get(&mut client, server, "/").text(), "ok");
    assert_eq!(get(&mut client, server, "/reset").end(), (Outcome::ProtocolError, "stream reset"));
    assert_eq!(get(&mut client, server, "/refused").end(), (Outcome::ProtocolError, "stream reset"));
    assert_eq!(get(&mut client, server, "/stranger").reply.status, 401);
    let slow = get(&mut client, server, "/slow");
    assert_eq!(
        (slow.text().as_str(), slow.reply.connects),
        ("slow", 0),
        "the connection outlives its streams"
    );
}

#[test]
fn a_stream_that_does_not_end_harms_no_other() {
    let server = started(None, &[]);
    let never =
        HttpRequest { timeout_ns: SECOND_NS / 10, ..request("GET", &format!("http://{server}/never")) };
    let mut client = client();
    assert_eq!(client.send(never.clone()).end(), (Outcome::Timeout, "timeout"));
    let patient = HttpRequest { timeout_ns: 10 * SECOND_NS, ..never.clone() };
    client.give_up(Operation::Http(patient), Duration::from_millis(50));
    let next = get(&mut client, server, "/");
    assert_eq!((next.text().as_str(), next.reply.connects), ("ok", 0));
    // Two users of one connection: one waits in vain, the other does not wait for it.
    let shared = HttpSettings { connections: Connections::Shared(1), ..settings(HttpVersion::Two) };
    let other = request("GET", &format!("http://{server}/slow"));
    let [late, slow] = two_at_once(&Http::new(shared).unwrap(), [never, other].map(Operation::Http));
    assert_eq!((late.end(), slow.text().as_str()), ((Outcome::Timeout, "timeout"), "slow"));
}

#[test]
fn a_connection_that_went_away_is_replaced_once_and_counted() {
    let server = started(None, &[]);
    let mut client = client();
    assert_eq!(get(&mut client, server, "/").reply.connects, 1);
    assert_ne!(get(&mut client, server, "/bye").reply.outcome, Outcome::Ok);
    let again = get(&mut client, server, "/");
    assert_eq!((again.reply.outcome, again.reply.connects, again.reply.extra_attempts), (Outcome::Ok, 1, 1));
}

#[test]
fn both_sides_agree_on_the_version() {
    let papers = Papers::issue();
    let ask = |version, offers: &[&str]| {
        let server = started(Some(&papers), offers);
        let settings = HttpSettings { ca_file: Some(papers.path("ca.pem")), ..settings(version) };
        let mut client = Client::new(settings);
        let url = format!("https://localhost:{}/", server.port());
        let first = client.send(request("GET", &url));
        let second = client.send(request("GET", &url));
        assert_eq!(second.reply.connects, 0, "{second:?}");
        (first.text(), first.class().to_owned(), first.tls.is_some())
    };
    let ok = |body: &str| (body.to_owned(), String::new(), true);
    assert_eq!(ask(HttpVersion::Two, &["h2", "http/1.1"]), ok("ok"));
    assert_eq!(ask(HttpVersion::Agreed, &["h2", "http/1.1"]), ok("ok"));
    assert_eq!(ask(HttpVersion::Agreed, &["http/1.1"]), ok("older"));
    assert_eq!(ask(HttpVersion::One, &["h2", "http/1.1"]), ok("older"));
}

#[test]
fn what_does_not_speak_it_is_said_not_to() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    std::thread::spawn(move || {
        // Connections stay open until their client is gone.
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = server.accept() {
            // Whoever asks may be gone.
            let _asked = std::io::Read::read(&mut stream, &mut [0; 1024]);
            let _gone = std::io::Write::write_all(
                &mut stream,
                b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
            );
            open.push(stream);
        }
    });
    assert_eq!(get(&mut client(), address, "/").end(), (Outcome::ProtocolError, "not http/2"));
}
