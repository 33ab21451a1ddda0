//! One request of a script with all that it takes: redirects, the answer to a challenge, cookies, and what k6 counts.

pub(crate) mod address;

mod counted;
mod jar;
mod operations;

use std::rc::Rc;
use std::sync::Arc;

use base64::Engine;
use plimsoll_model::http::{Body, HttpRequest, Keep};
use plimsoll_model::{Nanos, Operation, Outcome};

pub(crate) use counted::duration_ns;
pub(crate) use jar::{Cookie, Jar};
pub(crate) use operations::Common;

use crate::vu::{Call, Seen, Vu, path_of};

/// Without a word about it.
const TIMEOUT_NS: Nanos = 60_000_000_000;

/// Operations kept for being sent again as they are.
const FIXED_MAX: usize = 64;

/// What a response's body is given as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyAs {
    Text,
    Bytes,
    Nothing,
}

/// Which statuses count as successes.
#[derive(Clone, Debug, Default)]
pub(crate) enum Expected {
    /// 200 to 399.
    #[default]
    Usual,
    /// Pairs of a least and a greatest.
    Ranges(Rc<[u16]>),
    /// Nothing is said about success: no `http_req_failed`.
    Nothing,
}

impl Expected {
    fn holds(&self, status: u16) -> bool {
        match self {
            Self::Usual | Self::Nothing => (200..400).contains(&status),
            Self::Ranges(ranges) => ranges.chunks_exact(2).any(|r| (r[0]..=r[1]).contains(&status)),
        }
    }
}

/// How credentials of an address are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Basic,
    Digest,
    /// One that is not there: nothing is shown.
    Other,
}

/// A request as the script made it, before redirects and challenges.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) body: Option<Arc<[u8]>>,
}

/// A request, from before it is sent until its last response is in.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) body: Option<Arc<[u8]>>,
    /// The body before it was compressed.
    pub(crate) plain_body: Option<Arc<[u8]>>,
    /// How it is to be compressed.
    pub(crate) codings: Vec<String>,
    /// What the script asked for, where it is no longer what stands above.
    pub(crate) asked: Option<Box<Asked>>,
    /// Where a redirect came from.
    referer: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    /// What its samples are called, if not by the address.
    pub(crate) name: Option<String>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) timeout_ns: Nanos,
    pub(crate) redirects_left: u32,
    pub(crate) body_as: BodyAs,
    pub(crate) throws: bool,
    pub(crate) expected: Expected,
    pub(crate) scheme: Scheme,
    /// Instead of the user's.
    pub(crate) jar: Option<Jar>,
    pub(crate) cookies: Vec<Cookie>,
    /// Nothing but what is usual: the operation may be kept.
    pub(crate) plain: bool,
    /// User and password, with digest authentication.
    credentials: Option<(String, String)>,
    /// What is sent as `Authorization`, apart from what the script gives.
    authorization: Option<String>,
    /// A challenge may still come, and be answered.
    challenge_is_due: bool,
    /// What was sent last as `Cookie`.
    pub(crate) cookies_sent: String,
    pub(crate) seen: Option<Rc<Seen>>,
    /// k6's words and code for what went wrong.
    pub(crate) error: String,
    pub(crate) error_code: u16,
}

impl Flow {
    /// A request with everything else as the script's options say.
    pub(crate) fn new(vu: &Vu, method: String, url: String) -> Self {
        let options = &vu.run.options;
        Self {
            method,
            url,
            body: None,
            plain_body: None,
            codings: Vec::new(),
            asked: None,
            referer: None,
            headers: Vec::new(),
            name: None,
            tags: Vec::new(),
            timeout_ns: TIMEOUT_NS,
            redirects_left: options.redirects_max,
            body_as: if options.discard_bodies { BodyAs::Nothing } else { BodyAs::Text },
            throws: options.throw,
            expected: vu.expected.borrow().clone(),
            scheme: Scheme::Basic,
            jar: None,
            cookies: Vec::new(),
            plain: true,
            credentials: None,
            authorization: None,
            challenge_is_due: false,
            cookies_sent: String::new(),
            seen: None,
            error: String::new(),
            error_code: 0,
        }
    }

    /// A request that is never sent, and why: it has no method.
    pub(crate) fn refused(vu: &Vu, error: String, error_code: u16) -> Self {
        let throws = vu.run.options.throw;
        Self { throws, error, error_code, ..Self::new(vu, String::new(), String::new()) }
    }

    /// What is thrown, if the script asked for that.
    pub(crate) fn thrown(&self) -> String {
        let Some(first) = self.method.chars().next() else { return self.error.clone() };
        let method = format!("{first}{}", self.method[first.len_utf8()..].to_lowercase());
        let error = match self.error_code {
            1212 => format!("dial tcp {}: connect: connection refused", address::authority(&self.url)),
            _ => self.error.clone(),
        };
        format!("{method} {:?}: {error}", self.url)
    }

    /// Remembers the request as the script made it.
    fn remember(&mut self) {
        if self.asked.is_none() {
            let (method, url, body) = (self.method.clone(), self.url.clone(), self.body.clone());
            self.asked = Some(Box::new(Asked { method, url, body }));
        }
    }

    /// Sets a header unless the script has.
    pub(crate) fn header_unless_given(&mut self, name: &str, value: String) {
        if !self.headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name)) {
            self.headers.push((name.to_owned(), value));
        }
        self.plain = false;
    }

    /// `user:password@` in the address becomes authentication.
    pub(crate) fn take_credentials(&mut self) {
        let Some((user, password, without)) = address::credentials(&self.url) else {
            if self.scheme == Scheme::Digest {
                self.credentials = Some((String::new(), String::new()));
                self.challenge_is_due = true;
            }
            return;
        };
        self.remember();
        self.url = without;
        if self.scheme == Scheme::Digest {
            self.credentials = Some((user.clone(), password.clone()));
            self.challenge_is_due = true;
        }
        if self.scheme != Scheme::Other {
            let token = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
            self.authorization = Some(format!("Basic {token}"));
        }
    }

    /// What its samples are called.
    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.url)
    }

    /// The script's own jar for this request, or the user's.
    fn jar(&self, vu: &Vu) -> Jar {
        self.jar.clone().unwrap_or_else(|| vu.jar.borrow().clone())
    }

    /// What is to be sent now.
    pub(crate) fn call(&mut self, vu: &Vu) -> Call {
        self.cookies_sent = self.jar(vu).field(&self.url, &self.cookies);
        let group = vu.group.borrow();
        let step = vu.request_step(path_of(&group), &self.method, self.name());
        Call { step, operation: self.operation(vu) }
    }

    fn operation(&self, vu: &Vu) -> Arc<Operation> {
        let is_bare = self.plain && self.body.is_none() && self.authorization.is_none();
        let may_be_kept = is_bare && self.referer.is_none() && self.cookies_sent.is_empty();
        let keep = if self.body_as == BodyAs::Nothing { Keep::Head } else { Keep::Body };
        if may_be_kept && let Some(known) = vu.sent(&self.method, &self.url, keep) {
            return known;
        }
        let mut request = HttpRequest::new(&self.method, &self.url);
        request.headers.clone_from(&self.headers);
        let cookies = (!self.cookies_sent.is_empty()).then_some(&self.cookies_sent);
        let added = [
            ("Cookie", cookies),
            ("Authorization", self.authorization.as_ref()),
            ("Referer", self.referer.as_ref()),
        ];
        for (name, value) in added {
            value.into_iter().for_each(|value| set_header(&mut request.headers, name, value));
        }
        request.timeout_ns = self.timeout_ns;
        request.connect_timeout_ns = self.timeout_ns;
        request.keep = keep;
        match &self.body {
            Some(body) => request.body = Body::Bytes(body.clone()),
            // Methods whose bodies mean something say that there is none (RFC 9110, 8.6).
            None if ["POST", "PUT", "PATCH"].contains(&self.method.as_str()) => {
                request.body = Body::Bytes(Arc::default());
            }
            None => {}
        }
        request.is_fixed = may_be_kept;
        if !may_be_kept {
            return Arc::new(Operation::Http(request));
        }
        let made = vu.common.of(request);
        let mut fixed = vu.fixed.borrow_mut();
        if fixed.len() < FIXED_MAX {
            fixed.push(made.clone());
        }
        made
    }

    /// Takes in what came of the last call; whether there is another to make.
    pub(crate) fn take(&mut self, vu: &Vu, seen: Rc<Seen>) -> bool {
        (self.error, self.error_code) = error_of(&self.url, &seen);
        let is_challenge = std::mem::take(&mut self.challenge_is_due);
        let expected = if is_challenge {
            seen.status == 401
        } else {
            seen.status > 0 && self.expected.holds(seen.status)
        };
        counted::count(vu, self, &seen, expected);
        if !expected && seen.status > 0 {
            seen.judged.borrow_mut().unexpected = Some(seen.status);
        }
        if seen.status > 0 {
            self.jar(vu).learn(&self.url, &seen.headers);
        }
        let goes_on = (is_challenge && self.answer(&seen)) || self.redirect(&seen);
        self.seen = Some(seen);
        goes_on
    }

    /// Answers a challenge (RFC 7616); `false` if there is none that can be.
    fn answer(&mut self, seen: &Seen) -> bool {
        let Some((user, password)) = &self.credentials else { return false };
        let challenge = seen.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"));
        let Some((_, challenge)) = challenge.filter(|_| seen.status == 401) else { return false };
        let path = address::path(&self.url);
        let method = digest_auth::HttpMethod::from(self.method.as_str());
        let context =
            digest_auth::AuthContext::new_with_method(user, password, path, self.body.as_deref(), method);
        let answer = digest_auth::parse(challenge).and_then(|mut challenge| challenge.respond(&context));
        let Ok(answer) = answer.map(|answer| answer.to_header_string()) else { return false };
        self.authorization = Some(answer);
        true
    }

    /// Follows a redirect, if it was one and another is allowed.
    fn redirect(&mut self, seen: &Seen) -> bool {
        if self.redirects_left == 0 || !matches!(seen.status, 301 | 302 | 303 | 307 | 308) {
            return false;
        }
        let Some((_, to)) = seen.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("location"))
        else {
            return false;
        };
        let Some(next) = url::Url::parse(&self.url).ok().and_then(|from| from.join(to).ok()) else {
            return false;
        };
        self.remember();
        self.redirects_left -= 1;
        if seen.status == 303 || (seen.status < 303 && self.method == "POST") {
            "GET".clone_into(&mut self.method);
            self.body = None;
        }
        self.referer = Some(std::mem::replace(&mut self.url, next.into()));
        true
    }
}

/// Adds a header; cookies join those that are there, anything else gives way to what the script has given.
fn set_header(headers: &mut Vec<(String, String)>, name: &str, value: &str) {
    match headers.iter_mut().find(|(given, _)| given.eq_ignore_ascii_case(name)) {
        Some((_, given)) if name == "Cookie" => *given = format!("{given}; {value}"),
        Some(_) => {}
        None => headers.push((name.to_owned(), value.to_owned())),
    }
}

/// k6's message and code for what went wrong.
fn error_of(url: &str, seen: &Seen) -> (String, u16) {
    let Some(failure) = seen.reply.failure.as_ref().filter(|_| seen.status == 0) else {
        let code = if seen.status >= 400 { 1000 + seen.status } else { 0 };
        return (String::new(), code);
    };
    if let Some((problem, code)) = address::unsendable(url) {
        return (problem, code);
    }
    if failure.class == "bad header" {
        let name = failure.message.split('"').nth(1).unwrap_or_default();
        let is_token = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
        let what = if is_token { "value for" } else { "name" };
        return (format!("net/http: invalid header field {what} {name:?}"), 1000);
    }
    let code = match (seen.reply.outcome, failure.class.as_ref()) {
        (Outcome::Timeout, _) => 1050,
        (_, "dns") => 1101,
        (_, "blocked address") => 1110,
        (_, "blocked name") => 1111,
        (_, "refused") => 1212,
        (_, "reset") => 1220,
        (_, "tls" | "certificate") => 1300,
        (Outcome::ConnectError, _) => 1200,
        _ => 1000,
    };
    let text = match code {
        1050 => "request timeout".to_owned(),
        1212 => "dial: connection refused".to_owned(),
        1220 => "connection reset by peer".to_owned(),
        1101 => "lookup: no such host".to_owned(),
        1110 => "ip is blacklisted".to_owned(),
        1111 => "hostname is blocked".to_owned(),
        _ => failure.message.clone(),
    };
    (text, code)
}
