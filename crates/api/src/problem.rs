//! What is wrong with a request, in words that name the field.

use wxgate_webhooks::Refused;

use crate::api_token::SCOPES;
use crate::managed_fields::{ATTRIBUTES_BYTES, NOTE_CHARACTERS};
use crate::picture::MOST_SIDE;
use crate::text::Language;

/// Why a request is a `bad_request`; becomes the `hint` that tells the client's author what to mend.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The bytes are no request of HTTP/1.1.
    NotHttp,
    /// The head has more headers or bytes than any head may have.
    HeadTooLarge,
    /// The body is not one JSON object.
    NotJson,
    /// The body is not a well-formed form.
    NotForm,
    /// The body is not a well-formed `multipart/form-data`.
    NotMultipart,
    /// The body did not arrive within its time.
    SlowBody,
    /// The head says in two ways where the request ends.
    AmbiguousLength,
    /// A key this route does not know.
    UnknownKey(String),
    /// A key that stands there twice, or in two spellings.
    DuplicateKey(String),
    /// A required key is missing or empty.
    Missing(&'static str),
    /// The value is not a string.
    NotText(&'static str),
    /// The value is longer than this many characters.
    TooLong(&'static str, usize),
    /// The value has characters that cannot be part of it.
    BadAlphabet(&'static str),
    /// The value is not base64 of what it must hold.
    NotBase64(&'static str),
    /// One of two keys that belong together.
    HalfPair(&'static str, &'static str),
    /// Either the first or the second, not both and not neither.
    EitherOr(&'static str, &'static str),
    /// The value is none of those allowed.
    NotOneOf(&'static str, &'static str),
    /// `appid` names no app of this server.
    UnknownApp,
    /// Several apps are configured: `appid` is required.
    AppidNeeded,
    /// A nickname that cannot be kept.
    BadNickname,
    /// A nickname that WeChat advises not to show.
    RefusedNickname,
    /// An avatar's address that is not https on an allowed host.
    BadAvatarUrl,
    /// A picture that is none, or too large when decoded.
    BadPicture,
    /// `Idempotency-Key` is not 1 to 128 visible ASCII characters.
    BadIdempotencyKey,
    /// A session's secret in the URL.
    SkeyInQuery,
    /// A wx.login code at the phone route.
    LoginCodeAtPhone,
    /// `phone.encrypted_data = "off"`.
    EncryptedPhoneOff,
    /// A session id that is not one.
    BadSessionId,
    /// `aud` is none of `jwt.audiences`.
    UnknownAudience,
    /// The query is not well-formed.
    NotQuery,
    /// The value is no whole number between these two.
    OutOfRange(&'static str, i64, i64),
    /// A cursor that was not made here, or for another question.
    BadCursor,
    /// A number that is searched for and is none.
    BadPhone,
    /// A note that cannot be kept.
    BadNote,
    /// Attributes that are no object, or too large.
    BadAttributes,
    /// A change that changes nothing.
    NothingToChange,
    /// A token's name that cannot be kept.
    BadTokenName,
    /// Scopes that are not known, none, or one of them twice.
    BadScopes,
    /// A member's id that is not one.
    BadMemberId,
    /// The value is not a list of strings.
    NotTexts(&'static str),
    /// The value is not true or false.
    NotFlag(&'static str),
    /// The value is not an id of its kind.
    BadId(&'static str),
    /// The words are not types of events.
    BadEventTypes,
    /// A webhook's address that may not be posted to.
    BadWebhookUrl(Refused),
    /// There are as many webhooks as there may be.
    TooManyWebhooks(u8),
    /// The value is no instant that can be asked about.
    NotAnInstant(&'static str),
    /// The first must be before the second.
    NotBefore(&'static str, &'static str),
    /// More buckets than an answer may have.
    TooManyBuckets(usize),
    /// An import that is no list of members, or too long a one.
    BadRows(usize),
    /// A row of an import that is no object.
    BadRow,
    /// A number of an import that is none.
    BadImportedPhone,
    /// An instant of an import that is none, or to come.
    NotPast(&'static str),
}

impl Problem {
    /// One sentence that names the field and the cure.
    pub fn sentence(&self, language: Language) -> String {
        match language {
            Language::Chinese => self.chinese(),
            Language::English => self.english(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::NotHttp => "these bytes are no HTTP request".into(),
            Self::HeadTooLarge => "the head must have at most 64 headers and 16 KiB".into(),
            Self::NotJson => "the body must be one JSON object in UTF-8".into(),
            Self::NotForm => "the body must be key=value pairs, percent-encoded UTF-8".into(),
            Self::NotMultipart => "the body must be multipart/form-data as wx.uploadFile sends it".into(),
            Self::AmbiguousLength => {
                "say once how long the body is: one Content-Length, or Transfer-Encoding: chunked, and lines that end in CR LF".into()
            }
            Self::SlowBody => "the body did not arrive in time; send it at once".into(),
            Self::UnknownKey(key) => format!("`{key}` is not a key of this route; remove it or mend its spelling"),
            Self::DuplicateKey(key) => format!("`{key}` is given more than once; send it once, in one spelling"),
            Self::Missing(key) => format!("`{key}` is missing or empty"),
            Self::NotText(key) => format!("`{key}` must be a string"),
            Self::TooLong(key, most) => format!("`{key}` must have at most {most} characters"),
            Self::BadAlphabet(key) => format!("`{key}` has characters that cannot be in it; send it exactly as WeChat gave it"),
            Self::NotBase64(key) => format!("`{key}` is not the base64 text that WeChat gave; send it unchanged"),
            Self::HalfPair(one, other) => format!("`{one}` and `{other}` belong together; send both or neither"),
            Self::EitherOr(one, other) => format!("send either `{one}` or `{other}`"),
            Self::NotOneOf(key, allowed) => format!("`{key}` must be one of {allowed}"),
            Self::UnknownApp => "`appid` is not an app of this server".into(),
            Self::AppidNeeded => "this server has several apps: send `appid`".into(),
            Self::BadNickname => "`nickName` must have 1 to 64 characters and no control characters".into(),
            Self::RefusedNickname => "`nickName` is one that WeChat advises not to show; choose another".into(),
            Self::BadAvatarUrl => "`avatarUrl` must be your own uploaded picture's, or an https address on an allowed host".into(),
            Self::BadPicture => {
                format!("`avatar` must be a PNG, JPEG or WebP picture of at most {MOST_SIDE} x {MOST_SIDE} pixels")
            }
            Self::BadIdempotencyKey => "`Idempotency-Key` must be 1 to 128 visible ASCII characters".into(),
            Self::SkeyInQuery => "an skey never belongs in a URL; send it as `Authorization: Bearer <skey>`".into(),
            Self::LoginCodeAtPhone => {
                "`code` of wx.login does not open a phone number; send the button's `e.detail.code` as `phoneCode`".into()
            }
            Self::EncryptedPhoneOff => {
                "`encryptedData` is switched off for phone numbers here; send the button's `e.detail.code` as `phoneCode`"
                    .into()
            }
            Self::UnknownAudience => "`aud` is no service that this server signs for (its `jwt.audiences`)".into(),
            Self::BadSessionId => "the session's id is the 16 hex digits that the list of sessions shows".into(),
            Self::NotQuery => "the query must be key=value pairs, percent-encoded UTF-8".into(),
            Self::OutOfRange(key, least, most) => format!("`{key}` must be a whole number from {least} to {most}"),
            Self::BadCursor => "`after` must be the `next` of the page before, with the same parameters as there".into(),
            Self::BadPhone => {
                "`phone` must be a whole number: +8613800138000 (the + as %2B), or 13800138000, which is taken as one of +86"
                    .into()
            }
            Self::BadNote => format!(
                "`note` must be 1 to {NOTE_CHARACTERS} characters, of control characters only line breaks and tabs; null removes it"
            ),
            Self::BadAttributes => format!("`attributes` must be a JSON object of at most {ATTRIBUTES_BYTES} bytes"),
            Self::NothingToChange => "send at least one of `status`, `note` and `attributes`".into(),
            Self::BadTokenName => "`name` must have 1 to 64 characters and no control characters".into(),
            Self::BadScopes => format!("`scopes` must be a list of one or more of {}, each once", SCOPES.join(", ")),
            Self::BadMemberId => "`member` must be a member's id, a UUID".into(),
            Self::NotTexts(key) => format!("`{key}` must be a list of strings, or null"),
            Self::NotFlag(key) => format!("`{key}` must be true or false"),
            Self::BadId(key) => format!("`{key}` is not an id; send it as an answer gave it"),
            Self::BadEventTypes => format!("`types` must name at least one of {EVENT_TYPES}, or be null for all"),
            Self::BadWebhookUrl(refused) => bad_webhook_url_english(*refused).into(),
            Self::TooManyWebhooks(most) => format!("there are {most} webhooks already; delete one first"),
            Self::NotAnInstant(key) => format!("`{key}` must be Unix seconds, whole and of 1970 to 2100"),
            Self::NotBefore(one, other) => format!("`{one}` must be before `{other}`"),
            Self::TooManyBuckets(most) => format!("`bucket` is too short for this time: an answer has at most {most}"),
            Self::BadRows(most) => format!("`members` must be a list of 1 to {most} objects"),
            Self::BadRow => "a member must be one JSON object, at most 16 deep".into(),
            Self::BadImportedPhone => {
                "`phone` must be a whole number: 13800138000, or +44 7700900000 with a blank behind the country code".into()
            }
            Self::NotPast(key) => format!("`{key}` must be Unix seconds, whole and not to come"),
        }
    }

    fn chinese(&self) -> String {
        match self {
            Self::NotHttp => "这不是一个 HTTP 请求".into(),
            Self::HeadTooLarge => "请求头最多 64 个、共 16 KiB".into(),
            Self::NotJson => "请求体必须是一个 UTF-8 编码的 JSON 对象".into(),
            Self::NotForm => "请求体必须是 key=value 形式，百分号编码的 UTF-8".into(),
            Self::NotMultipart => "请求体必须是 wx.uploadFile 发送的 multipart/form-data".into(),
            Self::AmbiguousLength => {
                "请求体的长度只能说明一次：一个 Content-Length，或 Transfer-Encoding: chunked，且每行以 CR LF 结尾"
                    .into()
            }
            Self::SlowBody => "请求体没有及时送达，请一次发完".into(),
            Self::UnknownKey(key) => format!("本接口没有 `{key}` 这个字段，请删除或改正拼写"),
            Self::DuplicateKey(key) => format!("`{key}` 出现了不止一次，请只用一种写法发送一次"),
            Self::Missing(key) => format!("缺少 `{key}`，或其值为空"),
            Self::NotText(key) => format!("`{key}` 必须是字符串"),
            Self::TooLong(key, most) => format!("`{key}` 最多 {most} 个字符"),
            Self::BadAlphabet(key) => format!("`{key}` 含有不该出现的字符，请原样发送微信给出的值"),
            Self::NotBase64(key) => format!("`{key}` 不是微信给出的 base64 文本，请原样发送"),
            Self::HalfPair(one, other) => format!("`{one}` 与 `{other}` 必须成对发送"),
            Self::EitherOr(one, other) => format!("请发送 `{one}` 或 `{other}` 其中之一"),
            Self::NotOneOf(key, allowed) => format!("`{key}` 只能是 {allowed} 之一"),
            Self::UnknownApp => "`appid` 不是本服务器配置的小程序".into(),
            Self::AppidNeeded => "本服务器配置了多个小程序，请发送 `appid`".into(),
            Self::BadNickname => "`nickName` 须为 1 到 64 个字符，且不含控制字符".into(),
            Self::RefusedNickname => "`nickName` 未通过微信内容安全审核，请换一个".into(),
            Self::BadAvatarUrl => "`avatarUrl` 必须是本人上传的头像，或允许域名上的 https 地址".into(),
            Self::BadPicture => format!("`avatar` 必须是 PNG、JPEG 或 WebP 图片，最大 {MOST_SIDE} x {MOST_SIDE} 像素"),
            Self::BadIdempotencyKey => "`Idempotency-Key` 须为 1 到 128 个可见 ASCII 字符".into(),
            Self::SkeyInQuery => "skey 不能放在网址里，请用 `Authorization: Bearer <skey>` 发送".into(),
            Self::LoginCodeAtPhone => {
                "wx.login 的 `code` 不能换取手机号，请把按钮回调的 `e.detail.code` 作为 `phoneCode` 发送".into()
            }
            Self::EncryptedPhoneOff => {
                "此处已关闭用 `encryptedData` 取手机号，请把按钮回调的 `e.detail.code` 作为 `phoneCode` 发送".into()
            }
            Self::UnknownAudience => "`aud` 不在服务器配置的 `jwt.audiences` 之中".into(),
            Self::BadSessionId => "会话 id 是会话列表中的 16 位十六进制数".into(),
            Self::NotQuery => "查询参数必须是 key=value 形式，百分号编码的 UTF-8".into(),
            Self::OutOfRange(key, least, most) => format!("`{key}` 必须是 {least} 到 {most} 之间的整数"),
            Self::BadCursor => "`after` 必须是上一页返回的 `next`，且其他参数与上一页相同".into(),
            Self::BadPhone => {
                "`phone` 必须是完整的号码：+8613800138000（+ 写作 %2B），或 13800138000（视为 +86 的号码）".into()
            }
            Self::BadNote => {
                format!("`note` 须为 1 到 {NOTE_CHARACTERS} 个字符，除换行和制表符外不含控制字符；null 表示删除")
            }
            Self::BadAttributes => format!("`attributes` 必须是一个 JSON 对象，最大 {ATTRIBUTES_BYTES} 字节"),
            Self::NothingToChange => "请至少发送 `status`、`note`、`attributes` 其中之一".into(),
            Self::BadTokenName => "`name` 须为 1 到 64 个字符，且不含控制字符".into(),
            Self::BadScopes => format!("`scopes` 必须是一个列表，含以下一个或多个，不得重复：{}", SCOPES.join(", ")),
            Self::BadMemberId => "`member` 必须是用户的 id（UUID）".into(),
            Self::NotTexts(key) => format!("`{key}` 必须是字符串列表，或 null"),
            Self::NotFlag(key) => format!("`{key}` 必须是 true 或 false"),
            Self::BadId(key) => format!("`{key}` 不是有效的 id，请原样发送应答中给出的值"),
            Self::BadEventTypes => format!("`types` 至少列出 {EVENT_TYPES} 之一，或用 null 表示全部"),
            Self::BadWebhookUrl(refused) => bad_webhook_url_chinese(*refused).into(),
            Self::TooManyWebhooks(most) => format!("已有 {most} 个 webhook，请先删除一个"),
            Self::NotAnInstant(key) => format!("`{key}` 应为 Unix 秒（整数，1970 至 2100 年）"),
            Self::NotBefore(one, other) => format!("`{one}` 必须早于 `{other}`"),
            Self::TooManyBuckets(most) => format!("`bucket` 对这段时间太短：一次应答最多 {most} 段"),
            Self::BadRows(most) => format!("`members` 必须是 1 到 {most} 个对象的列表"),
            Self::BadRow => "每个成员必须是一个 JSON 对象，最多嵌套 16 层".into(),
            Self::BadImportedPhone => {
                "`phone` 必须是完整的号码：13800138000，或 +44 7700900000（国家代码后加空格）".into()
            }
            Self::NotPast(key) => format!("`{key}` 应为 Unix 秒（整数），且不晚于现在"),
        }
    }
}

const EVENT_TYPES: &str =
    "member.created, member.updated, member.erased, phone.bound, session.created, session.ended, wechat.event";

fn bad_webhook_url_english(refused: Refused) -> &'static str {
    match refused {
        Refused::Scheme => {
            "`url` must be https; http is for private networks only, if the server's webhooks.allow_private is true"
        }
        Refused::UserInfo => {
            "`url` must have no user name, no password and no #fragment: deliveries are signed instead"
        }
        Refused::Address => {
            "`url` leads to a private, loopback or special address; the server's webhooks.allow_private allows private ones"
        }
        _ => "`url` must be the https URL of your receiver, at most 2048 characters",
    }
}

fn bad_webhook_url_chinese(refused: Refused) -> &'static str {
    match refused {
        Refused::Scheme => "`url` 必须是 https；仅当服务器配置 webhooks.allow_private 为 true 时，内网地址可用 http",
        Refused::UserInfo => "`url` 不能含用户名、密码或 #：投递带有签名，无需它们",
        Refused::Address => "`url` 指向内网、本机或特殊地址；服务器配置 webhooks.allow_private 可允许内网地址",
        _ => "`url` 必须是接收方的 https 网址，最多 2048 个字符",
    }
}
