//! Webhooks: the team's services hear of what was committed, over HTTP.
//!
//! # Outbox
//! An event exists exactly when its change is committed: the store writes the row of each delivery in the transaction of
//! the change ([`Outbox`](wxgate_store::Outbox)), for every webhook that is in force then and wants its type. Without a
//! webhook, or a plugin that listens, a login costs nothing more.
//!
//! # What is said
//! Standard Webhooks 1.0: `webhook-id` (the event's, the same at each attempt and for every receiver),
//! `webhook-timestamp` (the attempt's), `webhook-signature`; for a day after a rotation, both secrets sign. The body is
//! `{"type","timestamp","data"}`, `timestamp` the Unix second in which it happened. `data` holds ids, words and instants
//! and no personal data: a receiver that needs more asks `GET /api/v1/members/{id}`, and gets what is true then.
//!
//! | type | `data`, beside `appid` and `member_id` |
//! | --- | --- |
//! | `member.created`, `member.erased` | |
//! | `member.updated` | `changed`: the names of fields |
//! | `phone.bound` | `trust` |
//! | `session.created` | `session_id` |
//! | `session.ended` | `session_id`, `cause`: `ended`, `yielded`, `expired` |
//! | `wechat.event` | `event`: WeChat's word; `effect`: `none`, `withdrawn`, `cleared`, `erased`. `member_id` may be null |
//!
//! What a message of WeChat's says beyond that stays sealed in the store, and goes when the person is erased. So do the
//! deliveries about them: of an erased member only `member.erased` remains.
//!
//! # Delivery
//! At least once, and in order for each member and webhook: a later event waits until the earlier one is delivered or
//! given up, while other members' go on. 2xx is delivered; 410 disables the webhook at once; everything else, a redirect
//! too, is tried again after 5 seconds at most, then twice as long each time up to 6 hours, for 5 days; then the webhook is
//! disabled, with a reason. What waits for it goes on when it is enabled. An attempt has 15 seconds. Each webhook has
//! its own share of what is sent at once, so a dead receiver holds up nobody else; there are at most 32. A crash between
//! a receiver's answer and its record makes a duplicate, with the same `webhook-id`.

mod delivery;
mod login_hook;
mod secrets;
mod worker;

pub use self::login_hook::LoginHooks;
pub use self::worker::deliver;

/// Of a webhook for which more deliveries wait, no more are kept: it is disabled.
pub(crate) const MOST_WAITING: u32 = 100_000;
