//! The one place where results are counted: for `/metrics`, for charts, and for the list of what failed.
//!
//! A login that succeeded is counted when its session is on the disk, a failure when it is answered: requests that share one
//! exchange of a code are one login, and each of them is a failure. Nothing of this happens on the way of a check.

pub mod backups;
pub mod cures;
pub mod failed;
mod hours;
pub mod labels;
pub mod metrics;
mod process;
mod requests;
mod standing;

use std::sync::Arc;

use wx_client::{Called, Watch, WeChat};
use wxgate_store::{Error as StoreError, FailedRequest, MemberId, Store, Trust, UnixSeconds};

use self::backups::Watched;
use self::failed::Failed;
use self::hours::{Hours, What};
use self::metrics::Metrics;
use self::requests::Listeners;
pub use self::requests::Requests;
use self::standing::Standing;
use crate::TimeZone;
use crate::edge::RequestId;
use crate::error::ApiError;
use crate::refused::Refused;

/// All that is counted.
pub struct Results {
    pub(crate) failed: Failed,
    pub(crate) listeners: Arc<Listeners>,
    pub(crate) backups: Watched,
    metrics: Metrics,
    hours: Hours,
}

/// Whose payload is opened, and in which request.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// The mini program.
    pub appid: &'a str,
    /// Who, once that is known.
    pub member: Option<MemberId>,
    /// The request.
    pub rid: RequestId,
}

impl Results {
    pub fn new(timezone: TimeZone, wechat: &Arc<dyn WeChat>, store: &Arc<dyn Store>) -> Arc<Self> {
        let (failed, listeners, backups) = (Failed::new(), Arc::new(Listeners::default()), Watched::default());
        let standing = Standing {
            wechat: wechat.clone(),
            store: store.clone(),
            listeners: listeners.clone(),
            dropped: failed.dropped(),
            backups: backups.clone(),
        };
        let metrics = Metrics::new(standing);
        let results = Arc::new(Self { failed, listeners, backups, metrics, hours: Hours::new(timezone) });
        wechat.watch(results.clone());
        results
    }

    /// A session was opened.
    pub fn logged_in(&self, appid: &str, is_new: bool, now: UnixSeconds) {
        self.metrics.login(appid, "ok", "");
        self.hours.add(now, appid, What::Login, "");
        if is_new {
            self.metrics.member(appid);
            self.hours.add(now, appid, What::Member, "");
        }
    }

    /// A login was refused; `appid` is empty when none was named.
    pub fn login_failed(&self, appid: &str, error: &ApiError, rid: RequestId, now: UnixSeconds) {
        let cause = error.parts().1;
        self.metrics.login(appid, "failed", cause);
        self.hours.add(now, appid, What::Login, cause);
        self.failed.note(failed("login", appid, cause, error.wechat_errcode(), None, rid, now));
    }

    /// A payload was opened and accepted, with an older key of the member's if `rescued`.
    pub fn opened(&self, appid: &str, rescued: bool, now: UnixSeconds) {
        self.metrics.opening(appid, if rescued { "rescued" } else { "opened" });
        self.hours.add(now, appid, What::Opening, "");
    }

    /// A payload was refused.
    pub fn refused(&self, asking: &Asking<'_>, why: &Refused, now: UnixSeconds) {
        let cause = why.code();
        self.metrics.opening(asking.appid, cause);
        self.hours.add(now, asking.appid, What::Opening, cause);
        let row = failed("opening", asking.appid, cause, None, asking.member, asking.rid, now);
        self.failed.note(FailedRequest { detail: why.detail(), ..row });
    }

    /// A code of the phone button was refused by WeChat, or could not be asked about.
    pub fn phone_failed(&self, asking: &Asking<'_>, error: &ApiError, now: UnixSeconds) {
        let cause = error.parts().1;
        self.hours.add(now, asking.appid, What::Phone, cause);
        self.failed.note(failed("phone", asking.appid, cause, error.wechat_errcode(), asking.member, asking.rid, now));
    }

    /// A number was bound.
    pub fn bound(&self, appid: &str, trust: Trust, now: UnixSeconds) {
        self.metrics.phone(appid, trust.as_str());
        self.hours.add(now, appid, What::Phone, "");
    }

    /// All that is counted, as Prometheus reads it.
    ///
    /// # Errors
    /// Never: the text is written to memory.
    pub fn exposition(&self) -> Result<String, ApiError> {
        self.metrics.exposition().map_err(ApiError::internal)
    }

    /// Writes down what was counted since the last time: one write for all of it.
    pub async fn write_hours(&self, store: &dyn Store) {
        let counts = self.hours.take();
        if counts.is_empty() {
            return;
        }
        if let Err(error) = store.add_counts(counts.clone()).await {
            // What may have been written is not added again.
            if !matches!(error, StoreError::OutcomeUnknown) {
                self.hours.put_back(counts);
            }
            tracing::warn!(%error, "what was counted could not be written down; the next round tries again");
        }
    }
}

impl Watch for Results {
    fn called(&self, call: &Called<'_>) {
        self.metrics.called(call);
    }
}

fn failed(
    kind: &str,
    appid: &str,
    cause: &str,
    errcode: Option<i64>,
    member: Option<MemberId>,
    rid: RequestId,
    now: UnixSeconds,
) -> FailedRequest {
    FailedRequest {
        happened_at: now,
        kind: kind.to_owned(),
        appid: appid.to_owned(),
        cause: cause.to_owned(),
        errcode,
        detail: None,
        member,
        rid: Some(rid.as_str().to_owned()),
        count: 1,
    }
}
