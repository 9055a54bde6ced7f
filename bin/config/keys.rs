//! The one table of keys. Unknown keys, types, ranges, the names of variables and the nearest right key all follow
//! from it; a test holds `config/default.toml` and the crates' settings against it.

use super::checks;
use super::kind::Kind::{self, Flag, List, OneOf, Text, Whole};
use super::risk;

/// A key of the configuration, by its path: `session.idle_days`, or `data_dir` at the top.
pub(super) struct Key {
    pub(super) path: &'static str,
    pub(super) kind: Kind,
}

const fn key(path: &'static str, kind: Kind) -> Key {
    Key { path, kind }
}

const ADDRESS: Kind = Text(checks::address, "\"主机:端口\" 或 \"unix:/路径\"", "\"host:port\" or \"unix:/path\"");
const SERIAL: Kind = Text(checks::api_serial, "控制台显示的编号", "a serial as the console shows it");
const RSA_KEY: &str = "an RSA private key in PEM, of 2048 to 4096 bits";
const FILE: Kind = Text(checks::path, "文件路径", "the path of a file");

/// Every key there is. Those under `app.` belong to one `[[app]]`.
pub(super) const KEYS: &[Key] = &[
    key("data_dir", Text(checks::path, "目录路径", "the path of a directory")),
    key("public_url", Text(checks::public_url, "https 网址，或空", "an https URL, or nothing")),
    key("timezone", Text(checks::timezone, "时区名，如 Asia/Shanghai", "a time zone's name such as Asia/Shanghai")),
    key("listen.public", ADDRESS),
    key("listen.internal", ADDRESS),
    key("listen.trusted_proxies", List(checks::network, "网段，如 \"10.0.0.0/8\"", "networks such as \"10.0.0.0/8\"")),
    key("wechat.base_url", Text(checks::base_url, "https 网址（本机可用 http），不含用户名、? 和 #", BASE_URL)),
    key("wechat.fallback_urls", List(checks::base_url, "https 网址（本机可用 http），不含用户名、? 和 #", BASE_URLS)),
    key("wechat.max_in_flight", Whole(1, 65_535)),
    key("session.idle_days", Whole(1, 3650)),
    key("session.absolute_days", Whole(1, 3650)),
    key("session.max_per_member", Whole(1, 1000)),
    key("session.expose_openid", Flag),
    key("session.index_max_bytes", Whole(0, 1 << 40)),
    key("limits.logins_per_minute", Whole(0, 10_000_000)),
    key("limits.requests_per_minute", Whole(0, 10_000_000)),
    key("phone.encrypted_data", OneOf(&["verify", "local", "off"])),
    key("phone.reply", OneOf(&["masked", "full"])),
    key(
        "profile.avatar_hosts",
        List(checks::host_pattern, "域名，可用 *. 开头", "host names, *. in front for subdomains"),
    ),
    key("calls.allowed", List(checks::wechat_path, "微信接口路径，如 \"wxa/getwxacodeunlimit\"", WECHAT_PATH)),
    key("jwt.enabled", Flag),
    key("jwt.lifetime_seconds", Whole(30, 3600)),
    key("jwt.audiences", List(checks::jwt_name, "服务名，如 \"https://shop.example.com\"", JWT_NAMES)),
    key(
        "jwt.issuer",
        Text(checks::jwt_issuer, "1 到 256 个可见 ASCII 字符，或空", "1 to 256 visible ASCII characters, or nothing"),
    ),
    key("webhooks.allow_private", Flag),
    key("store.url", Text(checks::store_url, "\"sqlite:\"", "\"sqlite:\"")),
    key("store.queue", Whole(1, 1_000_000)),
    key("store.readers", Whole(1, 64)),
    key("backup.dir", Text(checks::path_or_nothing, "目录路径，或空", "the path of a directory, or nothing")),
    key("backup.keep_days", Whole(1, 3650)),
    key("backup.recipients", List(checks::age_recipient, "age 收件人 age1…", "recipients of age, age1…")),
    key("log.level", OneOf(&["error", "warn", "info", "debug", "trace"])),
    key("log.format", OneOf(&["auto", "text", "json"])),
    key("app.appid", Text(checks::appid, "wx 加 16 位小写十六进制", "wx and 16 lowercase hexadecimal digits")),
    key("app.secret", Text(checks::secret, "1 到 128 个可见 ASCII 字符", "1 to 128 visible ASCII characters")),
    key("app.secret_file", FILE),
    key("app.push.token", Text(checks::push_token, "3 到 32 个字母或数字", "3 to 32 letters or digits")),
    key("app.push.token_file", FILE),
    key("app.push.encoding_aes_key", Text(checks::encoding_aes_key, "43 个字母或数字", "43 letters or digits")),
    key("app.push.encoding_aes_key_file", FILE),
    key(
        "app.push.previous_encoding_aes_key",
        Text(checks::encoding_aes_key, "43 个字母或数字", "43 letters or digits"),
    ),
    key("app.push.previous_encoding_aes_key_file", FILE),
    key("app.api_security.symmetric_serial", SERIAL),
    key(
        "app.api_security.symmetric_key",
        Text(checks::api_symmetric_key, "base64 编码的 32 字节（AES256）", "base64 of 32 bytes (AES256)"),
    ),
    key("app.api_security.symmetric_key_file", FILE),
    key("app.api_security.own_serial", SERIAL),
    key("app.api_security.private_key", Text(checks::api_private_key, "PEM 格式的 RSA 私钥，2048 至 4096 位", RSA_KEY)),
    key("app.api_security.private_key_file", FILE),
    key("app.api_security.wechat_serial", SERIAL),
    key("app.api_security.wechat_certificate_file", FILE),
    key("app.api_security.previous_wechat_serial", SERIAL),
    key("app.api_security.previous_wechat_certificate_file", FILE),
    key("app.content_check.nicknames", Flag),
    key("app.content_check.avatars", Flag),
    key("app.login_hook.url", Text(checks::hook_url, "网址，不含用户名和 #", "a URL without user name and #fragment")),
    key("app.login_hook.secret", Text(checks::hook_secret, "whsec_ 加 24 到 64 字节的 base64", HOOK_SECRET)),
    key("app.login_hook.secret_file", FILE),
    key("app.risk.scene", OneOf(risk::SCENES)),
    key("app.risk.threshold", Whole(1, 4)),
    key("app.risk.action", OneOf(risk::ACTIONS)),
];

const HOOK_SECRET: &str = "whsec_ and base64 of 24 to 64 bytes";
const WECHAT_PATH: &str = "paths of WeChat's interfaces such as \"wxa/getwxacodeunlimit\"";
const JWT_NAMES: &str = "names of services such as \"https://shop.example.com\"";
const BASE_URLS: &str = "https URLs (http on loopback only) without user name, query and fragment";
const BASE_URL: &str = "an https URL (http on loopback only) without user name, query and fragment";

/// The key at `path`.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// Whether keys stand below `path`: `session`, `app`, `app.push`.
pub(super) fn is_section(path: &str) -> bool {
    KEYS.iter().any(|key| key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

/// The key that somebody who wrote `path` probably means.
pub(super) fn nearest(path: &str) -> Option<&'static Key> {
    let alike = |key: &Key| {
        let whole = strsim::normalized_damerau_levenshtein(path, key.path);
        // The right key in the wrong section counts nearly as much as the right section.
        whole.max(0.95 * strsim::normalized_damerau_levenshtein(leaf(path), leaf(key.path)))
    };
    // Of two that are as near, the one with fewer sections in front.
    let near = |a: &(f64, &Key), b: &(f64, &Key)| a.0.total_cmp(&b.0).then(b.1.path.len().cmp(&a.1.path.len()));
    let (likeness, key) = KEYS.iter().map(|key| (alike(key), key)).max_by(near)?;
    (likeness >= 0.65).then_some(key)
}

/// The section that somebody who wrote `name` probably means.
pub(super) fn nearest_section(name: &str) -> Option<&'static str> {
    let sections = KEYS.iter().filter_map(|key| key.path.split_once('.')).map(|(section, _)| section);
    let (likeness, section) =
        sections.map(|it| (strsim::normalized_damerau_levenshtein(name, it), it)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (likeness >= 0.65).then_some(section)
}

fn leaf(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

impl Key {
    /// The environment variable that sets this key: `WXGATE_SESSION__IDLE_DAYS`.
    pub(super) fn variable(&self) -> String {
        format!("WXGATE_{}", self.path.to_ascii_uppercase().replace('.', "__"))
    }

    /// Whether the key belongs to an `[[app]]`.
    pub(super) fn is_of_app(&self) -> bool {
        self.path.starts_with("app.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::DeserializeOwned;
    use std::collections::BTreeSet;

    /// The fields of a struct that refuses unknown ones, as its own refusal names them.
    fn fields<T: DeserializeOwned>() -> BTreeSet<String> {
        let refusal = serde_json::from_str::<T>(r#"{"no such field":1}"#).err().expect("unknown fields are refused");
        refusal.to_string().split('`').skip(3).step_by(2).map(str::to_owned).collect()
    }

    fn keys_of(section: &str) -> BTreeSet<String> {
        let in_section = KEYS.iter().filter_map(|key| key.path.strip_prefix(section)?.strip_prefix('.'));
        in_section.map(str::to_owned).collect()
    }

    #[test]
    fn the_table_has_exactly_the_fields_of_each_sections_struct() {
        assert_eq!(keys_of("wechat"), fields::<wx_client::Settings>());
        assert_eq!(keys_of("store"), fields::<wxgate_store::Settings>());
        assert_eq!(keys_of("backup"), fields::<wxgate_backup::Settings>());
        assert_eq!(keys_of("session"), fields::<wxgate_api::settings::Session>());
        assert_eq!(keys_of("limits"), fields::<wxgate_api::settings::Limits>());
        assert_eq!(keys_of("phone"), fields::<wxgate_api::settings::Phone>());
        assert_eq!(keys_of("profile"), fields::<wxgate_api::settings::Profile>());
        assert_eq!(keys_of("calls"), fields::<wxgate_api::settings::Calls>());
        assert_eq!(keys_of("jwt"), fields::<wxgate_api::settings::Jwt>());
        assert_eq!(keys_of("webhooks"), fields::<wxgate_api::settings::Webhooks>());
        assert_eq!(keys_of("listen"), fields::<super::super::Listen>());
        assert_eq!(keys_of("log"), fields::<super::super::Log>());
    }

    #[test]
    fn a_slip_finds_the_key_that_was_meant() {
        let meant = |path| nearest(path).map(|key| key.path);
        assert_eq!(meant("session.idle_day"), Some("session.idle_days"));
        assert_eq!(meant("idle_days"), Some("session.idle_days"));
        assert_eq!(meant("wx.base_url"), Some("wechat.base_url"));
        assert_eq!(meant("app.appId"), Some("app.appid"));
        assert_eq!(meant("colour.of.the.sky"), None);
        assert_eq!(nearest_section("sesion"), Some("session"));
    }
}
