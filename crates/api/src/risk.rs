//! The risk of a login, where an app asks WeChat for it.

use std::net::IpAddr;
use std::time::Duration;

use tokio::time::timeout;
use wx_client::calls::RiskQuestion;
use wxgate_store::MemberKey;

use crate::app::App;
use crate::error::ApiError;
use crate::settings::RiskAction;

/// What a login waits for WeChat's opinion, which it can do without.
const PATIENCE: Duration = Duration::from_secs(1);

impl App {
    /// Whether a login of `person` from `client` is one to mark. No answer, a late one, or a client whose address is not
    /// known: it is not.
    ///
    /// # Errors
    /// [`ApiError::Blocked`] when it is risky and the app refuses such.
    pub(crate) async fn is_risky(&self, person: &MemberKey, client: Option<IpAddr>) -> Result<bool, ApiError> {
        let (Some(risk), Some(client_ip)) = (self.settings.risk.get(&person.appid), client) else { return Ok(false) };
        let question =
            RiskQuestion { openid: &person.openid, scene: risk.scene, client_ip, mobile_no: None, is_test: false };
        let rank = match timeout(PATIENCE, self.wechat.user_risk_rank(&person.appid, &question)).await {
            Ok(Ok(answer)) => answer.rank,
            Ok(Err(error)) => {
                tracing::warn!(app.id = person.appid, %error, "no risk rank: the login goes on without");
                return Ok(false);
            }
            Err(_) => {
                tracing::warn!(app.id = person.appid, "no risk rank in time: the login goes on without");
                return Ok(false);
            }
        };
        if rank < risk.threshold {
            return Ok(false);
        }
        tracing::warn!(app.id = person.appid, risk.rank = rank, risk.action = ?risk.action, "risky login");
        match risk.action {
            RiskAction::Refuse => Err(ApiError::Blocked { errcode: None }),
            RiskAction::Mark => Ok(true),
        }
    }
}
