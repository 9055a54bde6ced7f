//! WeChat as this machine reaches it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use http::header::DATE;
use url::Url;
use wx_client::{Client, Credentials, Error, NoKeep, WeChat};

use super::web::{self, Page, Trouble};
use super::{Case, Verdict, needs};
use crate::lang::{Lang, Words, words};

/// Seconds of difference that nothing notices, and that spoil checks of what WeChat dates.
const CLOCK_WARN: u64 = 10;
const CLOCK_FAIL: u64 = 60;
/// WeChat: AppSecret wrong, AppID wrong, secret frozen.
const WRONG: &[i64] = &[40001, 40013, 40125, 40243, 41002, 41004];
/// WeChat: this address is not on the list.
const NOT_LISTED: i64 = 40164;

/// `wechat.reachable`
pub(super) async fn reachable(case: &Case) -> Verdict {
    let url = &case.config.settings.wechat.base_url;
    match ask(case).await {
        Ok(_) => Verdict::ok(words(format!("{url} 有回应"), format!("{url} answers"))),
        Err(trouble) => Verdict::fail(
            words(format!("{url} 连不上：{trouble}"), format!("{url} cannot be reached: {trouble}")),
            words(
                "检查 DNS、出网防火墙和 wechat.base_url",
                "look at the DNS, the firewall for outgoing connections and wechat.base_url",
            ),
        ),
    }
}

/// `wechat.clock`: WeChat says the time with every answer.
pub(super) async fn clock(case: &Case) -> Verdict {
    let Ok(page) = ask(case).await else { return needs("微信没有回应", "WeChat does not answer") };
    let here = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let there = page.headers.get(DATE).and_then(|date| date.to_str().ok()).and_then(seconds_of);
    there.map_or_else(|| needs("微信没有说时间", "WeChat does not say the time"), |there| judge_clock(here, there))
}

fn judge_clock(here: u64, there: u64) -> Verdict {
    let apart = here.abs_diff(there);
    let evidence = words(format!("与微信相差 {apart} 秒"), format!("{apart} s from WeChat's"));
    let cure = words("启用时间同步：timedatectl set-ntp true", "let the clock be set: timedatectl set-ntp true");
    match apart {
        CLOCK_FAIL.. => Verdict::fail(evidence, cure),
        CLOCK_WARN.. => Verdict::warn(evidence, cure),
        _ => Verdict::ok(evidence),
    }
}

/// Unix seconds of `Sun, 06 Nov 1994 08:49:37 GMT`, the form of HTTP's dates.
fn seconds_of(date: &str) -> Option<u64> {
    let (_, rest) = date.split_once(", ")?;
    let words: Vec<&str> = rest.split(' ').collect();
    let [day, month, year, time, "GMT"] = words.as_slice() else { return None };
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|name| name == month)? as u64 + 1;
    let (day, year): (u64, u64) = (day.parse().ok()?, year.parse().ok().filter(|year| (1970..10_000).contains(year))?);
    let clock: Vec<u64> = time.split(':').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [hour, minute, second] = clock.as_slice() else { return None };
    // Days since 1 March of year 0, then since 1970 (Howard Hinnant, chrono-compatible low-level date algorithms).
    let (year, shifted) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * shifted + 2) / 5 + day;
    days.checked_sub(719_469).map(|days| days * 86_400 + hour * 3600 + minute * 60 + second)
}

async fn ask(case: &Case) -> Result<Page, Trouble> {
    let url = Url::parse(&case.config.settings.wechat.base_url).map_err(|error| Trouble::Other(error.to_string()))?;
    web::get(&url, &[]).await
}

/// `wechat.secret`: WeChat gives each app its access_token, the one there is (stable_token displaces none).
pub(super) async fn secret(case: &Case) -> Verdict {
    per_app(case, |answer| match answer {
        Ok(()) => Some(Verdict::ok(words("有效", "taken"))),
        Err(Error::Refused { errcode, errmsg, .. }) if WRONG.contains(errcode) => Some(Verdict::fail(
            words(format!("微信拒绝：{errcode} {errmsg}"), format!("WeChat refuses: {errcode} {errmsg}")),
            words(
                "到 mp.weixin.qq.com「开发设置」核对 AppID，重置或解冻 AppSecret",
                "compare AppID and AppSecret with mp.weixin.qq.com; reset the secret, or unfreeze it",
            ),
        )),
        Err(Error::Refused { errcode: NOT_LISTED, .. }) => {
            Some(needs("IP 不在白名单，无法核对", "this address is not on the list, so nothing is known of it"))
        }
        Err(error) => Some(Verdict::warn(
            words(format!("没有结果：{error}"), format!("nothing came of it: {error}")),
            words("稍后再试", "try again later"),
        )),
    })
    .await
}

/// `wechat.allow_list`: names the address of this machine that WeChat saw.
pub(super) async fn allow_list(case: &Case) -> Verdict {
    per_app(case, |answer| match answer {
        Err(Error::Refused { errcode: NOT_LISTED, errmsg, .. }) => {
            let address = address_in(errmsg).map_or_else(|| errmsg.clone(), |address| address.to_string());
            Some(Verdict::fail(
                words(format!("{address} 不在 IP 白名单"), format!("{address} is not on the IP allow list")),
                words(
                    format!("到 mp.weixin.qq.com「开发设置 → IP 白名单」加上 {address}"),
                    format!("add {address} to the IP allow list at mp.weixin.qq.com (development settings)"),
                ),
            ))
        }
        Ok(()) => Some(Verdict::ok(words("本机地址被接受", "this machine's address is taken"))),
        Err(_) => None,
    })
    .await
}

/// The address in `invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist rid: …`.
fn address_in(errmsg: &str) -> Option<IpAddr> {
    errmsg.split([' ', ',']).find_map(|word| word.parse().ok())
}

/// Joins the verdicts on what WeChat said of each app: the worst counts, each app is named.
async fn per_app(case: &Case, judge: impl Fn(&Result<(), Error>) -> Option<Verdict>) -> Verdict {
    let answers = case.credentials.get_or_init(|| ask_for_tokens(case)).await;
    let apps = case.config.apps.iter().map(|app| app.appid.as_str());
    joined(apps.zip(answers).filter_map(|(appid, answer)| Some((appid, judge(answer)?))).collect())
}

/// Whether WeChat gives each app its access_token.
async fn ask_for_tokens(case: &Case) -> Vec<Result<(), Error>> {
    let mut answers = Vec::new();
    for app in &case.config.apps {
        let credentials = vec![Credentials { appid: app.appid.clone(), secret: app.secret.clone() }];
        answers.push(match Client::new(&case.config.settings.wechat, credentials, Arc::new(NoKeep)) {
            Ok(client) => client.access_token(&app.appid).await.map(drop),
            Err(error) => Err(error),
        });
    }
    answers
}

fn joined(verdicts: Vec<(&str, Verdict)>) -> Verdict {
    let say = |lang: Lang| -> String {
        verdicts
            .iter()
            .map(|(appid, verdict)| format!("{appid}: {}", verdict.evidence.say(lang)))
            .collect::<Vec<_>>()
            .join("; ")
    };
    let evidence: Words = words(say(Lang::Zh), say(Lang::En));
    let worst = verdicts.into_iter().map(|(_, verdict)| verdict).max_by_key(|verdict| verdict.state);
    match worst {
        None => needs("没有结果", "nothing is known of it"),
        Some(verdict) => Verdict { evidence, ..verdict },
    }
}

/// `wechat.push`: the address that WeChat is to be given takes what is signed with the app's token.
pub(super) async fn push(case: &Case) -> Verdict {
    let with_push = case.config.apps.iter().filter_map(|app| Some((app, app.push.as_ref()?)));
    let mut verdicts = Vec::new();
    for (app, push) in with_push {
        let Ok(channel) = push.channel(&app.appid) else { continue };
        let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()).to_string();
        let (nonce, echo) = ("doctor", uuid::Uuid::new_v7(uuid::Timestamp::now(uuid::NoContext)).simple().to_string());
        let signature = channel.signature(&timestamp, nonce);
        let path =
            format!("/wx/push/{}?signature={signature}&timestamp={timestamp}&nonce={nonce}&echostr={echo}", app.appid);
        let Some(url) = case.at_public_url(&path) else {
            verdicts.push((app.appid.as_str(), needs("没有写 public_url", "public_url is not set")));
            continue;
        };
        let address = format!("{}/wx/push/{}", case.config.settings.public_url.trim_end_matches('/'), app.appid);
        let is_echoed = web::get(&url, &[]).await.is_ok_and(|page| page.body == echo.as_bytes());
        let verdict = if is_echoed {
            Verdict::ok(words(format!("{address} 可以填入微信后台"), format!("{address} can be given to WeChat")))
        } else {
            Verdict::fail(
                words(format!("{address} 没有回应验证"), format!("{address} does not answer WeChat's test")),
                words(
                    "让代理转发 /wx/push/，并确认 token 与后台一致",
                    "let the proxy forward /wx/push/, and compare the token with the console's",
                ),
            )
        };
        verdicts.push((app.appid.as_str(), verdict));
    }
    if verdicts.is_empty() {
        needs("没有配置消息推送", "message push is not configured")
    } else {
        joined(verdicts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn dates_of_http_are_read() {
        assert_eq!(seconds_of("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(seconds_of("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(seconds_of("Thu, 29 Feb 2024 23:59:59 GMT"), Some(1_709_251_199));
        assert_eq!(seconds_of("Fri, 01 Mar 2024 00:00:00 GMT"), Some(1_709_251_200));
        for bad in
            ["", "Sun, 06 Nov 1994", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 0000 08:49:37 GMT", "x, 1 2 3 4 5"]
        {
            assert_eq!(seconds_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_clock_may_be_a_little_off() {
        let state = |here, there| judge_clock(here, there).state;
        assert_eq!([state(1000, 1009), state(1000, 1010), state(1010, 1000)], [State::Ok, State::Warn, State::Warn]);
        assert_eq!([state(1000, 1060), state(1000, 900)], [State::Fail, State::Fail]);
    }

    #[test]
    fn the_address_that_wechat_saw_is_found_in_its_words() {
        let errmsg = "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 1";
        assert_eq!(address_in(errmsg), Some("203.0.113.7".parse().unwrap()));
        assert_eq!(address_in("invalid ip"), None);
    }

    #[test]
    fn of_several_apps_the_worst_counts_and_each_is_named() {
        let verdict = joined(vec![
            ("wxa", Verdict::fail(words("坏", "bad"), words("修", "mend"))),
            ("wxb", Verdict::ok(words("好", "good"))),
        ]);
        assert_eq!((verdict.state, verdict.evidence.say(Lang::En)), (State::Fail, "wxa: bad; wxb: good"));
        assert_eq!(joined(Vec::new()).state, State::Skipped);
    }
}
