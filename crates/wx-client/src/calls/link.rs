//! Ways into the mini program from outside.

use serde::{Deserialize, Serialize};

use crate::calls::EnvVersion;
use crate::http::Call;
use crate::{Client, Result};

refusals! {
    /// Why there is no link.
    LinkRefusal {
        /// The interface is not granted to this app.
        NotGranted = 40002 | 85407,
        /// WeChat took the capability away from this app.
        Banned = 40013 | 85408,
        /// The published mini program has no such page, or it cannot be written so.
        Page = 40165 | 40066,
        /// The query is too long or cannot be written so.
        Query = 40212,
        /// The title is too long, or not let through.
        Title = 40225,
        /// The second's links are made: wait.
        TooOften = 44990,
        /// The day's links are made.
        Spent = 44993 | 45009,
        /// All permanent short links that an app may ever make are made.
        SpentForLife = 85400,
        /// The mini program was never published.
        Unreleased = 85079,
        /// The end is past, or further away than 30 days.
        Expiry = 85401,
        /// The version cannot be linked to.
        EnvVersion = 85402,
    }
}

/// Where a link leads.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LinkTarget<'a> {
    /// The page, without a query; the first one if empty.
    pub path: &'a str,
    /// At most 1024 characters.
    pub query: &'a str,
    /// The version it opens: the released one if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_version: Option<EnvVersion>,
}

/// How long a link lives, 30 days at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lives {
    /// Until then, in Unix seconds.
    Until(i64),
    /// So many days from now.
    Days(u8),
}

/// A short link to a page.
#[derive(Debug, Clone, Serialize)]
pub struct ShortLink<'a> {
    /// The page with its query.
    pub page_url: &'a str,
    /// What the link shows, at most 20 characters.
    pub page_title: &'a str,
    /// Whether it lives for ever and not for 30 days. An app has a number of these for life.
    pub is_permanent: bool,
}

#[derive(Serialize)]
struct LinkBody<'a> {
    #[serde(flatten)]
    target: &'a LinkTarget<'a>,
    #[serde(flatten)]
    expiry: Expiry,
}

#[derive(Serialize)]
struct SchemeBody<'a> {
    jump_wxa: &'a LinkTarget<'a>,
    is_expire: bool,
    #[serde(flatten)]
    expiry: Expiry,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Expiry {
    Until { expire_type: u8, expire_time: i64 },
    Days { expire_type: u8, expire_interval: u8 },
}

impl From<Lives> for Expiry {
    fn from(lives: Lives) -> Self {
        match lives {
            Lives::Until(expire_time) => Self::Until { expire_type: 0, expire_time },
            Lives::Days(expire_interval) => Self::Days { expire_type: 1, expire_interval },
        }
    }
}

#[derive(Deserialize)]
struct Made {
    #[serde(alias = "url_link", alias = "openlink")]
    link: String,
}

impl Client {
    /// An `https://wxaurl.cn/…` that opens the mini program from a browser, a message or a mail
    /// (WeChat: 获取加密 URLLink). Asked again, WeChat makes another.
    ///
    /// # Errors
    /// [`LinkRefusal`]
    pub async fn url_link(&self, appid: &str, target: &LinkTarget<'_>, lives: Lives) -> Result<String> {
        let body = LinkBody { target, expiry: lives.into() };
        self.link(appid, Call::post("/wxa/generate_urllink", &body)).await
    }

    /// A `weixin://dl/business/?t=…` that opens the mini program from another program (WeChat: 获取加密 scheme 码). Asked
    /// again, WeChat makes another.
    ///
    /// # Errors
    /// [`LinkRefusal`]
    pub async fn url_scheme(&self, appid: &str, target: &LinkTarget<'_>, lives: Lives) -> Result<String> {
        let body = SchemeBody { jump_wxa: target, is_expire: true, expiry: lives.into() };
        self.link(appid, Call::post("/wxa/generatescheme", &body)).await
    }

    /// A `#小程序://…` that opens a page from a chat (WeChat: 获取 ShortLink). Asked again, WeChat makes another.
    ///
    /// # Errors
    /// [`LinkRefusal`]
    pub async fn short_link(&self, appid: &str, link: &ShortLink<'_>) -> Result<String> {
        self.link(appid, Call::post("/wxa/genwxashortlink", link)).await
    }

    async fn link(&self, appid: &str, call: Call<'_>) -> Result<String> {
        Ok(self.call::<Made>(appid, call).await?.link)
    }
}
