//! What a client reads: one short message and one hint for each word of the contract, in Chinese and English.

use http::HeaderMap;

/// The language of `errmsg` and `hint`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// zh, the default: the people who read it are WeChat's developers.
    Chinese,
    /// en
    English,
}

impl Language {
    /// The one of ours that `Accept-Language` prefers; Chinese when it names neither.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut best = (0.0, Self::Chinese);
        for value in headers.get_all(http::header::ACCEPT_LANGUAGE) {
            for item in value.to_str().unwrap_or_default().split(',') {
                let (tag, quality) = item.split_once(';').map_or((item, 1.0), |(tag, rest)| (tag, quality(rest)));
                let language = match tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
                    "zh" => Self::Chinese,
                    "en" => Self::English,
                    _ => continue,
                };
                if quality > best.0 {
                    best = (quality, language);
                }
            }
        }
        best.1
    }
}

fn quality(parameters: &str) -> f32 {
    parameters.trim().strip_prefix("q=").and_then(|value| value.trim().parse().ok()).unwrap_or(1.0)
}

/// `errmsg` and `hint` of a word in `error`; the hint of `bad_request` is the problem's own sentence.
pub(crate) fn words(error: &str, language: Language) -> (&'static str, &'static str) {
    let (_, chinese, english) = WORDS.iter().find(|(word, ..)| *word == error).unwrap_or(&WORDS[WORDS.len() - 1]);
    match language {
        Language::Chinese => *chinese,
        Language::English => *english,
    }
}

type Words = (&'static str, (&'static str, &'static str), (&'static str, &'static str));

pub(crate) const WORDS: &[Words] = &[
    ("bad_request", ("请求有误", ""), ("bad request", "")),
    (
        "code_invalid",
        ("code 无效", "code 填错、已过期，或属于另一个小程序：请重新获取 code 再试"),
        ("invalid code", "the code is wrong, expired, or of another app; get a fresh one and try again"),
    ),
    (
        "code_used",
        ("code 已被使用", "请调用 wx.login 获取新的 code"),
        ("code been used", "call wx.login for a fresh code"),
    ),
    (
        "unauthorized",
        ("未登录或登录已失效", "请重新登录；内部接口请使用有效的 API 令牌"),
        ("not logged in, or the login has ended", "log in again; on the internal listener use a valid API token"),
    ),
    (
        "login_too_old",
        ("登录时间过久", "此操作需要 5 分钟内的登录：请调用 wx.login 重新登录后再试一次"),
        ("the login is too old", "this needs a login of the last 5 minutes: call wx.login, log in, repeat"),
    ),
    (
        "blocked",
        ("该用户已被禁止登录", "请联系小程序的运营者"),
        ("this member is blocked", "please contact the operator of the mini program"),
    ),
    (
        "forbidden",
        ("没有权限", "请使用具备所需 scope 的令牌；转发给微信的路径须列入配置 calls.allowed"),
        (
            "not allowed",
            "use an API token that has the scope this needs; what is passed on to WeChat must be listed in calls.allowed",
        ),
    ),
    ("not_found", ("不存在", "请检查路径和其中的 id"), ("not found", "check the path, and the id in it")),
    (
        "method_not_allowed",
        ("不支持该方法", "此路径存在，但请使用其他 HTTP 方法"),
        ("method not allowed", "the path exists; use another HTTP method"),
    ),
    ("too_large", ("请求体过大", "请缩小请求体"), ("the body is too large", "send a smaller body")),
    (
        "unsupported_media_type",
        ("不支持的内容类型", "请按本接口要求的类型发送，且不要压缩"),
        ("unsupported media type", "send the type that this route takes, once and not compressed"),
    ),
    (
        "conflict",
        (
            "请求冲突",
            "同一个 Idempotency-Key 只能用于同一个请求；若发送了 revision，说明已被他人修改，请重新读取后再试",
        ),
        (
            "conflict",
            "an Idempotency-Key belongs to one request only, use a new one; with `revision`, somebody changed it meanwhile: \
             read it again and repeat",
        ),
    ),
    (
        "unopenable",
        ("数据无法接受", "请先调用 wx.login 并登录，再让用户重新点击"),
        ("the data cannot be accepted", "call wx.login and log in, then let the user tap again"),
    ),
    (
        "too_many_requests",
        ("请求过于频繁", "请按 Retry-After 给出的秒数等待后再试"),
        ("too many requests", "wait for the seconds in Retry-After, then try again"),
    ),
    ("wechat_busy", ("微信系统繁忙", "请稍后再试"), ("WeChat is busy", "try again in a moment")),
    (
        "wechat_unreachable",
        ("无法连接微信", "code 可能已被消耗：登录请调用 wx.login，手机号请让用户再点一次"),
        (
            "WeChat could not be reached",
            "the code may be spent: call wx.login and try again; for a phone number let the user tap again",
        ),
    ),
    (
        "wechat_refused",
        ("微信拒绝了服务器的调用", "这是服务器配置问题，请运营者查看日志"),
        ("WeChat refused the server's call", "the operator must mend the configuration; the log says what"),
    ),
    (
        "outcome_unknown",
        ("结果未知", "写入可能已生效也可能没有，重复请求是安全的"),
        ("the outcome is unknown", "the write may or may not have happened; repeating it is safe"),
    ),
    (
        "storage_full",
        ("服务器存储已满", "暂时无法写入，已有的登录仍然有效；请稍后再试"),
        ("no room to write", "existing logins go on; try again later"),
    ),
    ("internal", ("服务器内部错误", "请把 rid 告诉运营者"), ("internal error", "tell the operator the rid")),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: &str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::ACCEPT_LANGUAGE, value.parse().unwrap());
        Language::of(&headers)
    }

    #[test]
    fn the_preferred_language_of_ours_is_taken() {
        assert_eq!(Language::of(&HeaderMap::new()), Language::Chinese);
        assert_eq!(asked("en-US,en;q=0.8"), Language::English);
        assert_eq!(asked("fr;q=1, en;q=0.5"), Language::English);
        assert_eq!(asked("en;q=0.4, zh-CN;q=0.9"), Language::Chinese);
        assert_eq!(asked("de"), Language::Chinese);
        assert_eq!(asked("en;q=nonsense"), Language::English);
    }
}
