//! WeChat's several entrances, and which of them to knock at (WeChat: 接口域名说明).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::settings::BaseUrl;
use crate::{Result, Settings};

/// How long the one that answered is asked first before the main one is tried again.
const DETOUR: Duration = Duration::from_mins(1);

/// The main host and those behind it, which take the same calls for the same apps.
pub(crate) struct Hosts {
    all: Vec<BaseUrl>,
    /// Where the main one could not be connected to: who answered instead, and since when.
    detour: Mutex<Option<(usize, Instant)>>,
}

impl Hosts {
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        let main = BaseUrl::parse("wechat.base_url", &settings.base_url)?;
        let fallbacks = settings.fallback_urls.iter().map(|url| BaseUrl::parse("wechat.fallback_urls", url));
        let all = std::iter::once(Ok(main)).chain(fallbacks).collect::<Result<_>>()?;
        Ok(Self { all, detour: Mutex::new(None) })
    }

    pub(crate) fn main(&self) -> &BaseUrl {
        &self.all[0]
    }

    pub(crate) fn any_tls(&self) -> bool {
        self.all.iter().any(BaseUrl::is_tls)
    }

    /// Those to try, one after the other, as long as no connection can be made. The only one there is gets a second try.
    pub(crate) fn in_turn(&self, now: Instant) -> impl Iterator<Item = (usize, &BaseUrl)> {
        let detour = self.detour.lock().unwrap_or_else(PoisonError::into_inner);
        let first = detour.filter(|(_, since)| now - *since < DETOUR).map_or(0, |(index, _)| index);
        (first..first + self.all.len().max(2)).map(|turn| turn % self.all.len()).map(|index| (index, &self.all[index]))
    }

    /// Takes note of a host that could be connected to.
    pub(crate) fn reached(&self, index: usize, now: Instant) {
        let mut detour = self.detour.lock().unwrap_or_else(PoisonError::into_inner);
        *detour = match *detour {
            _ if index == 0 => None,
            Some((same, since)) if same == index && now - since < DETOUR => Some((same, since)),
            _ => Some((index, now)),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(fallbacks: &[&str]) -> Hosts {
        let fallback_urls = fallbacks.iter().map(|url| (*url).to_owned()).collect();
        Hosts::new(&Settings { fallback_urls, ..Settings::default() }).unwrap()
    }

    fn turns(hosts: &Hosts, now: Instant) -> Vec<usize> {
        hosts.in_turn(now).map(|(index, _)| index).collect()
    }

    #[test]
    fn a_single_host_is_tried_twice_and_each_of_several_once() {
        let now = Instant::now();
        assert_eq!(turns(&hosts(&[]), now), [0, 0]);
        assert_eq!(turns(&hosts(&["https://api2.weixin.qq.com"]), now), [0, 1]);
        assert_eq!(turns(&hosts(&["https://api2.weixin.qq.com", "https://sh.api.weixin.qq.com"]), now), [0, 1, 2]);
    }

    #[test]
    fn a_detour_is_kept_for_a_minute_and_ends_when_the_main_host_is_back() {
        let (hosts, now) = (hosts(&["https://api2.weixin.qq.com", "https://sh.api.weixin.qq.com"]), Instant::now());
        hosts.reached(2, now);
        hosts.reached(2, now + Duration::from_secs(59));
        assert_eq!(turns(&hosts, now + Duration::from_secs(59)), [2, 0, 1]);
        assert_eq!(turns(&hosts, now + DETOUR), [0, 1, 2], "not prolonged by use");
        hosts.reached(1, now + DETOUR);
        assert_eq!(turns(&hosts, now + DETOUR), [1, 2, 0]);
        hosts.reached(0, now + DETOUR);
        assert_eq!(turns(&hosts, now + DETOUR), [0, 1, 2]);
    }

    #[test]
    fn each_host_is_held_to_what_the_main_one_is() {
        for url in ["http://api2.weixin.qq.com", "https://canary@api2.weixin.qq.com", ""] {
            let settings = Settings { fallback_urls: vec![url.to_owned()], ..Settings::default() };
            let error = Hosts::new(&settings).err().unwrap().to_string();
            assert!(error.starts_with("wechat.fallback_urls ") && !error.contains("canary"), "{error}");
        }
    }
}
