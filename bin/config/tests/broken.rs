//! Broken files: each with the line, the key and the words of what must be said about it.

use super::{APP, Bench, CANARY};

/// A text that goes before a good `[[app]]`, and how its only complaint begins and what else is in it.
const BROKEN: &[(&str, &str, &str)] = &[
    ("data_dir = \"x\"\nidle_days = 7\n", "wxgate.toml:2: idle_days: unknown key", "session.idle_days"),
    ("[session]\n\nidle_day = 7\n", "wxgate.toml:3: session.idle_day: unknown key", "session.idle_days"),
    ("[session]\nbase_url = \"c0ffee\"\n", "wxgate.toml:2: session.base_url: unknown key", "wechat.base_url"),
    ("[sesion]\nidle_days = 7\n", "wxgate.toml:1: [sesion]: unknown section", "[session]"),
    ("[nothing_alike_at_all]\nx = 1\n", "wxgate.toml:1: [nothing_alike_at_all]: unknown section", ""),
    ("[session.deep]\nidle_days = 7\n", "wxgate.toml:1: session.deep: unknown key", ""),
    ("session.idle_dayz = 7\n", "wxgate.toml:1: session.idle_dayz: unknown key", "session.idle_days"),
    ("session = 7\n", "wxgate.toml:1: session: a section", "[session]"),
    ("[data_dir]\nx = 1\n", "wxgate.toml:1: data_dir: expected the path of a directory", "found table"),
    ("data_dir = \"\"\n", "wxgate.toml:1: data_dir: expected the path", ""),
    ("data_dir = 3\n", "wxgate.toml:1: data_dir: expected the path", "found integer"),
    ("public_url = \"http://example.com/c0ffee\"\n", "wxgate.toml:1: public_url: expected an https URL", ""),
    ("timezone = \"Asia Shanghai\"\n", "wxgate.toml:1: timezone: expected a time zone", ""),
    ("[listen]\npublic = \"127.0.0.1\"\n", "wxgate.toml:2: listen.public: expected \"host:port\"", "unix:"),
    ("[listen]\npublic = \"127.0.0.1:65536\"\n", "wxgate.toml:2: listen.public: expected", ""),
    ("[listen]\ninternal = \"unix:relative\"\n", "wxgate.toml:2: listen.internal: expected", "unix:/path"),
    (
        "[listen]\ninternal = \"127.0.0.1:8520\"\n",
        "wxgate.toml:2: listen.internal: listen.public and listen.internal are the same",
        "",
    ),
    (
        "[listen]\npublic = \"127.0.0.1:8521\"\n",
        "wxgate.toml:2: listen.public: listen.public and listen.internal are the same",
        "",
    ),
    (
        "[listen]\ntrusted_proxies = [\n  \"10.0.0.1\",\n]\n",
        "wxgate.toml:2: listen.trusted_proxies: expected a list of networks",
        "",
    ),
    (
        "[listen]\ntrusted_proxies = \"10.0.0.0/8\"\n",
        "wxgate.toml:2: listen.trusted_proxies: expected a list",
        "found string",
    ),
    (
        "[wechat]\nbase_url = \"http://api.weixin.qq.com\"\n",
        "wxgate.toml:2: wechat.base_url: expected an https URL",
        "loopback",
    ),
    (
        "[wechat]\nbase_url = \"https://u:c0ffee@a.cn\"\n",
        "wxgate.toml:2: wechat.base_url: expected an https URL",
        "user name",
    ),
    ("[wechat]\nmax_in_flight = 0\n", "wxgate.toml:2: wechat.max_in_flight: expected a whole number, 1 to 65535", ""),
    ("[session]\nidle_days = \"7\"\n", "wxgate.toml:2: session.idle_days: expected a whole number", "found string"),
    ("[session]\nidle_days = 7.5\n", "wxgate.toml:2: session.idle_days: expected a whole number", "found float"),
    (
        "[session]\nidle_days = 3651\nabsolute_days = 3650\n",
        "wxgate.toml:2: session.idle_days: expected a whole number, 1 to 3650",
        "",
    ),
    (
        "[session]\nabsolute_days = 5\n",
        "wxgate.toml:2: session.absolute_days: idle longer than at all",
        "(7) > session.absolute_days (5)",
    ),
    ("[session]\nidle_days = 31\n", "wxgate.toml:2: session.idle_days: idle longer than at all", "(31)"),
    ("[session]\nidle_days = 0\nabsolute_days = 5\n", "wxgate.toml:2: session.idle_days: expected a whole number", ""),
    ("[session]\nmax_per_member = 1001\n", "wxgate.toml:2: session.max_per_member: expected", "1 to 1000"),
    ("[session]\nexpose_openid = \"yes\"\n", "wxgate.toml:2: session.expose_openid: expected true or false", ""),
    ("[limits]\nlogins_per_minute = -1\n", "wxgate.toml:2: limits.logins_per_minute: expected", "0 to"),
    (
        "[phone]\nencrypted_data = \"on\"\n",
        "wxgate.toml:2: phone.encrypted_data: expected one of \"verify\", \"local\", \"off\"",
        "",
    ),
    ("[phone]\nreply = true\n", "wxgate.toml:2: phone.reply: expected one of \"masked\", \"full\"", "found boolean"),
    (
        "[profile]\navatar_hosts = [\"https://qlogo.cn\"]\n",
        "wxgate.toml:2: profile.avatar_hosts: expected a list of host names",
        "",
    ),
    ("[store]\nurl = \"postgres://u:c0ffee@db/x\"\n", "wxgate.toml:2: store.url: expected \"sqlite:\"", ""),
    ("[store]\nreaders = 65\n", "wxgate.toml:2: store.readers: expected a whole number, 1 to 64", ""),
    ("[log]\nlevel = \"verbose\"\n", "wxgate.toml:2: log.level: expected one of", "\"info\""),
    ("[log]\nformat = \"xml\"\n", "wxgate.toml:2: log.format: expected one of", "\"json\""),
    ("\nsecret = \"c0ffee\n", "wxgate.toml:2: not TOML", ""),
    ("[session]\nidle_days = 1\nidle_days = 2\n", "wxgate.toml:3: not TOML: duplicate key", ""),
    ("secret = \"c0ffee\"\n", "wxgate.toml:1: secret: unknown key", "app.secret"),
];

#[test]
fn every_broken_file_is_refused_by_line_key_and_words() {
    for (text, start, more) in BROKEN {
        let flaws = Bench::new().file(&format!("{text}{APP}")).flaws();
        let [flaw] = flaws.as_slice() else { panic!("one flaw of {text:?}, found {flaws:#?}") };
        assert!(
            flaw.starts_with(start) && flaw.contains(more),
            "{text:?}\n  said: {flaw}\n  expected: {start} … {more}"
        );
    }
}

/// A whole file whose apps are broken.
const BROKEN_APPS: &[(&str, &str, &str)] = &[
    ("", "no app is configured", "WXGATE_APP__APPID"),
    ("[app]\nappid = \"wx0123456789abcdef\"\n", "wxgate.toml:1: app: written [[app]]", ""),
    ("app = \"wx0123456789abcdef\"\n", "wxgate.toml:1: app: written [[app]]", ""),
    ("\n[[app]]\nsecret = \"c0ffee00\"\n", "wxgate.toml:2: app.appid: missing", ""),
    ("[[app]]\nappid = \"wx0123456789abcdef\"\n", "wxgate.toml:1: app.secret: missing", "app.secret_file"),
    ("[[app]]\nappid = \"c0ffee00\"\nsecret = \"x\"\n", "wxgate.toml:2: app.appid: expected wx and 16", ""),
    ("[[app]]\nappid = \"wx0123456789ABCDEF\"\nsecret = \"x\"\n", "wxgate.toml:2: app.appid: expected", "lowercase"),
    (
        "[[app]]\nappid = \"wx0123456789abcdef\"\nsecret = \"c0ffee c0ffee\"\n",
        "wxgate.toml:3: app.secret: expected 1 to 128",
        "",
    ),
    (
        "[[app]]\nappid = \"wx0123456789abcdef\"\nsecret = 12345678\n",
        "wxgate.toml:3: app.secret: expected",
        "found integer",
    ),
    (
        "[[app]]\nappid = \"wx0123456789abcdef\"\napp_secret = \"c0ffee\"\nsecret = \"x\"\n",
        "wxgate.toml:3: app.app_secret: unknown key",
        "app.secret",
    ),
    (
        "[[app]]\nappid = \"wx0123456789abcdef\"\nsecret_file = \"/no/such\"\n",
        "wxgate.toml:3: app.secret_file: /no/such: cannot be read",
        "",
    ),
    (
        "[[app]]\nappid = \"wx0123456789abcdef\"\nsecret = \"x\"\nsecret_file = \"/no/such\"\n",
        "wxgate.toml:4: app.secret_file: given already by app.secret",
        "wxgate.toml:3",
    ),
    (
        "[[app]]\nappid = \"wx0123456789abcdef\"\nsecret = \"x\"\n[[app]]\nappid = \"wx0123456789abcdef\"\nsecret = \"y\"\n",
        "wxgate.toml:5: app.appid: the same as at",
        "wxgate.toml:2",
    ),
    (
        "[[app]]\nappid = \"wx0123456789abcdef\"\nsecret = \"x\"\n[app.push]\ntoken = \"c0ffee\"\n",
        "wxgate.toml:1: app.push.encoding_aes_key: missing",
        "encoding_aes_key_file",
    ),
    (
        "[[app]]\nappid = \"wx0123456789abcdef\"\nsecret = \"x\"\n[app.push]\ntoken = \"c0ffee-\"\nencoding_aes_key = \"c0ffee0c0ffee0c0ffee0c0ffee0c0ffee0c0ffee01\"\n",
        "wxgate.toml:5: app.push.token: expected 3 to 32",
        "",
    ),
    (
        "[[app]]\nappid = \"wx0123456789abcdef\"\nsecret = \"x\"\n[app.push]\ntoken = \"c0ffee\"\nencoding_aes_key = \"c0ffee\"\n",
        "wxgate.toml:6: app.push.encoding_aes_key: expected 43",
        "",
    ),
    (
        "[[app]]\nappid = \"wx0123456789abcdef\"\nsecret = \"x\"\n[app.push]\nencoding_aes_key = \"c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0f\"\n",
        "wxgate.toml:1: app.push.token: missing",
        "app.push.token_file",
    ),
    (
        "[[app]]\nappid = \"wx0123456789abcdef\"\nsecret = \"x\"\n[app.push]\nprevious_encoding_aes_key_file = \"/no/such\"\ntoken = \"c0ffee\"\nencoding_aes_key = \"c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0f\"\n",
        "wxgate.toml:5: app.push.previous_encoding_aes_key_file: /no/such: cannot be read",
        "",
    ),
];

#[test]
fn every_broken_app_is_refused_by_line_key_and_words() {
    for (text, start, more) in BROKEN_APPS {
        let flaws = Bench::new().file(text).flaws();
        let [flaw] = flaws.as_slice() else { panic!("one flaw of {text:?}, found {flaws:#?}") };
        assert!(
            flaw.starts_with(start) && flaw.contains(more),
            "{text:?}\n  said: {flaw}\n  expected: {start} … {more}"
        );
    }
}

#[test]
fn all_that_is_wrong_is_said_at_once_and_in_the_files_order() {
    let text = format!("{APP}appsecret = \"{CANARY}\"\n[phone]\nreply = \"all\"\n[session]\nidle_days = 0\n");
    let bench = Bench::new().file(&text).variable("WXGATE_STORE__QUEUE", CANARY).flag("log.level=loud");
    let flaws = bench.flaws();
    let starts: Vec<&str> = flaws.iter().map(|flaw| flaw.split(": expected").next().unwrap()).collect();
    assert_eq!(
        starts[1..],
        [
            "wxgate.toml:6: phone.reply",
            "wxgate.toml:8: session.idle_days",
            "WXGATE_STORE__QUEUE: store.queue",
            "--set: log.level"
        ]
    );
    assert!(starts[0].starts_with("wxgate.toml:4: app.appsecret: unknown key"));
}

#[test]
fn a_file_that_cannot_be_read_is_refused_by_name() {
    let mut bench = Bench::new();
    bench.sources.file = Some(bench.dir.path().join("none.toml"));
    assert!(bench.flaws()[0].starts_with("none.toml: cannot be read"));
}
