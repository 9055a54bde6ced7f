//! What an operator does about a failure. What the client does is said to the client.

use crate::text::Language;

/// One sentence for a word of the contract and WeChat's number.
pub fn of(cause: &str, errcode: Option<i64>, language: Language) -> &'static str {
    let by_number = errcode.and_then(|errcode| OF_NUMBERS.iter().find(|(number, ..)| *number == errcode));
    let by_number = by_number.map(|(_, zh, en)| (*zh, *en));
    let by_word = || OF_WORDS.iter().find(|(word, ..)| *word == cause).map(|(_, zh, en)| (*zh, *en));
    let (zh, en) = by_number.or_else(by_word).unwrap_or(OTHERWISE);
    match language {
        Language::Chinese => zh,
        Language::English => en,
    }
}

/// What is said of payloads that are one row together, or whose diagnosis is of another version.
pub fn of_opening(language: Language) -> (String, String) {
    let (sentence, cure) = match language {
        Language::Chinese => ("这里合并了多次同类的解密失败。", "查看同一分钟里单独列出的几条，它们写明了原因和办法。"),
        Language::English => (
            "Several payloads failed alike and stand here together.",
            "Look at those of the same minute that stand alone: they say what helps.",
        ),
    };
    (sentence.to_owned(), cure.to_owned())
}

const OTHERWISE: (&str, &str) = ("用 rid 在日志里查找这次请求。", "Look for the request in the log, by its rid.");

/// WeChat's numbers (全局返回码) that somebody has to act on.
const OF_NUMBERS: &[(i64, &str, &str)] = &[
    (
        40013,
        "检查配置里的 appid：它不存在，或者 code 属于另一个小程序。",
        "Check the configured appid: there is none like it, or the code is another app's.",
    ),
    (
        40125,
        "AppSecret 不对：在微信公众平台重置后写入 secret_file。",
        "The AppSecret is wrong: reset it in WeChat's console and put it into secret_file.",
    ),
    (
        40164,
        "在微信公众平台的 IP 白名单里加入本服务器的出口地址。",
        "Add this server's address to the IP allow list in WeChat's console.",
    ),
    (
        40243,
        "AppSecret 已被冻结：在微信公众平台解冻或重置。",
        "The AppSecret is frozen: unfreeze or reset it in WeChat's console.",
    ),
    (
        48001,
        "该小程序没有这个接口的权限：检查主体认证和接口权限。",
        "The app may not call this interface: check its verification and permissions in WeChat's console.",
    ),
    (
        40226,
        "微信认为该用户有风险并拒绝登录，无需处理。",
        "WeChat holds the person for risky and refuses the login; nothing is to be done.",
    ),
    (
        45009,
        "当天的调用额度已用完：等到北京时间零点，或在微信公众平台申请提高。",
        "The day's quota is spent: wait for midnight in Beijing, or apply for more in WeChat's console.",
    ),
    (
        45011,
        "同一用户登录太频繁：让小程序先用 wx.checkSession，不要每次启动都登录。",
        "One person logs in too often: let the mini program keep its skey instead of logging in at each start.",
    ),
];

/// The words of the contract that a login or a phone code is refused with.
const OF_WORDS: &[(&str, &str, &str)] = &[
    (
        "bad_request",
        "客户端的请求格式不对：应答里的 hint 写明了字段，请按它修改小程序。",
        "The client's request has a fault: the hint in its answer names the field to mend.",
    ),
    (
        "code_invalid",
        "code 过期、伪造或属于另一个小程序：小程序应在拿到 code 后立即发送；大量出现多半是有人在试探。",
        "The code is expired, invented or of another app: send it as soon as wx.login gives it; many of them are somebody's guesses.",
    ),
    (
        "code_used",
        "同一个 code 发送了两次：每次登录都重新调用 wx.login，重试时带上 Idempotency-Key。",
        "A code was sent twice: call wx.login for each login, and send an Idempotency-Key with what may be repeated.",
    ),
    (
        "blocked",
        "该用户已被封禁，或被登录风险规则拒绝；如属误判请解除。",
        "The member is blocked here, or refused for the risk: unblock them if that is wrong.",
    ),
    (
        "conflict",
        "同一个 Idempotency-Key 用在了不同的请求上：每次登录生成新的。",
        "One Idempotency-Key came with two requests: make a new one for each login.",
    ),
    (
        "too_large",
        "客户端发送的内容过大：登录只需要 code。",
        "The client sends too much: a login needs no more than its code.",
    ),
    (
        "unsupported_media_type",
        "客户端的 Content-Type 不对：wx.request 默认的 application/json 即可。",
        "The client sends another Content-Type: wx.request's own, application/json, is right.",
    ),
    (
        "too_many_requests",
        "某个地址超过了 limits.logins_per_minute，或微信限流；运营商出口共用地址时请调高。",
        "An address exceeds limits.logins_per_minute, or WeChat limits us: raise the limit if many people share it.",
    ),
    (
        "wechat_busy",
        "微信繁忙或并发已满：持续出现时检查 wechat.max_in_flight 和微信的公告。",
        "WeChat is busy, or too many calls are under way: if it stays, look at wechat.max_in_flight and WeChat's notices.",
    ),
    (
        "wechat_unreachable",
        "服务器连不上微信：检查 DNS、防火墙和出口网络，并可配置 wechat.fallback_urls。",
        "The server cannot reach WeChat: check name server, firewall and route, and think of wechat.fallback_urls.",
    ),
    (
        "wechat_refused",
        "微信说配置有误：errcode 对应微信文档中的全局返回码。",
        "WeChat says that the configuration is wrong: its errcode stands in WeChat's list of return codes.",
    ),
    (
        "storage_full",
        "磁盘已满或写入排队过长：清理磁盘；已有会话不受影响。",
        "The disk is full, or too many writes wait: make room; existing sessions go on.",
    ),
    (
        "outcome_unknown",
        "写入结果未知，进程会自行退出并重启：检查磁盘。",
        "The outcome of a write is unknown and the process starts anew: check the disk.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cure_is_one_sentence_in_its_language() {
        let all = OF_NUMBERS.iter().map(|(_, zh, en)| (*zh, *en)).chain(OF_WORDS.iter().map(|(_, zh, en)| (*zh, *en)));
        for (zh, en) in all.chain([OTHERWISE]) {
            assert!(zh.ends_with('。') && zh.matches('。').count() == 1, "{zh}");
            assert!(en.is_ascii() && en.ends_with('.') && !en.contains(". "), "{en}");
        }
    }

    #[test]
    fn wechats_number_says_more_than_the_word() {
        assert!(of("wechat_refused", Some(40164), Language::English).contains("allow list"));
        assert!(of("wechat_refused", Some(99_999), Language::English).contains("return codes"));
        assert!(of("internal", None, Language::English).contains("rid"));
    }
}
