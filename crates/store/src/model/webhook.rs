use std::sync::Arc;

use uuid::Uuid;

use super::{EventTypes, MemberId, UnixSeconds, debug_only};

/// The most webhooks there may be: each has its own share of what is delivered at once.
pub const MOST_WEBHOOKS: u8 = 32;

/// Where events are delivered.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its name.
    pub id: Uuid,
    /// Where it is.
    pub url: String,
    /// What it wants; `None` for all, those of later versions too.
    pub types: Option<EventTypes>,
    /// The operator's words.
    pub description: Option<String>,
    /// What signs its deliveries, sealed by the caller.
    pub sealed_secret: Vec<u8>,
    /// The secret before the last rotation, and until when it signs as well.
    pub previous: Option<(Vec<u8>, UnixSeconds)>,
    /// When it was made.
    pub created_at: UnixSeconds,
    /// Since when nothing is delivered, and why; `None` while it is in force.
    pub disabled: Option<(UnixSeconds, DisabledReason)>,
}

debug_only!(Webhook { id, types, created_at, disabled });

/// Why a webhook gets nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisabledReason {
    /// The operator said so.
    Operator,
    /// A delivery failed for five days.
    Failing,
    /// The receiver said that it is gone: 410.
    Gone,
    /// Too many deliveries wait.
    Backlog,
}

impl DisabledReason {
    const ALL: [Self; 4] = [Self::Operator, Self::Failing, Self::Gone, Self::Backlog];

    /// The word that stands in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Failing => "failing",
            Self::Gone => "gone",
            Self::Backlog => "backlog",
        }
    }

    /// The reason that `word` names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// What shall be another at a webhook; `None` leaves it as it is.
#[derive(Clone, Default)]
pub struct WebhookChange {
    /// Where it is.
    pub url: Option<String>,
    /// What it wants.
    pub types: Option<Option<EventTypes>>,
    /// The operator's words.
    pub description: Option<Option<String>>,
    /// Whether it is in force.
    pub is_enabled: Option<bool>,
    /// A new secret, sealed by the caller, and until when the one before signs as well.
    pub secret: Option<(Vec<u8>, UnixSeconds)>,
}

debug_only!(WebhookChange { types, is_enabled });

/// Names a delivery; later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(pub i64);

/// A delivery whose turn it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDelivery {
    /// Its name.
    pub id: DeliveryId,
    /// Where it goes.
    pub webhook: Arc<Webhook>,
    /// Whom it is about.
    pub member: Option<MemberId>,
    /// The event.
    pub event: Uuid,
    /// Its word.
    pub kind: String,
    /// [`Event::data`](super::Event::data) as text.
    pub data: String,
    /// When it happened.
    pub happened_at: UnixSeconds,
    /// Attempts that failed.
    pub attempts: u32,
    /// The first of them.
    pub first_at: Option<UnixSeconds>,
}

/// What is to be delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Now.
    pub deliveries: Vec<DueDelivery>,
    /// When the next one after these is due, if one is known to be.
    pub next_at: Option<UnixSeconds>,
}

/// One attempt at a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When.
    pub at: UnixSeconds,
    /// What the receiver answered, if it did.
    pub status: Option<u16>,
    /// Why it counts as failed.
    pub error: Option<&'static str>,
    /// What follows.
    pub outcome: AttemptOutcome,
}

/// What follows from an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// It arrived.
    Delivered,
    /// It is tried again then.
    Again(UnixSeconds),
    /// It is given up, and the webhook gets nothing more.
    Disabled(DisabledReason),
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// On its way, or waiting behind an earlier one of the same member.
    Pending,
    /// It arrived.
    Delivered,
    /// It was given up.
    Failed,
}

impl DeliveryState {
    /// Every state there is.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Failed];

    /// The word that stands in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// The state that `word` names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Which deliveries to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeliveryFilter {
    /// Those of one webhook.
    pub webhook: Option<Uuid>,
    /// Those that stand there.
    pub state: Option<DeliveryState>,
    /// Those before this one.
    pub before: Option<DeliveryId>,
}

/// A delivery as the operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Its name.
    pub id: DeliveryId,
    /// Where it goes.
    pub webhook: Uuid,
    /// The event.
    pub event: Uuid,
    /// Its word.
    pub kind: String,
    /// Whom it is about.
    pub member: Option<MemberId>,
    /// When it happened.
    pub happened_at: UnixSeconds,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts so far.
    pub attempts: u32,
    /// The last of them.
    pub attempted_at: Option<UnixSeconds>,
    /// What the receiver answered to it.
    pub status: Option<u16>,
    /// Why it failed.
    pub error: Option<String>,
    /// When it is tried next; `None` when it is settled, or waits for an earlier one.
    pub next_at: Option<UnixSeconds>,
}
