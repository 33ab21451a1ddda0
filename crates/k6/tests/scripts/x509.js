// k6/crypto/x509: what stands in a certificate, and what is none.
import x509, { getAltNames, getIssuer, getSubject, parse } from 'k6/crypto/x509';
import { check } from 'k6';
const rsa = `-----BEGIN CERTIFICATE-----
MIIDxTCCAy6gAwIBAgIUZsE2OWUdd2Uo9MfF3lcuCtR+PNAwDQYJKoZIhvcNAQEL
BQAwgcgxCzAJBgNVBAYTAlpaMRkwFwYDVQQIDBBLb3B1bmNlemlzIEtyYWlzMREw
DwYDVQQHDAhBc2h0aW5vazEcMBoGA1UECgwTRXh1bWJyYW4gQ29udmVudGlvbjEZ
MBcGA1UECwwQRXh1bWJyYW4gQ291bmNpbDEXMBUGA1UECwwOU2Vjb25kIENvdW5j
aWwxFTATBgNVBAMMDGV4Y291bmNpbC56ejESMBAGA1UECQwJMSBNYWluIFN0MQ4w
DAYDVQQRDAU5OTk5OTAgFw0yNjExMjcyMDA1MTlaGA8yMTI2MTEwMzIwMDUxOVow
gcgxCzAJBgNVBAYTAlpaMRkwFwYDVQQIDBBLb3B1bmNlemlzIEtyYWlzMREwDwYD
VQQHDAhBc2h0aW5vazEcMBoGA1UECgwTRXh1bWJyYW4gQ29udmVudGlvbjEZMBcG
A1UECwwQRXh1bWJyYW4gQ291bmNpbDEXMBUGA1UECwwOU2Vjb25kIENvdW5jaWwx
FTATBgNVBAMMDGV4Y291bmNpbC56ejESMBAGA1UECQwJMSBNYWluIFN0MQ4wDAYD
VQQRDAU5OTk5OTCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEArsLkaliawfQN
ObWTfZuGdMgzokhkXDOaP40D/4QisGgPB4GWL6AiWOqcaDSa5sGDJnvLUAdkcRtK
aMjQzVEryN1urEwzJzhJlOr3t3b7Aiv8rIU35ISGFuwpUPwCTZgN30U88hv1UiFp
o/YdzFYDNFOsvLzQz51dnbAf52QfUicCAwEAAaOBpzCBpDAdBgNVHQ4EFgQUSBjD
uLLzkU/DTo7HOdQqyULuY5wwHwYDVR0jBBgwFoAUSBjDuLLzkU/DTo7HOdQqyULu
Y5wwDwYDVR0TAQH/BAUwAwEB/zBRBgNVHREESjBIgglhLmV4YW1wbGWBC2VAYi5l
eGFtcGxlhwR/AAABhxAAAAAAAAAAAAAAAAAAAAABhhZodHRwOi8vbGVhcm4uZXhh
bXBsZS94MA0GCSqGSIb3DQEBCwUAA4GBABCbl9pr9p4WdwNwOjtfCIrNgar2h9Ev
j1D3AktpMbCqIHlRL2xnVhOcrl7ubx+h0GhQvEA/EuGwsM7kXE/gXazGksHy3VEQ
y+6yzPZ8EHGGfz2soam9siBlXR+BLSC02t56wM2i91Xy6OTs211ro8hRHLAdaZn8
lOULwNuRD/Hg
-----END CERTIFICATE-----`;
const ec = `-----BEGIN CERTIFICATE-----
MIIBcjCCARegAwIBAgIUGBceGJGj0XJeM5MyWfpdYHckHsowCgYIKoZIzj0EAwIw
DTELMAkGA1UEAwwCZWMwIBcNMjYxMTI3MjAwNTE5WhgPMjEyNjExMDMyMDA1MTla
MA0xCzAJBgNVBAMMAmVjMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+pt2lS/o
Co3KQq2Ou3GBH45PRtyfZmZlEJ2jwDtr5xsWtvjhSQYPTMA6kwX0Z+NHurE+LP/c
65zPM8RZ/153e6NTMFEwHQYDVR0OBBYEFJqvLBTVa4l7VFuHTNMPl8aoasy4MB8G
A1UdIwQYMBaAFJqvLBTVa4l7VFuHTNMPl8aoasy4MA8GA1UdEwEB/wQFMAMBAf8w
CgYIKoZIzj0EAwIDSQAwRgIhAOlZ7cFTBf2h03EW8yNCA8wQAE0jnGxHiSgHOgHI
XZOhAiEAsJWsD18ivkWW5hrWYhsvI+e5Vnf8f41Oq4JFGBiSOO8=
-----END CERTIFICATE-----`;
const ed = `-----BEGIN CERTIFICATE-----
MIIBMDCB46ADAgECAhR4cXWAV3jBLriNvRYpEkLr5RrK6TAFBgMrZXAwDTELMAkG
A1UEAwwCZWQwIBcNMjYxMTI3MjAwNTE5WhgPMjEyNjExMDMyMDA1MTlaMA0xCzAJ
BgNVBAMMAmVkMCowBQYDK2VwAyEAbUWPBKdr0FhjTOAB0uz/qq0vmhuVUVRrnAkD
4Z5s7pujUzBRMB0GA1UdDgQWBBQbJGTuCnwUB1g6bi0fVFu3e9aE5DAfBgNVHSME
GDAWgBQbJGTuCnwUB1g6bi0fVFu3e9aE5DAPBgNVHRMBAf8EBTADAQH/MAUGAytl
cANBADqIEvv+pU5MBiUGajwjRx9cvU4fn9I0Ruj1PecG4Ao25SOF0PFBcDTAkabn
8ikWBHVy3jf/N/JuoZvWf6FTuwk=
-----END CERTIFICATE-----`;
const error = (f) => { try { return `got ${f()}`; } catch (e) { return String(e); } };
export default function () {
  const c = parse(rsa);
  check(c, {
    'fields': () => Object.keys(c).join() === 'subject,issuer,notBefore,notAfter,altNames,signatureAlgorithm,fingerPrint,publicKey',
    'subject': () => JSON.stringify({ ...c.subject, names: 0 }) === '{"commonName":"excouncil.zz","country":"ZZ","postalCode":"99999","stateOrProvinceName":"Kopuncezis Krais","localityName":"Ashtinok","streetAddress":"1 Main St","organizationName":"Exumbran Convention","organizationalUnitName":["Exumbran Council","Second Council"],"names":0}',
    'names': () => c.subject.names.map((n) => `${n.type}=${n.value}`).join('/') === '2.5.4.6=ZZ/2.5.4.8=Kopuncezis Krais/2.5.4.7=Ashtinok/2.5.4.10=Exumbran Convention/2.5.4.11=Exumbran Council/2.5.4.11=Second Council/2.5.4.3=excouncil.zz/2.5.4.9=1 Main St/2.5.4.17=99999',
    'issuer': () => JSON.stringify({ ...c.issuer, names: 0 }) === '{"commonName":"excouncil.zz","country":"ZZ","stateOrProvinceName":"Kopuncezis Krais","localityName":"Ashtinok","organizationName":"Exumbran Convention","names":0}',
    'times': () => /^20..-..-..T..:..:..Z$/.test(c.notBefore) && /^21/.test(c.notAfter),
    'other names': () => c.altNames.join() === 'a.example,e@b.example,127.0.0.1,::1,http://learn.example/x' && getAltNames(rsa).join() === c.altNames.join() && getAltNames(ec).length === 0,
    'signature': () => c.signatureAlgorithm === 'SHA256-RSA' && parse(ec).signatureAlgorithm === 'ECDSA-SHA256',
    'fingerprint': () => Array.isArray(c.fingerPrint) && c.fingerPrint.length === 20 && c.fingerPrint.join() === '131,157,162,68,85,59,170,194,56,102,31,244,237,130,137,110,228,27,167,250',
    'RSA': () => c.publicKey.algorithm === 'RSA' && c.publicKey.key.e === 65537 && typeof c.publicKey.key.n === 'bigint' && String(c.publicKey.key.n).length === 309,
    'ECDSA': () => parse(ec).publicKey.algorithm === 'ECDSA' && typeof parse(ec).publicKey.key.x === 'bigint',
    'parts': () => getIssuer(ec).commonName === 'ec' && getSubject(ed).commonName === 'ed' && Object.keys(x509).sort().join() === 'getAltNames,getIssuer,getSubject,parse',
    'another key': () => error(() => parse(ed)) === 'GoError: unsupported public key algorithm',
    'no PEM': () => [() => parse('nope'), () => getSubject('x'), () => parse()].every((f) => error(f) === 'GoError: failed to decode certificate PEM file'),
    'no certificate': () => error(() => parse('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')) === 'GoError: failed to parse certificate: x509: malformed certificate',
    'no text': () => error(() => parse(5)) === 'TypeError: could not convert function call parameter 0: could not convert 5 to []uint8',
  });
}
