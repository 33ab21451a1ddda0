//! One request of a script with all that it takes: redirects, the answer to a challenge, cookies, and what k6 counts.

mod counted;
mod jar;

use std::rc::Rc;
use std::sync::Arc;

use plimsoll_model::http::{Body, HttpRequest, Keep};
use plimsoll_model::{Nanos, Operation, Outcome};

pub(crate) use counted::duration_ns;
pub(crate) use jar::{Cookie, Jar};

use crate::vu::{Call, Seen, Vu};

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
}

/// A request, from before it is sent until its last response is in.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) body: Option<Arc<[u8]>>,
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
            challenge_is_due: false,
            cookies_sent: String::new(),
            seen: None,
            error: String::new(),
            error_code: 0,
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
        use base64::Engine;
        let Some((scheme, rest)) = self.url.split_once("://") else { return };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let Some((user, _)) = authority.rsplit_once('@') else { return };
        match self.scheme {
            Scheme::Basic => {
                let token = base64::engine::general_purpose::STANDARD.encode(user);
                self.headers.push(("Authorization".to_owned(), format!("Basic {token}")));
            }
            Scheme::Digest => {
                let (name, password) = user.split_once(':').unwrap_or((user, ""));
                self.credentials = Some((name.to_owned(), password.to_owned()));
                self.challenge_is_due = true;
            }
        }
        self.url = format!("{scheme}://{}", &rest[user.len() + 1..]);
    }

    /// What its samples are called.
    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.url)
    }

    /// What is to be sent now.
    pub(crate) fn call(&mut self, vu: &Vu) -> Call {
        let jar = self.jar.clone().unwrap_or_else(|| vu.jar.borrow().clone());
        self.cookies_sent = jar.field(&self.url, &self.cookies);
        let group = vu.group.borrow();
        let step = vu.request_step(group.trim_start_matches("::"), &self.method, self.name());
        Call { step, operation: self.operation(vu) }
    }

    fn operation(&self, vu: &Vu) -> Arc<Operation> {
        let may_be_kept =
            self.plain && self.body.is_none() && self.headers.is_empty() && self.cookies_sent.is_empty();
        let key = (self.method.as_str(), self.url.as_str());
        if may_be_kept
            && let Some((_, _, known)) =
                vu.fixed.borrow().iter().find(|(m, u, _)| (m.as_str(), u.as_str()) == key)
        {
            return known.clone();
        }
        let mut request = HttpRequest::new(&self.method, &self.url);
        request.headers.clone_from(&self.headers);
        if !self.cookies_sent.is_empty() {
            request.headers.push(("Cookie".to_owned(), self.cookies_sent.clone()));
        }
        request.timeout_ns = self.timeout_ns;
        request.connect_timeout_ns = self.timeout_ns;
        request.keep = if self.body_as == BodyAs::Nothing { Keep::Head } else { Keep::Body };
        if let Some(body) = &self.body {
            request.body = Body::Bytes(body.clone());
        }
        request.is_fixed = may_be_kept;
        let made = Arc::new(Operation::Http(request));
        let mut fixed = vu.fixed.borrow_mut();
        if may_be_kept && fixed.len() < FIXED_MAX {
            fixed.push((self.method.clone(), self.url.clone(), made.clone()));
        }
        made
    }

    /// Takes in what came of the last call; whether there is another to make.
    pub(crate) fn take(&mut self, vu: &Vu, seen: Rc<Seen>) -> bool {
        (self.error, self.error_code) = error_of(&seen);
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
            let jar = self.jar.as_ref().map_or_else(|| vu.jar.borrow().clone(), Jar::clone);
            jar.learn(&self.url, &seen.headers);
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
        let path = path_of(&self.url);
        let method = digest_auth::HttpMethod::from(self.method.as_str());
        let context =
            digest_auth::AuthContext::new_with_method(user, password, path, self.body.as_deref(), method);
        let answer = digest_auth::parse(challenge).and_then(|mut challenge| challenge.respond(&context));
        let Ok(answer) = answer.map(|answer| answer.to_header_string()) else { return false };
        self.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
        self.headers.push(("Authorization".to_owned(), answer));
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
        self.redirects_left -= 1;
        if seen.status == 303 || (seen.status < 303 && self.method == "POST") {
            "GET".clone_into(&mut self.method);
            self.body = None;
        }
        self.url = next.into();
        true
    }
}

/// Path and query of an address.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |at| &rest[at..]);
    path.split('#').next().unwrap_or(path)
}

/// k6's message and code for what went wrong.
fn error_of(seen: &Seen) -> (String, u16) {
    let Some(failure) = seen.reply.failure.as_ref().filter(|_| seen.status == 0) else {
        let code = if seen.status >= 400 { 1000 + seen.status } else { 0 };
        return (String::new(), code);
    };
    let code = match (seen.reply.outcome, failure.class.as_ref()) {
        (Outcome::Timeout, _) => 1050,
        (_, "dns") => 1101,
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
        _ => failure.message.clone(),
    };
    (text, code)
}
