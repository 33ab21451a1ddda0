//! Requests: URL, headers, body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use plimsoll_model::http::{HttpRequest, Keep};
use plimsoll_model::stream::{self, Dialect};

use super::super::super::diagnostics::suggest;
use super::super::super::read::Placed;
use super::super::super::types::{GoodItem, HttpStep, PartItem};
use super::super::super::units::ByteRate;
use super::super::Lowering;
use super::server::Speaks;
use super::{Draft, Scope, Sent};
use crate::behaviour::expect::{Expect, Expectations};
use crate::behaviour::program::{
    BatchBody, BodyPart, BodyTemplate, Good, HttpTemplate, RequestTemplate, Save, SaveSource,
};
use crate::behaviour::template::{Form, Template};

/// Between the parts of a multipart body; long and odd enough not to occur in one.
const BOUNDARY: &str = "plimsoll-7d3f1b9e5a2c4860-boundary";

type Headers = Vec<(String, Template)>;

impl Lowering<'_> {
    pub(super) fn http_sent(&mut self, step: &HttpStep, draft: &mut Draft, scope: &Scope) -> Option<Sent> {
        let (method, path) = self.method(step)?;
        let mut request = self.request(step, method, path, scope)?;
        request.base.network = self.network(scope);
        request.base.keep = if draft.delivered { Keep::Body } else { keep(&draft.expect, &draft.saves) };
        let dialect = step.stream.as_ref().and_then(|written| self.dialect(written));
        if dialect.is_some() {
            draft.expect.usual.by_protocol = dialect != Some(Dialect::Events);
            (request.base.stream, request.base.keep) = (dialect, Keep::Body);
        }
        let good = step.good.as_ref().and_then(|good| self.good(good, dialect));
        let parts = dialect.map_or(&[][..], Dialect::parts);
        Some(Sent { protocol: "http", request: RequestTemplate::Http(Box::new(request)), parts, good })
    }

    fn dialect(&mut self, written: &Placed<String>) -> Option<Dialect> {
        let known =
            [("openai", Dialect::OpenAi), ("anthropic", Dialect::Anthropic), ("events", Dialect::Events)];
        let found = known.iter().find(|(name, _)| *name == written.value).map(|(_, dialect)| *dialect);
        self.counts_tokens |= found.is_some_and(|dialect| dialect != Dialect::Events);
        if found.is_none() {
            self.unknown(written, "dialect", &known.map(|(name, _)| name));
        }
        found
    }

    fn good(&mut self, written: &GoodItem, dialect: Option<Dialect>) -> Option<Good> {
        let limits = [
            (stream::FIRST_TOKEN, written.first_token),
            (stream::PER_TOKEN, written.per_token),
            (stream::STALL, written.stall),
        ];
        let parts: Vec<_> =
            limits.into_iter().filter_map(|(part, most)| most.map(|most| (part, most.0))).collect();
        let problem = match dialect {
            _ if parts.is_empty() && written.total.is_none() => Some("`good` says nothing"),
            None if !parts.is_empty() => Some("this answer does not come in pieces"),
            Some(Dialect::Events) if written.per_token.is_some() => Some("plain events have no tokens"),
            _ => None,
        };
        if let Some(problem) = problem {
            self.diagnostics.error(
                &written.place,
                problem,
                "write `good: { total: 2s }`, and for answers with `stream` first_token, per_token or stall",
            );
            return None;
        }
        Some(Good { step: 0, total_ns: written.total.map(|most| most.0), parts })
    }

    /// Method and path of a step, which must say exactly one.
    fn method<'s>(&mut self, step: &'s HttpStep) -> Option<(&'static str, &'s Placed<String>)> {
        let given = methods(step);
        match given.as_slice() {
            [one] => Some(*one),
            [] => {
                self.diagnostics.error_of_whole(
                    &step.place,
                    &step.place,
                    "this step does not say what to request",
                    "add one of get, post, put, patch, delete, head or options with a path",
                );
                None
            }
            _ => {
                self.diagnostics.error(
                    &step.place,
                    "this step requests several things at once",
                    "make a step of each",
                );
                None
            }
        }
    }

    fn request(
        &mut self,
        step: &HttpStep,
        method: &str,
        path: &Placed<String>,
        scope: &Scope,
    ) -> Option<HttpTemplate> {
        let url = self.url(step, path, scope);
        let mut headers = self.headers(step, scope);
        let body = self.body(step, scope, &mut headers);
        let file = self.file;
        let section = file.http.as_ref();
        let mut base = HttpRequest::new(method, "");
        base.timeout_ns = step.timeout.or(section.and_then(|s| s.timeout)).map_or(base.timeout_ns, |d| d.0);
        base.connect_timeout_ns =
            section.and_then(|s| s.connect_timeout).map_or(base.connect_timeout_ns, |d| d.0);
        base.redirects_max = step.redirects.or(section.and_then(|s| s.redirects)).unwrap_or(0);
        base.body_bytes_max = section.and_then(|s| s.max_body).map_or(base.body_bytes_max, |b| b.0);
        base.expect_continue = step.expect_continue.unwrap_or(false);
        base.read_rate_per_s = step.read_rate.as_ref().map(|rate| self.read_rate(rate));
        self.timeout_ns_max = self.timeout_ns_max.max(base.timeout_ns);
        Some(HttpTemplate { base, url: url?, headers, body: body? })
    }

    /// How slowly an answer is to be read. With HTTP/2 a server fills windows that belong to the whole connection, so that it
    /// would hardly feel who reads slowly, and the others on that connection would.
    fn read_rate(&mut self, written: &Placed<ByteRate>) -> u64 {
        let version = self.file.http.as_ref().and_then(|section| section.version.as_ref());
        if version.is_some_and(|version| version.value != "1") {
            self.diagnostics.error(
                &written.place,
                "`read_rate` is for HTTP/1.1",
                "leave `version` out of the section `http`, or put what reads slowly into a plan of its own",
            );
        }
        written.value.0
    }

    fn url(&mut self, step: &HttpStep, path: &Placed<String>, scope: &Scope) -> Option<Template> {
        let base = match &step.on {
            _ if path.value.starts_with("http://") || path.value.starts_with("https://") => {
                Some(String::new())
            }
            Some(name) => {
                self.used_targets.push(name.value.clone());
                let found = self.targets.get(&name.value).cloned();
                if found.is_none() && !self.file.targets.iter().any(|(k, _)| k.value == name.value) {
                    let known: Vec<_> = self.targets.keys().filter(|k| !k.is_empty()).cloned().collect();
                    self.diagnostics.error(
                        &name.place,
                        format!("no target is called `{}`", name.value),
                        suggest(&name.value, known.iter().map(String::as_str)),
                    );
                }
                found
            }
            None => {
                if self.file.target.is_none() {
                    self.diagnostics.error(
                        &path.place,
                        format!("`{}` is relative to nothing", path.value),
                        "add `target: http://...` to the plan, or write the whole URL here",
                    );
                }
                self.targets.get("").cloned()
            }
        };
        if let Some(server) =
            base.as_ref().filter(|base| Speaks::of(base, &self.own).is_some_and(|s| s != Speaks::Http))
        {
            self.diagnostics.error(
                step.on.as_ref().map_or(&path.place, |on| &on.place),
                format!("{server} takes no HTTP requests"),
                "use a step that it understands, or name another target with `on`",
            );
        }
        let mut text = base.unwrap_or_default();
        if !path.value.starts_with('/') && !text.is_empty() && !path.value.starts_with("${") {
            text.push('/');
        }
        text.push_str(&path.value);
        let mut pieces = vec![(text, Form::Plain)];
        for (index, (name, value)) in step.query.iter().enumerate() {
            let joint = if index == 0 && !path.value.contains('?') { '?' } else { '&' };
            let encoded: String = form_urlencoded::byte_serialize(name.value.as_bytes()).collect();
            pieces.push((format!("{joint}{encoded}="), Form::Plain));
            pieces.push((encode_literals(&value.value), Form::Query));
        }
        let mut whole = Template::default();
        for (text, form) in pieces {
            let piece =
                self.template(&Placed { value: text, place: path.place.clone() }, form, &scope.names)?;
            whole.append(piece);
        }
        Some(whole)
    }

    fn headers(&mut self, step: &HttpStep, scope: &Scope) -> Headers {
        let file = self.file;
        let common = file.http.as_ref().map(|s| &s.headers);
        let overridden = |name: &str| step.headers.iter().any(|(n, _)| n.value.eq_ignore_ascii_case(name));
        let common = common
            .into_iter()
            .flat_map(crate::yaml::read::Table::iter)
            .filter(|(n, _)| !overridden(&n.value));
        let all: Vec<_> = common.chain(step.headers.iter()).collect();
        let mut headers: Headers = Vec::new();
        for (name, value) in all {
            if let Some(template) = self.template(value, Form::Plain, &scope.names) {
                headers.push((name.value.clone(), template));
            }
        }
        if let Some(codings) = file
            .http
            .as_ref()
            .and_then(|s| s.accept_encoding.as_ref())
            .filter(|_| !has(&headers, "accept-encoding"))
        {
            headers.push(("Accept-Encoding".to_owned(), Template::fixed(codings)));
        }
        self.auth(step, scope, &mut headers);
        headers
    }

    fn auth(&mut self, step: &HttpStep, scope: &Scope, headers: &mut Headers) {
        let Some(auth) = &step.auth else { return };
        match (&auth.basic, &auth.bearer) {
            (Some(basic), None) => {
                match self.template(basic, Form::Plain, &scope.names).as_ref().map(Template::as_fixed) {
                    Some(Some(fixed)) => headers.push((
                        "Authorization".to_owned(),
                        Template::fixed(&format!("Basic {}", STANDARD.encode(fixed))),
                    )),
                    Some(None) => self.diagnostics.error(
                        &basic.place,
                        "basic credentials must be known before the run",
                        "use only `env` and `vars` in them",
                    ),
                    None => {}
                }
            }
            (None, Some(bearer)) => {
                let text = Placed { value: format!("Bearer {}", bearer.value), place: bearer.place.clone() };
                if let Some(template) = self.template(&text, Form::Plain, &scope.names) {
                    headers.push(("Authorization".to_owned(), template));
                }
            }
            _ => self.diagnostics.error(
                &auth.place,
                "`auth` needs one kind of credentials",
                "write `basic: user:password` or `bearer: TOKEN`",
            ),
        }
    }

    fn body(&mut self, step: &HttpStep, scope: &Scope, headers: &mut Headers) -> Option<BodyTemplate> {
        let given = [
            step.json.is_some(),
            step.body.is_some(),
            step.body_file.is_some(),
            !step.form.0.is_empty(),
            !step.multipart.0.is_empty(),
        ];
        if given.iter().filter(|g| **g).count() > 1 {
            self.diagnostics.error(
                &step.place,
                "this step has several bodies",
                "keep one of json, body, body_file, form and multipart",
            );
            return None;
        }
        let chunked = step.chunked.map(|b| b.0 as usize);
        if chunked.is_some() && step.json.is_none() && step.body.is_none() {
            self.diagnostics.error(
                &step.place,
                "`chunked` needs a `json` or `body` to send",
                "files are streamed with their length",
            );
        }
        if let Some(json) = &step.json {
            default_header(headers, "Content-Type", "application/json");
            let text = self.json_template(json, &scope.names)?;
            return Some(self.text_body(text, chunked));
        }
        if let Some(text) = &step.body {
            let text = self.template(text, Form::Plain, &scope.names)?;
            return Some(self.text_body(text, chunked));
        }
        if let Some(path) = &step.body_file {
            let full = self.base.join(&path.value);
            if !full.is_file() {
                self.diagnostics.error(
                    &path.place,
                    format!("there is no file {}", full.display()),
                    "paths start from the plan's directory",
                );
            }
            default_header(headers, "Content-Type", "application/octet-stream");
            return Some(BodyTemplate::File(full));
        }
        if !step.form.0.is_empty() {
            default_header(headers, "Content-Type", "application/x-www-form-urlencoded");
            return self.form(step, scope);
        }
        if !step.multipart.0.is_empty() {
            default_header(headers, "Content-Type", &format!("multipart/form-data; boundary={BOUNDARY}"));
            return self.multipart(step, scope);
        }
        Some(BodyTemplate::Empty)
    }

    /// A text; a batch in it has a way of its own.
    fn text_body(&self, text: Template, chunked: Option<usize>) -> BodyTemplate {
        let batches = self.batches();
        match text.around_row().filter(|(_, set, _)| chunked.is_none() && batches.contains(set)) {
            Some((before, set, after)) => {
                let (before, after) = (before.to_owned(), after.to_owned());
                BodyTemplate::Batch(Box::new(BatchBody { before, set, after }))
            }
            None => BodyTemplate::Text(text, chunked),
        }
    }

    fn form(&mut self, step: &HttpStep, scope: &Scope) -> Option<BodyTemplate> {
        let mut whole = Template::default();
        for (index, (name, value)) in step.form.iter().enumerate() {
            let joint = if index == 0 { "" } else { "&" };
            let encoded: String = form_urlencoded::byte_serialize(name.value.as_bytes()).collect();
            whole.append(Template::fixed(&format!("{joint}{encoded}=")));
            let value = Placed { value: encode_literals(&value.value), place: value.place.clone() };
            whole.append(self.template(&value, Form::Query, &scope.names)?);
        }
        Some(BodyTemplate::Text(whole, None))
    }

    fn multipart(&mut self, step: &HttpStep, scope: &Scope) -> Option<BodyTemplate> {
        let mut parts = Vec::new();
        for (name, part) in step.multipart.iter() {
            let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{}\"", name.value);
            match &part.value {
                PartItem::Text(text) => {
                    parts.push(BodyPart::Bytes(format!("{head}\r\n\r\n").into_bytes()));
                    let text = Placed { value: text.clone(), place: part.place.clone() };
                    parts.push(BodyPart::Text(self.template(&text, Form::Plain, &scope.names)?));
                }
                PartItem::File(path, content_type) => {
                    let full = self.base.join(&path.value);
                    let bytes = self.read_file(path, |p| std::fs::read(p))?;
                    let file_name = full.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    let content_type = content_type.as_deref().unwrap_or("application/octet-stream");
                    parts.push(BodyPart::Bytes(
                        format!("{head}; filename=\"{file_name}\"\r\nContent-Type: {content_type}\r\n\r\n")
                            .into_bytes(),
                    ));
                    parts.push(BodyPart::Bytes(bytes));
                }
            }
            parts.push(BodyPart::Bytes(b"\r\n".to_vec()));
        }
        parts.push(BodyPart::Bytes(format!("--{BOUNDARY}--\r\n").into_bytes()));
        Some(BodyTemplate::Parts(parts))
    }
}

fn has(headers: &Headers, name: &str) -> bool {
    headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name))
}

fn default_header(headers: &mut Headers, name: &str, value: &str) {
    if !has(headers, name) {
        headers.push((name.to_owned(), Template::fixed(value)));
    }
}

/// Encodes what stands between the holes of a value; the holes are encoded when they are filled.
fn encode_literals(text: &str) -> String {
    let mut encoded = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        encoded.extend(form_urlencoded::byte_serialize(&rest.as_bytes()[..start]));
        let end = rest[start..].find('}').map_or(rest.len(), |e| start + e + 1);
        encoded.push_str(&rest[start..end]);
        rest = &rest[end..];
    }
    encoded.extend(form_urlencoded::byte_serialize(rest.as_bytes()));
    encoded
}

/// The methods that a step names, with what they are of.
fn methods(step: &HttpStep) -> Vec<(&'static str, &Placed<String>)> {
    let all = [
        ("GET", &step.get),
        ("POST", &step.post),
        ("PUT", &step.put),
        ("PATCH", &step.patch),
        ("DELETE", &step.delete),
        ("HEAD", &step.head),
        ("OPTIONS", &step.options),
    ];
    all.into_iter().filter_map(|(method, path)| path.as_ref().map(|p| (method, p))).collect()
}

/// Method and path.
pub(super) fn usual_name(step: &HttpStep) -> String {
    methods(step).first().map_or_else(String::new, |(method, path)| format!("{method} {}", path.value))
}

/// How much of the response is looked at.
fn keep(expects: &Expectations, saves: &[Save]) -> Keep {
    let body = expects.all().any(Expect::needs_body)
        || saves.iter().any(|s| !matches!(s.source, SaveSource::Header(_) | SaveSource::Status));
    let head = expects.all().any(Expect::looks_beyond_status)
        || saves.iter().any(|s| matches!(s.source, SaveSource::Header(_)));
    match (body, head) {
        (true, _) => Keep::Body,
        (false, true) => Keep::Head,
        (false, false) => Keep::Status,
    }
}
