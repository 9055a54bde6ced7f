//! What plugs in: a [`Plugin`] and what it gets to work with.
//!
//! A plugin is a crate of its own. It can add to what the server does, and neither undo nor fail a request of the core: its
//! routes stand under `/x/{name}`, what it adds to a login is waited for half a second, and a panic in it is a line in the
//! log. The guide stands in the README of this crate.

mod attributes;
mod endpoint;
mod host;
mod install;
mod member;
mod phone;
mod reply;
mod request;
mod route;
mod run;
mod setting;
mod storage;

use async_trait::async_trait;
use serde_json::{Map, Value};

pub use self::endpoint::Endpoint;
pub use self::host::{Caller, Host, LoggedIn, Login};
pub use self::install::InstallError;
pub use self::member::ShownMember;
pub use self::phone::{PhoneProof, ProvenPhone};
pub use self::reply::{Refusal, Reply};
pub use self::request::Request;
pub use self::run::{Stop, run};
pub use self::setting::{BadSetting, app_of};
pub use self::storage::{Keep, Storage};
pub use crate::fields::Fields;
pub use crate::routes::login::ProfileOutcome;
pub use wxgate_store::{
    BoxError, EndCause, Event, EventType, EventTypes, Happened, Member, MemberId, SessionId, UnixSeconds,
};

pub(crate) use self::endpoint::allowed;
pub(crate) use self::route::route;

use crate::error::ApiError;

/// Something that is compiled in beside the core and switched on by its section of the configuration.
///
/// Every method but the name has a default, so that a plugin says only what it is about.
#[async_trait]
pub trait Plugin: Send + Sync + 'static {
    /// Under what its routes, its settings and its entries stand: a letter and at most 31 letters or digits, all lowercase.
    fn name(&self) -> &'static str;

    /// What it serves under `/x/{name}`.
    fn endpoints(&self) -> &'static [Endpoint] {
        &[]
    }

    /// Answers a request to one of its [`endpoints`](Self::endpoints). It is given 15 seconds.
    ///
    /// # Errors
    /// The core's, rendered as the core renders them unless [`refusal`](Self::refusal) says otherwise.
    async fn answer(&self, _host: &Host, _request: Request) -> Result<Reply, ApiError> {
        Err(ApiError::NotFound)
    }

    /// What stands in the body of a refusal under `/x/{name}`, the core's own included (a limit, a body too large); `None`
    /// for the JSON of every failure. Status and headers stay.
    fn refusal(&self, _refusal: &Refusal) -> Option<Value> {
        None
    }

    /// How many steps its entries have come since its first version; see [`migrate`](Self::migrate).
    fn schema(&self) -> u32 {
        0
    }

    /// Brings the entries from step `to - 1` to step `to`. Called before anything is served, once for each step that the
    /// store has not seen; again if it failed or the process ended amid it, so it must do no harm twice.
    ///
    /// # Errors
    /// The server does not start.
    async fn migrate(&self, _host: &Host, _to: u32) -> Result<(), BoxError> {
        Ok(())
    }

    /// Whether [`attributes`](Self::attributes) is to be asked at each login.
    fn adds_attributes(&self) -> bool {
        false
    }

    /// What to add to `member.attributes` in the answer to a login that has been committed. Nothing of it is stored, and
    /// what the team wrote there stays. What takes more than 500 ms, has more than 8 KiB or fails is left out.
    async fn attributes(&self, _host: &Host, _member: &Member) -> Result<Map<String, Value>, BoxError> {
        Ok(Map::new())
    }

    /// Of which kinds of events it is told: by default none.
    fn events(&self) -> EventTypes {
        EventTypes::NONE
    }

    /// Something was committed. Told in the order of the commits, one after the other, and never before: nothing here can
    /// undo it. An event holds ids and words, nothing personal. A plugin that is 1,024 events behind misses some, with a line
    /// in the log; nothing is kept for it over a restart, and what a command does while no server runs is not told. Who
    /// needs every event takes webhooks.
    async fn event(&self, _host: &Host, _event: &Event) {}

    /// Its own work, for as long as the server runs. It ends soon after `stop`: after 10 seconds it is cut off.
    async fn run(&self, _host: Host, _stop: Stop) {}
}
