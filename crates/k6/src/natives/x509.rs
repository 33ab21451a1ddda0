//! `k6/crypto/x509`: what stands in a certificate.

use std::net::IpAddr;

use jiff::Timestamp;
use rquickjs::function::Func;
use rquickjs::{Ctx, Object, Result, Value};
use serde_json::json;
use sha1::{Digest, Sha1};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate, X509Name, parse_x509_pem};
use x509_parser::public_key::{ECPoint, PublicKey};
use x509_parser::time::ASN1Time;

use super::bytes::bytes_of;
use super::go_error;

pub(super) fn install<'js>(own: &Object<'js>) -> Result<()> {
    own.set(
        "certificate",
        Func::from(|ctx: Ctx<'js>, pem: Value<'js>| {
            let pem = bytes_of(&ctx, &pem)?.unwrap_or_default();
            certificate(&pem).map(|shown| shown.to_string()).map_err(|why| go_error(&ctx, &why))
        }),
    )
}

/// A certificate as k6 shows it; numbers of any size are hexadecimal texts, and `publicKey` is null if its kind is not known.
fn certificate(pem: &[u8]) -> std::result::Result<serde_json::Value, String> {
    let Ok((_, pem)) = parse_x509_pem(pem) else {
        return Err("failed to decode certificate PEM file".to_owned());
    };
    let Ok((_, parsed)) = X509Certificate::from_der(&pem.contents) else {
        return Err("failed to parse certificate: x509: malformed certificate".to_owned());
    };
    let fingerprint: [u8; 20] = Sha1::digest(&pem.contents).into();
    Ok(json!({
        "subject": subject(parsed.subject()),
        "issuer": issuer(parsed.issuer()),
        "notBefore": moment(parsed.validity().not_before),
        "notAfter": moment(parsed.validity().not_after),
        "altNames": other_names(&parsed),
        "signatureAlgorithm": signature(&parsed.signature_algorithm.algorithm.to_id_string()),
        "fingerPrint": fingerprint,
        "publicKey": public_key(&parsed),
    }))
}

fn subject(name: &X509Name<'_>) -> serde_json::Value {
    let values = values_of(name);
    json!({
        "commonName": last(&values, "2.5.4.3"),
        "country": first(&values, "2.5.4.6"),
        "postalCode": first(&values, "2.5.4.17"),
        "stateOrProvinceName": first(&values, "2.5.4.8"),
        "localityName": first(&values, "2.5.4.7"),
        "streetAddress": first(&values, "2.5.4.9"),
        "organizationName": first(&values, "2.5.4.10"),
        "organizationalUnitName": all(&values, "2.5.4.11").collect::<Vec<_>>(),
        "names": names(&values),
    })
}

fn issuer(name: &X509Name<'_>) -> serde_json::Value {
    let values = values_of(name);
    json!({
        "commonName": last(&values, "2.5.4.3"),
        "country": first(&values, "2.5.4.6"),
        "stateOrProvinceName": first(&values, "2.5.4.8"),
        "localityName": first(&values, "2.5.4.7"),
        "organizationName": first(&values, "2.5.4.10"),
        "names": names(&values),
    })
}

/// Kinds with their values, in the order in which they stand in the name.
fn values_of(name: &X509Name<'_>) -> Vec<(String, String)> {
    let attributes = name.iter_attributes();
    attributes.map(|it| (it.attr_type().to_id_string(), it.as_str().unwrap_or_default().to_owned())).collect()
}

fn all<'a>(values: &'a [(String, String)], kind: &'a str) -> impl DoubleEndedIterator<Item = &'a str> {
    values.iter().filter(move |(known, _)| known == kind).map(|(_, value)| value.as_str())
}

fn first<'a>(values: &'a [(String, String)], kind: &'a str) -> &'a str {
    all(values, kind).next().unwrap_or_default()
}

/// Of several common names Go keeps the last.
fn last<'a>(values: &'a [(String, String)], kind: &'a str) -> &'a str {
    all(values, kind).next_back().unwrap_or_default()
}

fn names(values: &[(String, String)]) -> Vec<serde_json::Value> {
    values.iter().map(|(kind, value)| json!({ "type": kind, "value": value })).collect()
}

/// RFC 3339, to the second.
fn moment(time: ASN1Time) -> String {
    let known = Timestamp::from_second(time.timestamp());
    known.map(|moment| moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()
}

/// Names of hosts, then addresses of people, then those of machines, then URIs.
fn other_names(parsed: &X509Certificate<'_>) -> Vec<String> {
    let extension = parsed.subject_alternative_name().ok().flatten();
    let given = extension.map(|it| it.value.general_names.as_slice()).unwrap_or_default();
    let of = |pick: fn(&GeneralName<'_>) -> Option<String>| given.iter().filter_map(pick);
    let hosts =
        of(|name| if let GeneralName::DNSName(host) = name { Some((*host).to_owned()) } else { None });
    let people =
        of(|name| if let GeneralName::RFC822Name(who) = name { Some((*who).to_owned()) } else { None });
    let machines =
        of(|name| if let GeneralName::IPAddress(bytes) = name { Some(address(bytes)) } else { None });
    let places = of(|name| if let GeneralName::URI(uri) = name { Some((*uri).to_owned()) } else { None });
    hosts.chain(people).chain(machines).chain(places).collect()
}

fn address(bytes: &[u8]) -> String {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return IpAddr::from(four).to_string();
    }
    <[u8; 16]>::try_from(bytes).map(|six| IpAddr::from(six).to_string()).unwrap_or_default()
}

/// As Go calls them.
fn signature(kind: &str) -> &'static str {
    match kind {
        "1.2.840.113549.1.1.4" => "MD5-RSA",
        "1.2.840.113549.1.1.5" => "SHA1-RSA",
        "1.2.840.113549.1.1.11" => "SHA256-RSA",
        "1.2.840.113549.1.1.12" => "SHA384-RSA",
        "1.2.840.113549.1.1.13" => "SHA512-RSA",
        "1.2.840.10045.4.1" => "ECDSA-SHA1",
        "1.2.840.10045.4.3.2" => "ECDSA-SHA256",
        "1.2.840.10045.4.3.3" => "ECDSA-SHA384",
        "1.2.840.10045.4.3.4" => "ECDSA-SHA512",
        "1.2.840.10040.4.3" => "DSA-SHA1",
        "2.16.840.1.101.3.4.3.2" => "DSA-SHA256",
        "1.3.101.112" => "Ed25519",
        _ => "UnknownSignatureAlgorithm",
    }
}

fn public_key(parsed: &X509Certificate<'_>) -> serde_json::Value {
    match parsed.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => {
            let exponent = key.exponent.iter().fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
            json!({ "algorithm": "RSA", "numbers": { "n": hexadecimal(key.modulus) }, "e": exponent })
        }
        Ok(PublicKey::EC(point)) => ec(&point),
        Ok(PublicKey::DSA(y)) => json!({ "algorithm": "DSA", "numbers": { "y": hexadecimal(y) } }),
        _ => serde_json::Value::Null,
    }
}

/// A point that is written whole; others are rare, and would have to be computed.
fn ec(point: &ECPoint<'_>) -> serde_json::Value {
    let Some((4, both)) = point.data().split_first() else { return serde_json::Value::Null };
    let (x, y) = both.split_at(both.len() / 2);
    json!({ "algorithm": "ECDSA", "numbers": { "x": hexadecimal(x), "y": hexadecimal(y) } })
}

fn hexadecimal(bytes: &[u8]) -> String {
    std::iter::once("0x".to_owned()).chain(bytes.iter().map(|byte| format!("{byte:02x}"))).collect()
}
