use http::Method;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Run, Verb};
use crate::{
    ApiSecuritySpec, AppSpec, Endpoint, Error, Fault, FaultKind, ProfileApi, ProfileAsk, PushSpec, Sandbox, Scene,
    UserSpec,
};

pub(super) const WHO: &str = "{appid?, user?}";
const DATA: &str = "{encryptedData, iv, errMsg}";
const PLAY: &str = "{scenario, appid, user, how, code}";

/// All that can be asked, as `GET /_sandbox/` lists it.
pub(super) const VERBS: &[Verb] = &[
    post(
        "apps",
        "{appid?, secret?, open_platform?, numeric_country_code?}",
        "the app, made or changed",
        |sandbox, body| Ok(value(sandbox.put_app(take::<AppSpec>(body)?))),
    ),
    post(
        "api-security",
        "{appid?, keys: {symmetric_serial, symmetric_key, app_serial, app_public_key, platform_serial, platform_key, deprecated?}}",
        "{}: calls of the app that can be signed must be, and answers are",
        api_security,
    ),
    post(
        "users",
        "{id?, phone?, country_code?, nick_name?, avatar_url?, blocked?, risk_rank?}",
        "the user, made or changed",
        |sandbox, body| Ok(value(sandbox.add_user(take::<UserSpec>(body)?))),
    ),
    post("login", WHO, "{code, errMsg} of wx.login", |sandbox, body| {
        let (appid, user) = take::<Who>(body)?.meant(sandbox)?;
        Ok(json!({ "code": sandbox.login(&appid, &user)?, "errMsg": "login:ok" }))
    }),
    post("phone", WHO, "{code, encryptedData, iv, errMsg} of the phone number button", |sandbox, body| {
        let (appid, user) = take::<Who>(body)?.meant(sandbox)?;
        Ok(detail("getPhoneNumber:ok", sandbox.phone(&appid, &user)?))
    }),
    post(
        "profile",
        "{appid?, user?, real?, api?: getUserInfo|getUserProfile}",
        "{userInfo, rawData, signature, encryptedData, iv, errMsg}",
        profile,
    ),
    post("werun", WHO, DATA, |sandbox, body| {
        let (appid, user) = take::<Who>(body)?.meant(sandbox)?;
        Ok(detail("getWeRunData:ok", sandbox.werun(&appid, &user)?))
    }),
    post("share", WHO, DATA, |sandbox, body| {
        let (appid, user) = take::<Who>(body)?.meant(sandbox)?;
        Ok(detail("getShareInfo:ok", sandbox.share(&appid, &user)?))
    }),
    post("group", WHO, DATA, |sandbox, body| {
        let (appid, user) = take::<Who>(body)?.meant(sandbox)?;
        Ok(detail("getGroupEnterInfo:ok", sandbox.group(&appid, &user)?))
    }),
    post(
        "rotate",
        "{appid?, user?, what?: session_key|access_token}",
        "{}: a new key, or tokens that are 40001",
        rotate,
    ),
    post(
        "expire",
        "{appid?, user?, what?: session_key|access_token|codes}",
        "{}: 87007, 42001 or 40029 from now on",
        expire,
    ),
    post("block", "{user?, blocked?: true|false}", "{}: logins are 40226, or no longer", block),
    Verb {
        method: Method::POST,
        name: "push",
        takes: "{appid?, user?, url, token, encoding_aes_key, event, fields?, format?: json|xml, \
                broken?: plain|signature|receiver|stale|replayed|doctype}",
        gives: "{received, answers: [{status, body}]}: what the server said to a message push, asked up to three times",
        run: Run::Asking(|sandbox, body| Box::pin(push(sandbox, body))),
    },
    post("clock", "{advance: seconds}", "{now}", |sandbox, body| {
        sandbox.advance(take::<Advance>(body)?.advance);
        Ok(json!({ "now": sandbox.now() }))
    }),
    post("faults", "{endpoint, fault, times?}", "{}: it will go wrong", fault),
    Verb {
        method: Method::DELETE,
        name: "faults",
        takes: "",
        gives: "{}: nothing goes wrong any more",
        run: Run::Now(|sandbox, _| {
            sandbox.heal();
            Ok(json!({}))
        }),
    },
    Verb {
        method: Method::GET,
        name: "calls",
        takes: "",
        gives: "{calls}: what was asked of WeChat, without secrets",
        run: Run::Now(|sandbox, _| Ok(json!({ "calls": sandbox.calls() }))),
    },
    Verb {
        method: Method::GET,
        name: "media-checks",
        takes: "",
        gives: "{media_checks: [{trace_id, appid, openid, media_url}]}: what mediaCheckAsync began; push a wxa_media_check to end one",
        run: Run::Now(|sandbox, _| Ok(json!({ "media_checks": sandbox.media_checks() }))),
    },
    post(
        "scenarios/first-tap-fails",
        WHO,
        "{scenario, appid, user, how, code, second_code, phone}",
        |sandbox, body| scenario(sandbox, body, Scene::FirstTapFails),
    ),
    post("scenarios/plus-became-space", WHO, "{scenario, appid, user, how, code, phone}", |sandbox, body| {
        scenario(sandbox, body, Scene::PlusBecameSpace)
    }),
    post("scenarios/used-code", WHO, PLAY, |sandbox, body| scenario(sandbox, body, Scene::UsedCode)),
    post("scenarios/expired-code", WHO, PLAY, |sandbox, body| scenario(sandbox, body, Scene::ExpiredCode)),
    post("scenarios/other-app", WHO, PLAY, |sandbox, body| scenario(sandbox, body, Scene::OtherApp)),
    post("scenarios/blocked-user", WHO, PLAY, |sandbox, body| scenario(sandbox, body, Scene::BlockedUser)),
];

pub(super) const fn post(
    name: &'static str,
    takes: &'static str,
    gives: &'static str,
    run: fn(&Sandbox, &[u8]) -> Result<Value, Error>,
) -> Verb {
    Verb { method: Method::POST, name, takes, gives, run: Run::Now(run) }
}

/// Whose phone is in hand. Either may be left out when there is only one; a first user is made when there is none.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Who {
    pub(super) appid: Option<String>,
    pub(super) user: Option<String>,
}

impl Who {
    pub(super) fn meant(self, sandbox: &Sandbox) -> Result<(String, String), Error> {
        let mut state = sandbox.state();
        Ok((state.meant_app(self.appid)?, state.meant_user(self.user)?))
    }
}

fn profile(sandbox: &Sandbox, body: &[u8]) -> Result<Value, Error> {
    #[derive(Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Body {
        appid: Option<String>,
        user: Option<String>,
        real: bool,
        api: ProfileApi,
    }
    let Body { appid, user, real, api } = take(body)?;
    let (appid, user) = Who { appid, user }.meant(sandbox)?;
    let message = match api {
        ProfileApi::GetUserInfo => "getUserInfo:ok",
        ProfileApi::GetUserProfile => "getUserProfile:ok",
    };
    Ok(detail(message, sandbox.profile(&appid, &user, ProfileAsk { real, api })?))
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    #[default]
    SessionKey,
    AccessToken,
    Codes,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Change {
    appid: Option<String>,
    user: Option<String>,
    what: What,
}

fn rotate(sandbox: &Sandbox, body: &[u8]) -> Result<Value, Error> {
    let Change { appid, user, what } = take(body)?;
    let (appid, user) = Who { appid, user }.meant(sandbox)?;
    match what {
        What::SessionKey => sandbox.rotate_key(&appid, &user).map(drop)?,
        What::AccessToken => sandbox.rotate_token(&appid)?,
        What::Codes => return Err(Error::Senseless("codes do not rotate: a new one comes from login".to_owned())),
    }
    Ok(json!({}))
}

fn expire(sandbox: &Sandbox, body: &[u8]) -> Result<Value, Error> {
    let Change { appid, user, what } = take(body)?;
    let (appid, user) = Who { appid, user }.meant(sandbox)?;
    match what {
        What::SessionKey => sandbox.expire_key(&appid, &user)?,
        What::AccessToken => sandbox.expire_token(&appid)?,
        What::Codes => sandbox.expire_codes(&appid, &user)?,
    }
    Ok(json!({}))
}

fn block(sandbox: &Sandbox, body: &[u8]) -> Result<Value, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        user: Option<String>,
        #[serde(default = "yes")]
        blocked: bool,
    }
    fn yes() -> bool {
        true
    }
    let Body { user, blocked } = take(body)?;
    let user = sandbox.state().meant_user(user)?;
    sandbox.block(&user, blocked)?;
    Ok(json!({}))
}

async fn push(sandbox: &Sandbox, body: &[u8]) -> Result<Value, Error> {
    let mut body: Map<String, Value> = take(body)?;
    let mut name = |name| body.remove(name).unwrap_or_default();
    let who = json!({ "appid": name("appid"), "user": name("user") });
    let (appid, user) = fitting::<Who>(who)?.meant(sandbox)?;
    let spec = fitting::<PushSpec>(body.into())?;
    Ok(value(sandbox.push(&appid, &user, &spec).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance: i64,
}

fn api_security(sandbox: &Sandbox, body: &[u8]) -> Result<Value, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        appid: Option<String>,
        keys: ApiSecuritySpec,
    }
    let Body { appid, keys } = take(body)?;
    let appid = sandbox.state().meant_app(appid)?;
    sandbox.secure(&appid, keys)?;
    Ok(json!({}))
}

fn fault(sandbox: &Sandbox, body: &[u8]) -> Result<Value, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        endpoint: Endpoint,
        fault: FaultKind,
        times: Option<u32>,
    }
    let Body { endpoint, fault: kind, times } = take(body)?;
    sandbox.fault(endpoint, Fault { kind, times })?;
    Ok(json!({}))
}

fn scenario(sandbox: &Sandbox, body: &[u8], scene: Scene) -> Result<Value, Error> {
    let (appid, user) = take::<Who>(body)?.meant(sandbox)?;
    Ok(value(sandbox.scenario(scene, &appid, &user)?))
}

/// A body as what it is to be; none at all is an empty object.
pub(super) fn take<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| misfit(&error))
}

fn fitting<T: DeserializeOwned>(body: Value) -> Result<T, Error> {
    serde_json::from_value(body).map_err(|error| misfit(&error))
}

fn misfit(error: &serde_json::Error) -> Error {
    Error::Senseless(format!("the body does not fit: {error}"))
}

/// What a callback in the mini program is handed.
fn detail(message: &str, content: impl Serialize) -> Value {
    let mut detail = value(content);
    detail["errMsg"] = message.into();
    detail
}

pub(super) fn value(content: impl Serialize) -> Value {
    serde_json::to_value(content).expect("structs of strings and numbers serialise")
}
