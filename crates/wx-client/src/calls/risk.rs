//! What WeChat thinks of somebody.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::http::Call;
use crate::{Client, Error, Result};

refusals! {
    /// Why there is no rank.
    RiskRefusal {
        /// The app is not the one of the token, or not known.
        App = 40013,
        /// The scene is unknown.
        Scene = 40129,
        /// Not an openid of this app.
        Openid = 40003 | 43104,
        /// The interface is not granted to this app.
        NotGranted = 48001,
        /// The person has not used the mini program in the last two hours.
        Inactive = 61010,
        /// WeChat's service is away: later.
        Unavailable = 61080 | 9_410_009,
        /// Asked too often: wait.
        TooOften = 61081 | 45009 | 45011,
    }
}

/// What is being done when the question comes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RiskScene {
    /// An account is made: 0.
    Registration,
    /// Something is given away: 1.
    Marketing,
    /// Something is published: 2.
    Content,
}

/// About whom, and from where.
#[derive(Debug, Clone)]
pub struct RiskQuestion<'a> {
    /// The person.
    pub openid: &'a str,
    /// What they are doing.
    pub scene: RiskScene,
    /// Their own address, not the proxy's.
    pub client_ip: IpAddr,
    /// Their phone number, if it may be told.
    pub mobile_no: Option<&'a str>,
    /// Whether it is only a test, which is not charged.
    pub is_test: bool,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RiskRank {
    /// 0, no risk known, to 4, the highest.
    pub rank: u8,
    /// WeChat's number of this answer (`unoin_id`, as it is spelled there).
    pub answer_id: u64,
}

#[derive(Serialize)]
struct Body<'a> {
    appid: &'a str,
    openid: &'a str,
    scene: u8,
    client_ip: IpAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    mobile_no: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_test: bool,
}

#[derive(Deserialize)]
struct Ranked {
    risk_rank: u8,
    unoin_id: u64,
}

impl Client {
    /// How risky somebody is (WeChat: 获取用户安全等级). Asking changes nothing, but may be charged.
    ///
    /// # Errors
    /// [`RiskRefusal`]
    pub async fn user_risk_rank(&self, appid: &str, question: &RiskQuestion<'_>) -> Result<RiskRank> {
        let body = Body {
            appid,
            openid: question.openid,
            scene: match question.scene {
                RiskScene::Registration => 0,
                RiskScene::Marketing => 1,
                RiskScene::Content => 2,
            },
            client_ip: question.client_ip,
            mobile_no: question.mobile_no,
            is_test: question.is_test,
        };
        let hidden: Vec<&str> = question.mobile_no.into_iter().collect();
        let call = Call::post("/wxa/getuserriskrank", &body).hiding(&hidden);
        let Ranked { risk_rank: rank, unoin_id: answer_id } = self.call(appid, call).await?;
        if rank <= 4 {
            Ok(RiskRank { rank, answer_id })
        } else {
            Err(Error::Unreadable { reason: "risk_rank is not 0 to 4" })
        }
    }
}
