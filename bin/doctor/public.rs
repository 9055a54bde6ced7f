//! The way that phones take: the public URL, its certificate, and what the proxy makes of requests and answers.

use std::net::IpAddr;

use http::StatusCode;
use rustls::CertificateError;
use serde_json::Value;
use url::{Host, Url};

use super::case::FRAGILE;
use super::server::not_running;
use super::web::{self, Page, Trouble};
use super::{Case, Verdict, needs};
use crate::lang::{Words, words};

/// Days that a certificate should still be good for.
const SOON_DAYS: u64 = 14;
/// An skey's form, of no session.
const NOBODY: &str = "Bearer wxg_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// What only the internal listener serves.
const INTERNAL: &[&str] = &["/metrics", "/readyz", "/openapi.json", "/api/v1/members"];

/// `public.url`
pub(super) fn url(case: &Case) -> Verdict {
    let Some(url) = case.public_url() else {
        return Verdict::warn(
            words(
                "没有写 public_url，对外的检查都跳过",
                "public_url is not set: nothing on the phones' way is looked at",
            ),
            words(
                "写上小程序用的 https 网址：public_url = \"https://…\"",
                "write the https URL that the mini program uses: public_url = \"https://…\"",
            ),
        );
    };
    judge_url(&url)
}

fn judge_url(url: &Url) -> Verdict {
    if url.scheme() != "https" {
        return Verdict::warn(
            words(format!("{url} 只能在开发者工具中使用"), format!("{url} works in the developer tools alone")),
            words(
                "小程序要求 https：在前面放一个 TLS 反向代理",
                "mini programs ask for https: put a TLS proxy before it",
            ),
        );
    }
    if !matches!(url.host(), Some(Host::Domain(name)) if name != "localhost") {
        return Verdict::fail(
            words(format!("{url} 不是域名"), format!("{url} is not a domain")),
            words(
                "小程序的服务器域名须是已备案的域名",
                "the mini program's server domain must be a registered domain name",
            ),
        );
    }
    Verdict::ok(words(url.to_string(), url.to_string()))
}

/// `public.certificate`: the chain as a phone sees it, which gets no intermediate from elsewhere.
pub(super) async fn certificate(case: &Case) -> Verdict {
    let Some(url) = case.public_url() else { return no_url() };
    if url.scheme() != "https" {
        return needs("不是 https", "it is not https");
    }
    match web::get(&url, &[]).await {
        Err(Trouble::Certificate(why)) => distrust(&why),
        Err(trouble) => away(&trouble),
        Ok(page) => {
            let host = url.host_str().unwrap_or_default();
            if web::is_valid_in(SOON_DAYS, host, &page.chain) {
                return Verdict::ok(words(
                    format!("可信，{SOON_DAYS} 天内不会过期"),
                    format!("trusted, and for {SOON_DAYS} days to come"),
                ));
            }
            Verdict::warn(
                words(format!("{SOON_DAYS} 天内过期"), format!("it ends within {SOON_DAYS} days")),
                words("续期证书，并确认自动续期在运行", "renew the certificate, and see that it is renewed by itself"),
            )
        }
    }
}

/// What helps against a certificate that is not believed.
fn distrust(why: &CertificateError) -> Verdict {
    let (evidence, cure) = match why {
        CertificateError::UnknownIssuer => (
            words("证书链不完整，或由未知机构签发", "the chain is incomplete, or its issuer is unknown"),
            words(
                "让代理发送完整链（fullchain.pem，而非 cert.pem）",
                "let the proxy send the whole chain (fullchain.pem, not cert.pem)",
            ),
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            (words("证书已过期", "the certificate has expired"), words("续期证书", "renew it"))
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
            words("证书尚未生效", "the certificate is not valid yet"),
            words("检查本机时钟", "look at this machine's clock"),
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
            words("证书不是这个域名的", "the certificate is of another name"),
            words("为 public_url 的域名签发证书", "get one for the domain of public_url"),
        ),
        other => (
            words(format!("证书不被信任：{other:?}"), format!("the certificate is not believed: {other:?}")),
            words("换用公共机构签发的证书", "take one of a public authority"),
        ),
    };
    Verdict::fail(evidence, cure)
}

/// `public.instance`: the URL leads to this very process, as only it can know.
pub(super) async fn instance(case: &Case) -> Verdict {
    let Some(probe) = case.probe().await else { return no_way(case) };
    let page = match &probe.page {
        Ok(page) => page,
        Err(trouble) => return away(trouble),
    };
    if !probe.seen.is_null() {
        return Verdict::ok(words("网址通向本服务", "the URL leads to this very server"));
    }
    let status = page.status;
    Verdict::fail(
        words(
            format!("网址有回应（{status}），但不是来自本服务"),
            format!("somebody answers there ({status}), but not this server"),
        ),
        words(
            "检查域名解析，以及代理转发到的地址是否为 listen.public",
            "look at the DNS, and that the proxy forwards to listen.public",
        ),
    )
}

/// `public.query`: `+` and `%2B` arrive as they were sent.
pub(super) async fn query(case: &Case) -> Verdict {
    let Some(seen) = seen(case).await else { return no_way(case) };
    let arrived = seen["query"].as_str().unwrap_or_default();
    if arrived.ends_with(FRAGILE) {
        return Verdict::ok(words("+ 和 %2B 原样到达", "+ and %2B arrive as they were sent"));
    }
    Verdict::fail(
        words("代理改写了查询串中的 + 或 %", "the proxy rewrites + or % in queries"),
        words(
            "去掉代理的重写规则；nginx 的 proxy_pass 后面不要写路径",
            "take the rewriting out of the proxy: nginx's proxy_pass without a path",
        ),
    )
}

/// `public.clients`: the server sees who the proxy forwards for.
pub(super) async fn clients(case: &Case) -> Verdict {
    let Some(seen) = seen(case).await else { return no_way(case) };
    judge_clients(seen)
}

fn judge_clients(seen: &Value) -> Verdict {
    let client = seen["client"].as_str();
    let forwarded = seen["forwarded_for"].as_str();
    match (client, forwarded) {
        (Some(client), Some(forwarded)) if forwarded.split(',').any(|part| is_same(part, client)) => {
            Verdict::ok(words(format!("看到的客户端是 {client}"), format!("the client is seen as {client}")))
        }
        (client, Some(_)) => {
            let proxy = client.unwrap_or("unix");
            Verdict::fail(
                words(
                    format!("代理 {proxy} 不在 trusted_proxies 中"),
                    format!("the proxy {proxy} is not in trusted_proxies"),
                ),
                words(
                    format!("listen.trusted_proxies 中加上 {proxy}；否则所有人共用一个限流额度"),
                    format!("add {proxy} to listen.trusted_proxies, or all people share one limit"),
                ),
            )
        }
        (Some(client), None) if !is_near(client) => Verdict::ok(words(
            format!("没有代理，客户端是 {client}"),
            format!("no proxy in between, the client is {client}"),
        )),
        _ => Verdict::warn(
            words("代理没有发送 X-Forwarded-For", "the proxy sends no X-Forwarded-For"),
            words(
                "nginx：proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
                "nginx: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
            ),
        ),
    }
}

fn is_same(part: &str, client: &str) -> bool {
    match (part.trim().parse::<IpAddr>(), client.parse::<IpAddr>()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

fn is_near(client: &str) -> bool {
    client.parse::<IpAddr>().is_ok_and(|address| match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    })
}

/// `public.refusals`: a 401 arrives with its body, which tells the mini program to log in again.
pub(super) async fn refusals(case: &Case) -> Verdict {
    let Some(url) = case.at_public_url("/v1/session") else { return no_url() };
    match web::get(&url, &[("authorization", NOBODY)]).await {
        Err(trouble) => away(&trouble),
        Ok(page) => judge_refusal(&page),
    }
}

fn judge_refusal(page: &Page) -> Verdict {
    let body: Value = serde_json::from_slice(&page.body).unwrap_or_default();
    if page.status == StatusCode::UNAUTHORIZED && body["error"] == "unauthorized" {
        return Verdict::ok(words("401 带着原来的内容到达", "a 401 arrives with its body"));
    }
    let status = page.status;
    Verdict::fail(
        words(
            format!("应为带 JSON 的 401，到达的是 {status}"),
            format!("a 401 with JSON is due, and what arrives is {status} with something else"),
        ),
        words(
            "去掉代理的 error_page 和 proxy_intercept_errors",
            "take error_page and proxy_intercept_errors out of the proxy",
        ),
    )
}

/// `public.internal`: nothing of the internal listener answers there, its numbers included.
pub(super) async fn internal(case: &Case) -> Verdict {
    let mut open = Vec::new();
    for path in INTERNAL {
        let Some(url) = case.at_public_url(path) else { return no_url() };
        match web::get(&url, &[]).await {
            Err(trouble) => return away(&trouble),
            Ok(page) if page.status == StatusCode::NOT_FOUND || page.status == StatusCode::FORBIDDEN => {}
            Ok(_) => open.push(*path),
        }
    }
    if open.is_empty() {
        return Verdict::ok(words("内部接口和指标不对外", "internal routes and metrics are not to be had there"));
    }
    let paths = open.join(" ");
    Verdict::fail(
        words(format!("对外可以访问：{paths}"), format!("to be had by everybody: {paths}")),
        words("代理只应转发到 listen.public", "let the proxy forward to listen.public alone"),
    )
}

/// What arrived of the probe, if it did.
async fn seen(case: &Case) -> Option<&Value> {
    case.probe().await.map(|probe| &probe.seen).filter(|seen| !seen.is_null())
}

fn no_way(case: &Case) -> Verdict {
    match (case.public_url(), case.server()) {
        (None, _) => no_url(),
        (_, None) => not_running(),
        _ => needs("网址没有通向本服务", "the URL does not lead to this server"),
    }
}

fn no_url() -> Verdict {
    needs("没有写 public_url", "public_url is not set")
}

fn away(trouble: &Trouble) -> Verdict {
    let (evidence, cure): (Words, Words) = match trouble {
        Trouble::NoAddress(why) => (
            words(format!("域名没有解析：{why}"), format!("the name has no address: {why}")),
            words("为 public_url 的域名添加 A 或 AAAA 记录", "add an A or AAAA record for the domain of public_url"),
        ),
        Trouble::Connect(why) => (
            words(format!("连不上：{why}"), format!("it cannot be connected to: {why}")),
            words(
                "启动代理，放行安全组和防火墙的 443 端口",
                "start the proxy, and let port 443 through security group and firewall",
            ),
        ),
        trouble => (
            words(format!("请求没有完成：{trouble}"), format!("the request came to nothing: {trouble}")),
            words("查看代理的日志", "look at the proxy's log"),
        ),
    };
    Verdict::fail(evidence, cure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;
    use bytes::Bytes;
    use http::HeaderMap;
    use serde_json::json;

    fn url_state(text: &str) -> State {
        judge_url(&Url::parse(text).unwrap()).state
    }

    #[test]
    fn a_public_url_is_https_at_a_domain() {
        assert_eq!(url_state("https://api.example.com"), State::Ok);
        assert_eq!(url_state("http://127.0.0.1:8520"), State::Warn);
        for bad in ["https://203.0.113.7", "https://[2001:db8::1]/", "https://localhost"] {
            assert_eq!(url_state(bad), State::Fail, "{bad}");
        }
    }

    #[test]
    fn clients_are_seen_through_a_trusted_proxy() {
        let state = |seen: Value| judge_clients(&seen).state;
        assert_eq!(state(json!({ "client": "203.0.113.7", "forwarded_for": "1.2.3.4, 203.0.113.7" })), State::Ok);
        assert_eq!(state(json!({ "client": "2001:db8::1", "forwarded_for": "2001:DB8:0::1" })), State::Ok);
        assert_eq!(state(json!({ "client": "10.0.0.2", "forwarded_for": "203.0.113.7" })), State::Fail);
        assert_eq!(state(json!({ "client": null, "forwarded_for": "203.0.113.7" })), State::Fail);
        assert_eq!(state(json!({ "client": "127.0.0.1", "forwarded_for": null })), State::Warn);
        assert_eq!(state(json!({ "client": "203.0.113.7", "forwarded_for": null })), State::Ok);
    }

    #[test]
    fn a_refusal_counts_with_its_body_alone() {
        let state = |status, body: &'static str| {
            let body = Bytes::from_static(body.as_bytes());
            judge_refusal(&Page { status, headers: HeaderMap::new(), body, chain: Vec::new() }).state
        };
        assert_eq!(state(StatusCode::UNAUTHORIZED, r#"{"error":"unauthorized"}"#), State::Ok);
        assert_eq!(state(StatusCode::UNAUTHORIZED, "<html>401</html>"), State::Fail);
        assert_eq!(state(StatusCode::OK, r#"{"error":"unauthorized"}"#), State::Fail);
    }

    #[test]
    fn each_distrust_has_its_own_cure() {
        let cures = [CertificateError::UnknownIssuer, CertificateError::Expired, CertificateError::NotValidForName]
            .map(|why| distrust(&why).cure.unwrap());
        assert!(cures[0].say(crate::lang::Lang::En).contains("fullchain"));
        assert!(cures[0] != cures[1] && cures[1] != cures[2]);
    }
}
