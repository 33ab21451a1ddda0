//! Addresses as k6's parser takes them, which is Go's.

/// What is wrong with an address, in Go's words (`net/url`); `None` if it can at least be read.
pub(crate) fn problem(url: &str) -> Option<String> {
    if let Some(at) = url.find('%').and_then(|from| bad_escape(url, from)) {
        return Some(format!("invalid URL escape {:?}", url[at..].chars().take(3).collect::<String>()));
    }
    let first_segment = url.split('/').next().unwrap_or_default();
    if first_segment.contains(':') && !url.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Some("first path segment in URL cannot contain colon".to_owned());
    }
    let host = host(url.split_once("://")?.1);
    let port = host.rfind(':').filter(|at| host.rfind(']').is_none_or(|end| end < *at))?;
    let is_wrong = host[port + 1..].chars().any(|c| !c.is_ascii_digit());
    is_wrong.then(|| format!("invalid port {:?} after host", &host[port..]))
}

fn bad_escape(url: &str, from: usize) -> Option<usize> {
    let bytes = url.as_bytes();
    let is_hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    (from..bytes.len()).find(|at| bytes[*at] == b'%' && !(is_hex(at + 1) && is_hex(at + 2)))
}

/// What keeps an address that can be read from being asked, in Go's words (`net/http`), and k6's code for it.
pub(crate) fn unsendable(url: &str) -> Option<(String, u16)> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Some(("unsupported protocol scheme \"\"".to_owned(), 1000));
    };
    if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return Some((format!("unsupported protocol scheme {scheme:?}"), 1000));
    }
    let host = host(rest);
    if host.is_empty() {
        return Some(("http: no Host in request URL".to_owned(), 1000));
    }
    let port = host.rsplit_once(':').map_or("", |(_, port)| port);
    let is_none = port.parse::<u64>().is_ok_and(|port| port > u64::from(u16::MAX));
    is_none.then(|| (format!("dial tcp: address {port}: invalid port"), 1210))
}

/// Host and port, as an address has them.
pub(crate) fn authority(url: &str) -> &str {
    host(url.split_once("://").map_or(url, |(_, rest)| rest))
}

/// Host and port of an address.
pub(crate) fn host_of(url: &str) -> (&str, u16) {
    let authority = authority(url);
    let usual = if url.starts_with("https:") { 443 } else { 80 };
    match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().unwrap_or(usual)),
        None => (authority, usual),
    }
}

fn host(rest: &str) -> &str {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// Path and query of an address.
pub(crate) fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |at| &rest[at..]);
    path.split('#').next().unwrap_or(path)
}

/// User and password of an address, unescaped, and the address without them.
pub(crate) fn credentials(url: &str) -> Option<(String, String, String)> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (both, _) = authority.rsplit_once('@')?;
    let (user, password) = both.split_once(':').unwrap_or((both, ""));
    let plain = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    Some((plain(user), plain(password), format!("{scheme}://{}", &rest[both.len() + 1..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_would_not_read_is_named_in_its_words() {
        assert_eq!(problem("http://a.test:80/x?y=%20z#f"), None);
        assert_eq!(problem("http://[::1]:80/"), None);
        assert_eq!(problem("http://%zz/").unwrap(), "invalid URL escape \"%zz\"");
        assert_eq!(problem("http://a:abc/").unwrap(), "invalid port \":abc\" after host");
        assert!(problem(" http://a/").unwrap().contains("colon"));
        assert_eq!(unsendable("nope").unwrap().0, "unsupported protocol scheme \"\"");
        assert_eq!(unsendable("http:///x").unwrap().0, "http: no Host in request URL");
        assert_eq!(unsendable("http://a:99999/").unwrap().1, 1210);
        assert_eq!(unsendable("https://a"), None);
    }

    #[test]
    fn credentials_are_taken_out() {
        let (user, password, without) = credentials("http://a%40b:p@h:1/x@y").unwrap();
        assert_eq!((user.as_str(), password.as_str(), without.as_str()), ("a@b", "p", "http://h:1/x@y"));
        assert_eq!(credentials("http://h/x@y"), None);
    }
}
