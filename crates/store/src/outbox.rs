use async_trait::async_trait;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::feed::Listener;
use crate::model::{
    Attempt, By, DeliveryFilter, DeliveryId, DeliveryRow, Due, EventTypes, UnixSeconds, Webhook, WebhookChange,
};

/// Tells others what was committed: webhooks by a transactional outbox, parts of this process by [`listen`](Self::listen).
///
/// An [`Event`](crate::Event) is there exactly when its change is committed: the row of a delivery is written in the
/// transaction of the change, for every webhook that is in force then and wants its kind. What nobody wants is neither
/// written nor made.
///
/// Deliveries of one member to one webhook have their turn one after the other, in the order of the events; a later one
/// waits until the earlier one is delivered or given up. Those of different members, and those about no member, wait for
/// nobody. When a member is erased, all of theirs go, but for that of `member.erased`.
///
/// A store may have no outbox: then there are no webhooks, and nobody hears anything. The methods are given for it.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// Hears of events of these kinds that are committed from now on; `None` where there is no outbox.
    fn listen(&self, _kinds: EventTypes) -> Option<Listener> {
        None
    }

    /// Adds a webhook, as the audit says. `false` if there are [`MOST_WEBHOOKS`](crate::MOST_WEBHOOKS).
    /// Another one with the same id is [`Error::Conflict`].
    async fn create_webhook(&self, _webhook: Webhook, _by: By) -> Result<bool> {
        Err(Error::Refused("this store delivers no events".to_owned()))
    }

    /// The webhooks, oldest first.
    async fn webhooks(&self) -> Result<Vec<Webhook>> {
        Ok(Vec::new())
    }

    /// The webhook.
    async fn webhook(&self, _id: Uuid) -> Result<Option<Webhook>> {
        Ok(None)
    }

    /// Changes a webhook; as it is afterwards. What waits for it goes on waiting while it is disabled.
    async fn change_webhook(
        &self,
        _id: Uuid,
        _change: WebhookChange,
        _by: By,
        _now: UnixSeconds,
    ) -> Result<Option<Webhook>> {
        Ok(None)
    }

    /// Deletes a webhook, and what waits for it. `true` if there was one.
    async fn delete_webhook(&self, _id: Uuid, _by: By, _now: UnixSeconds) -> Result<bool> {
        Ok(false)
    }

    /// The deliveries whose turn it is at `now`, at most `each` of every webhook that is in force, the longest due first.
    async fn due_deliveries(&self, _now: UnixSeconds, _each: u32) -> Result<Due> {
        Ok(Due::default())
    }

    /// Resolves once after a delivery became due by a write of this process, or may have.
    async fn deliveries_changed(&self) {
        std::future::pending::<()>().await;
    }

    /// Says what became of a delivery. One that is settled, or gone, stays so.
    async fn settle_delivery(&self, _id: DeliveryId, _attempt: Attempt) -> Result<()> {
        Ok(())
    }

    /// Deliveries, newest first, at most `limit`.
    async fn deliveries(&self, _filter: DeliveryFilter, _limit: u32) -> Result<Vec<DeliveryRow>> {
        Ok(Vec::new())
    }

    /// Queues a delivery again, from its first attempt on, whatever became of it; it has its turn before later ones of
    /// its member. `false` if there is none.
    async fn resend_delivery(&self, _id: DeliveryId, _by: By, _now: UnixSeconds) -> Result<bool> {
        Ok(false)
    }

    /// Deletes deliveries that were settled a week ago, or before the last 100,000, those of deleted webhooks, and those
    /// that waited for a week for a disabled one: at most about `limit` of each. A webhook for which more than
    /// `most_waiting` wait is disabled. Whether another slice is due.
    async fn purge_deliveries(&self, _now: UnixSeconds, _limit: u32, _most_waiting: u32) -> Result<bool> {
        Ok(false)
    }
}
