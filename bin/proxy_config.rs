//! `wxgate proxy-config`: what the team's reverse proxy needs, from the templates in `config/proxy`.

use clap::{Args, ValueEnum};

use crate::config::{self, Address};
use crate::lang::{Words, words};
use crate::out::{self, Exit, Failure, Outcome};

pub(crate) const HELP: &str =
    "Example:\n  wxgate proxy-config nginx --domain api.example.com > /etc/nginx/conf.d/wxgate.conf";

/// Which proxy, and what stands where.
#[derive(Args)]
pub(crate) struct Flags {
    /// Which proxy. 哪种反向代理
    proxy: Proxy,
    /// The name under which phones reach it. 对外域名
    #[arg(long, value_name = "NAME")]
    domain: String,
    /// listen.public of the server. 对外监听
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8520")]
    public: String,
    /// listen.internal of the server. 内部监听
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8521")]
    internal: String,
    /// Your own service. 自己的业务服务
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:3000")]
    backend: String,
    /// Its paths begin with this. 业务路径前缀
    #[arg(long, value_name = "PATH", default_value = "/api/")]
    backend_path: String,
    /// nginx: certificate chain, else that of /etc/letsencrypt/live/NAME. 证书
    #[arg(long, value_name = "FILE", requires = "certificate_key")]
    certificate: Option<String>,
    /// nginx: its key. 证书私钥
    #[arg(long, value_name = "FILE", requires = "certificate")]
    certificate_key: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Proxy {
    Nginx,
    Caddy,
    Traefik,
}

impl Proxy {
    fn template(self) -> &'static str {
        match self {
            Self::Nginx => include_str!("../config/proxy/nginx.conf"),
            Self::Caddy => include_str!("../config/proxy/Caddyfile"),
            Self::Traefik => include_str!("../config/proxy/traefik.yaml"),
        }
    }
}

/// Runs `wxgate proxy-config`.
pub(crate) fn run(flags: &Flags) -> Outcome {
    let text = text(flags).map_err(Failure::usage)?;
    out::print(text.trim_end())?;
    Ok(Exit::Done)
}

/// The template, filled in. Values are checked before: none can end the word in which it stands.
fn text(flags: &Flags) -> Result<String, Words> {
    let Flags { proxy, domain, public, internal, backend, backend_path, .. } = flags;
    if !is_domain(domain) {
        return Err(refused(
            "--domain",
            "域名，如 api.example.com（中文域名请写 xn-- 形式）",
            "a domain such as api.example.com",
        ));
    }
    for (flag, value) in [("--public", public), ("--internal", internal), ("--backend", backend)] {
        if !matches!(Address::parse(value), Some(Address::Tcp { port: 1.., .. })) {
            return Err(refused(flag, "主机:端口", "host:port"));
        }
    }
    if !is_path(backend_path) {
        return Err(refused(
            "--backend-path",
            "以 / 开头和结尾的路径，如 /api/",
            "a path that begins and ends with /, such as /api/",
        ));
    }
    let live = |file: &str| format!("/etc/letsencrypt/live/{domain}/{file}");
    let certificate = flags.certificate.clone().unwrap_or_else(|| live("fullchain.pem"));
    let key = flags.certificate_key.clone().unwrap_or_else(|| live("privkey.pem"));
    for (flag, value) in [("--certificate", &certificate), ("--certificate-key", &key)] {
        if !is_file(value) {
            return Err(refused(
                flag,
                "绝对路径，只含字母、数字和 . _ - /",
                "an absolute path of letters, digits and . _ - /",
            ));
        }
    }
    let filled = [
        ("@DOMAIN@", domain.as_str()),
        ("@PUBLIC@", public),
        ("@INTERNAL@", internal),
        ("@BACKEND@", backend),
        ("@PATH@", backend_path),
        ("@CERTIFICATE@", &certificate),
        ("@CERTIFICATE_KEY@", &key),
    ];
    Ok(filled.iter().fold(proxy.template().to_owned(), |text, (name, value)| text.replace(name, value)))
}

fn refused(flag: &str, zh: &str, en: &str) -> Words {
    words(format!("{flag}：应为{zh}"), format!("{flag}: expected {en}"))
}

/// A name of at least two parts: a mini program calls no bare host and no number.
fn is_domain(text: &str) -> bool {
    let last = text.rsplit('.').next().unwrap_or_default();
    config::is_host_name(text) && text.contains('.') && !last.bytes().all(|byte| byte.is_ascii_digit())
}

/// Where the server's own paths are, the team's cannot be.
fn is_path(text: &str) -> bool {
    const OURS: [&str; 4] = ["/v1/", "/wx/", "/x/", "/.well-known/"];
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte);
    text.starts_with('/')
        && text.ends_with('/')
        && text.len() > 1
        && !text.contains("//")
        && text.bytes().all(plain)
        && !OURS.iter().any(|ours| text.starts_with(ours))
}

fn is_file(text: &str) -> bool {
    text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;
    use clap::Parser;

    const IDENTITY: [&str; 6] =
        ["Wxgate-Member", "Wxgate-App", "Wxgate-Openid", "Wxgate-Unionid", "Wxgate-Name", "Wxgate-Session"];

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        flags: Flags,
    }

    fn printed(arguments: &str) -> Result<String, String> {
        let words = ["proxy-config"].into_iter().chain(arguments.split(' '));
        let line = Line::try_parse_from(words).map_err(|error| error.to_string())?;
        text(&line.flags).map_err(|words| words.say(Lang::En).to_owned())
    }

    #[test]
    fn every_proxy_is_told_of_the_same_things_and_nothing_is_left_to_fill_in() {
        for proxy in ["nginx", "caddy", "traefik"] {
            let text = printed(&format!(
                "{proxy} --domain api.example.com --public 10.0.0.1:1 --internal [::1]:2 --backend shop:3 --backend-path /shop/"
            ))
            .unwrap();
            let paths = ["/v1/", "/wx/push/", "/x/", "/.well-known/jwks.json", "/healthz", "/shop/", "/forward-auth"];
            for named in ["api.example.com", "10.0.0.1:1", "[::1]:2", "shop:3"].into_iter().chain(paths).chain(IDENTITY)
            {
                assert!(text.contains(named), "{proxy}: {named}");
            }
            let placeholder =
                text.split('@').skip(1).step_by(2).find(|name| {
                    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
                });
            assert_eq!(placeholder, None, "{proxy}");
            let chinese = text.chars().any(|character| ('\u{4e00}'..='\u{9fff}').contains(&character));
            assert!(chinese && text.contains("wxgate proxy-config"), "{proxy}");
        }
    }

    #[test]
    fn what_traefik_gets_is_yaml_in_which_nothing_hangs_loose() {
        let text = printed("traefik --domain api.example.com").unwrap();
        let documents = yaml_rust2::YamlLoader::load_from_str(&text).unwrap();
        let [document] = &documents[..] else { panic!("one document") };
        let http = &document["http"];
        for router in ["wxgate", "wxgate-backend"] {
            let router = &http["routers"][router];
            assert!(router["rule"].as_str().unwrap().starts_with("Host(`api.example.com`) && "));
            assert!(!router["tls"].is_badvalue());
            let service = &http["services"][router["service"].as_str().unwrap()]["loadBalancer"];
            let url = service["servers"][0]["url"].as_str().unwrap();
            assert!(["http://127.0.0.1:8520", "http://127.0.0.1:3000"].contains(&url), "{url}");
            let transport = &http["serversTransports"][service["serversTransport"].as_str().unwrap()];
            assert!(!transport["forwardingTimeouts"]["responseHeaderTimeout"].is_badvalue());
            for middleware in router["middlewares"].as_vec().unwrap() {
                assert!(!http["middlewares"][middleware.as_str().unwrap()].is_badvalue(), "{middleware:?}");
            }
        }
        let order: Vec<_> = http["routers"]["wxgate-backend"]["middlewares"].as_vec().unwrap().iter().collect();
        let at = |name: &str| order.iter().position(|it| it.as_str() == Some(name)).unwrap();
        assert!(at("wxgate-spoofs") < at("wxgate-auth") && at("wxgate-auth") < at("wxgate-skey"));
        let auth = &http["middlewares"]["wxgate-auth"]["forwardAuth"];
        assert_eq!(auth["address"].as_str(), Some("http://127.0.0.1:8521/forward-auth"));
        let copied = auth["authResponseHeaders"].as_vec().unwrap().iter().map(|name| name.as_str().unwrap());
        assert!(copied.eq(IDENTITY));
        let removed = &http["middlewares"]["wxgate-spoofs"]["headers"]["customRequestHeaders"];
        for name in IDENTITY {
            for separator in ["-", "_", "."] {
                assert_eq!(removed[name.replace('-', separator).as_str()].as_str(), Some(""), "{name} {separator}");
            }
        }
    }

    #[test]
    fn what_could_end_its_word_in_a_template_is_refused() {
        let domains = [
            "",
            "localhost",
            "1.2.3.4",
            "*.example.com",
            "a_b.example.com",
            "api.example.com;",
            "api.example.com:443",
            "https://api.example.com",
            "例子.中国",
            "-a.example.com",
            "a..b",
            "api.example.com{",
        ];
        for domain in domains {
            assert!(printed(&format!("nginx --domain {domain}")).unwrap_err().contains("--domain"), "{domain}");
        }
        for (flag, values) in [
            ("--public", &["8520", "unix:/run/x", "a:0", "a b:1", "127.0.0.1:99999", "a;b:1"][..]),
            ("--internal", &["http://127.0.0.1:1", ":1"]),
            ("--backend", &["127.0.0.1:3000/", "{x}:1"]),
            ("--backend-path", &["/", "api", "/api", "/a b/", "/api;/", "/v1/", "/wx/push/", "/a{/", "//"]),
        ] {
            for value in values {
                let arguments = format!("nginx\t--domain\tapi.example.com\t{flag}\t{value}");
                let words = ["proxy-config"].into_iter().chain(arguments.split('\t'));
                let line = Line::try_parse_from(words).ok().unwrap();
                assert!(text(&line.flags).unwrap_err().say(Lang::Zh).contains(flag), "{flag} {value}");
            }
        }
        for file in ["fullchain.pem", "/etc/a;b", "/etc/a\nb", "/etc/$x"] {
            let words = ["x", "nginx", "--domain", "a.cn", "--certificate", file, "--certificate-key", "/k"];
            let line = Line::try_parse_from(words).ok().unwrap();
            assert!(text(&line.flags).unwrap_err().say(Lang::En).contains("--certificate"), "{file}");
        }
    }
}
