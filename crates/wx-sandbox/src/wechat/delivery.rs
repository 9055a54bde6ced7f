use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use super::{Request, Success, access, answer, api_security, refusal};
use crate::calls::{Call, masked_body, masked_query};
use crate::state::State;
use crate::{Endpoint, FaultKind};

const HTML: &str = "<html><head><title>error</title></head><body><h1>System busy</h1></body></html>\n";

/// An HTTP answer, ready to be sent.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) location: Option<String>,
    /// The header `Num-Used`.
    pub(crate) num_used: Option<u32>,
    /// Those of API security.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// Bytes of white space in front of the body. More than none are streamed.
    pub(crate) padding: u64,
    pub(crate) delay: Duration,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn new(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let content_type = Some(content_type);
        Self {
            status,
            content_type,
            location: None,
            num_used: None,
            headers: Vec::new(),
            padding: 0,
            delay: Duration::ZERO,
            body: body.into(),
        }
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { content_type: None, ..Self::new(status, "", Bytes::new()) }
    }
}

/// What becomes of a request.
pub(crate) enum Delivery {
    Answer(Reply),
    /// The connection closes without an answer.
    Close,
    /// Neither an answer nor an end.
    Hang,
}

/// Answers as WeChat does, or as the fault at hand says, and keeps a record.
pub(crate) fn deliver(state: &mut State, request: &Request) -> Delivery {
    let endpoint = Endpoint::at(&request.path);
    let mut call = Call {
        at: state.clock.now(),
        method: request.method.to_string(),
        path: request.path.clone(),
        query: masked_query(&request.query),
        body: masked_body(&request.body),
        status: None,
        errcode: None,
        errmsg: None,
        appid: access::appid(state, request).ok(),
        fault: None,
    };
    let delivery = match endpoint {
        None => Delivery::Answer(Reply::empty(StatusCode::NOT_FOUND)),
        // WeChat reads no body whose length it was not told.
        Some(_) if request.is_post() && !request.has_length => {
            Delivery::Answer(Reply::empty(StatusCode::PRECONDITION_FAILED))
        }
        Some(endpoint) => {
            call.fault = state.faults.next(endpoint);
            let fault = call.fault.clone();
            Exchange { state, endpoint, request, call: &mut call }.play(fault.as_ref())
        }
    };
    if let Delivery::Answer(reply) = &delivery {
        call.status = Some(reply.status.as_u16());
    }
    state.calls.record(call);
    delivery
}

/// One request at one endpoint.
struct Exchange<'a> {
    state: &'a mut State,
    endpoint: Endpoint,
    request: &'a Request,
    call: &'a mut Call,
}

impl Exchange<'_> {
    fn play(mut self, fault: Option<&FaultKind>) -> Delivery {
        let reply = match fault {
            None => self.answered(),
            Some(FaultKind::Errcode(errcode)) => {
                let body = self.refused(*errcode);
                self.json(&body)
            }
            Some(FaultKind::Status(status)) => page(*status),
            Some(FaultKind::Html) => Reply::new(StatusCode::OK, "text/html; charset=utf-8", HTML),
            Some(FaultKind::Garbage) => Reply::new(StatusCode::OK, "application/json", "%%% this is no JSON %%%"),
            Some(FaultKind::Redirect(to)) => Reply { location: Some(to.clone()), ..Reply::empty(StatusCode::FOUND) },
            Some(FaultKind::ResetBefore) => return Delivery::Close,
            Some(FaultKind::Hang) => return Delivery::Hang,
            Some(FaultKind::ResetAfter) => {
                self.answered();
                return Delivery::Close;
            }
            Some(FaultKind::LatencyMs(ms)) => Reply { delay: Duration::from_millis(*ms), ..self.answered() },
            Some(FaultKind::HugeBytes(padding)) => Reply { padding: *padding, ..self.answered() },
            Some(FaultKind::Truncated) => {
                let whole = self.answered();
                Reply { body: whole.body.slice(..whole.body.len() / 2), ..whole }
            }
            Some(FaultKind::InvalidUtf8) => {
                let whole = self.answered();
                Reply { body: [b"{\"\xff\":0,", &whole.body[1..]].concat().into(), ..whole }
            }
            Some(
                FaultKind::BadSignature | FaultKind::UnknownSerial | FaultKind::OldTimestamp | FaultKind::Unsigned,
            ) => self.answered_signed(fault),
            Some(FaultKind::Without(field)) => {
                let whole = self.answered();
                Reply { body: without(&whole.body, field), ..whole }
            }
        };
        Delivery::Answer(reply)
    }

    /// Does what the request asks for, and says so.
    fn answered(&mut self) -> Reply {
        self.answered_signed(None)
    }

    /// The same; where API security is on, both are signed, the answer with this fault.
    fn answered_signed(&mut self, fault: Option<&FaultKind>) -> Reply {
        let opened = match api_security::opened(self.state, self.endpoint, self.request) {
            Ok(opened) => opened,
            Err(errcode) => {
                let body = self.refused(errcode);
                return self.json(&body);
            }
        };
        let is_signed = opened.is_some();
        let reply = self.processed(opened.as_ref().unwrap_or(self.request));
        if is_signed && self.call.errcode == Some(0) {
            api_security::sealed(self.state, self.request, reply, fault)
        } else {
            reply
        }
    }

    fn processed(&mut self, request: &Request) -> Reply {
        let body = match answer(self.state, self.endpoint, request) {
            Ok(success) => {
                self.call.errcode = Some(0);
                match success {
                    Success::Json(body) => body,
                    Success::Image(image) => {
                        let reply = Reply::new(StatusCode::OK, image.content_type, image.bytes);
                        return Reply { num_used: image.num_used, ..reply };
                    }
                }
            }
            Err(errcode) => self.refused(errcode),
        };
        self.json(&body)
    }

    fn refused(&mut self, errcode: i64) -> String {
        let errmsg = refusal::errmsg(self.endpoint, errcode, self.state.clock.now(), &mut self.state.random);
        let body = refusal::body(errcode, &errmsg);
        (self.call.errcode, self.call.errmsg) = (Some(errcode), Some(errmsg));
        body
    }

    /// `sns/*` calls its JSON text, and escapes every slash in it.
    fn json(&self, body: &str) -> Reply {
        match self.endpoint {
            Endpoint::Code2Session => Reply::new(StatusCode::OK, "text/plain", body.replace('/', "\\/")),
            _ => Reply::new(StatusCode::OK, "application/json; encoding=utf-8", body.to_owned()),
        }
    }
}

/// A status is checked when the fault is given.
fn page(status: u16) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    if status.is_server_error() { Reply::new(status, "text/html; charset=utf-8", HTML) } else { Reply::empty(status) }
}

fn without(body: &Bytes, field: &str) -> Bytes {
    let Ok(Value::Object(mut object)) = serde_json::from_slice(body) else { return body.clone() };
    object.remove(field);
    Value::Object(object).to_string().into()
}
