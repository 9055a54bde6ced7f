//! What a store takes and gives back.

mod audit;
mod avatar;
mod bulk;
mod event;
mod export;
mod happening;
mod identity;
mod ids;
mod login;
mod management;
mod member;
mod opening;
mod phone;
mod plugin_entry;
mod session;
mod signing_key;
mod statistics;
mod token;
mod webhook;

pub use audit::{Actor, AuditLine, AuditRow, By};
pub use avatar::{Avatar, AvatarId, KeepAvatar};
pub use bulk::{Import, ImportOutcome, Imported, ImportedPhone};
pub use event::{Effect, EventRow, Received, Subject, WechatEvent};
pub use export::{Export, ExportedProof, FailureRow, Purged, Readiness};
pub use happening::{EndCause, Event, EventType, EventTypes, Happened};
pub(crate) use identity::{HASH_BYTES, shortened};
pub use identity::{Identified, Identity};
pub use ids::{MemberId, MemberKey, ParseIdError, SessionId, UnixSeconds};
pub use login::{LoggedIn, Login, LoginOutcome, NewSession, SealedKey};
pub use management::{AuditQuery, ChangeMember, Changed, Erasure, MemberQuery, Page};
pub use member::{BoundPhone, Member, Profile, Status, Trust};
pub use opening::{Opening, OpeningId};
pub use phone::{BindPhone, Bound, UsedProof};
pub use plugin_entry::{ExportedEntry, PluginEntry};
pub use session::{Refresh, Session, SessionRow};
pub use signing_key::{NewSigningKey, SigningKey};
pub use statistics::{Distribution, FailedFrom, FailedQuery, FailedRequest, FailedRow, Figures, HourCount};
pub use token::{ApiToken, KeptToken};
pub use webhook::{
    Attempt, AttemptOutcome, DeliveryFilter, DeliveryId, DeliveryRow, DeliveryState, DisabledReason, Due, DueDelivery,
    MOST_WEBHOOKS, Webhook, WebhookChange,
};

/// A `Debug` that shows the named fields only: for types with secrets or personal data among the others.
macro_rules! debug_only {
    ($type:ident { $($field:ident),* }) => {
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($type))$(.field(stringify!($field), &self.$field))*.finish_non_exhaustive()
            }
        }
    };
}
use debug_only;
