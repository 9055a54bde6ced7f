use std::time::Instant;

use async_trait::async_trait;
use uuid::Uuid;

use crate::error::Result;
use crate::feed::Listener;
use crate::model::{
    Attempt, By, DeliveryFilter, DeliveryId, DeliveryRow, Due, EventTypes, UnixSeconds, Webhook, WebhookChange,
};
use crate::outbox::Outbox;
use crate::sqlite::pace::Pace;
use crate::sqlite::{SqliteStore, deliveries, webhooks};

#[async_trait]
impl Outbox for SqliteStore {
    fn listen(&self, kinds: EventTypes) -> Option<Listener> {
        Some(self.index.feed().listen(kinds))
    }

    async fn create_webhook(&self, webhook: Webhook, by: By) -> Result<bool> {
        self.write(move |tx| webhooks::create(tx, &webhook, by)).await
    }

    async fn webhooks(&self) -> Result<Vec<Webhook>> {
        self.read(webhooks::all).await
    }

    async fn webhook(&self, id: Uuid) -> Result<Option<Webhook>> {
        self.read(move |conn| webhooks::by_id(conn, id)).await
    }

    async fn change_webhook(
        &self,
        id: Uuid,
        change: WebhookChange,
        by: By,
        now: UnixSeconds,
    ) -> Result<Option<Webhook>> {
        self.write(move |tx| webhooks::change(tx, id, &change, by, now)).await
    }

    async fn delete_webhook(&self, id: Uuid, by: By, now: UnixSeconds) -> Result<bool> {
        self.write_urgently(move |tx| webhooks::delete(tx, id, by, now)).await
    }

    async fn due_deliveries(&self, now: UnixSeconds, each: u32) -> Result<Due> {
        self.read(move |conn| deliveries::due(conn, now, each)).await
    }

    async fn deliveries_changed(&self) {
        self.index.feed().due().await;
    }

    async fn settle_delivery(&self, id: DeliveryId, attempt: Attempt) -> Result<()> {
        self.write(move |tx| deliveries::settle(tx, id, &attempt)).await
    }

    async fn deliveries(&self, filter: DeliveryFilter, limit: u32) -> Result<Vec<DeliveryRow>> {
        self.read(move |conn| deliveries::list(conn, filter, limit)).await
    }

    async fn resend_delivery(&self, id: DeliveryId, by: By, now: UnixSeconds) -> Result<bool> {
        self.write(move |tx| deliveries::resend(tx, id, by, now)).await
    }

    async fn purge_deliveries(&self, now: UnixSeconds, limit: u32, most_waiting: u32) -> Result<bool> {
        let seen = self.read(move |conn| deliveries::survey(conn, most_waiting)).await?;
        let purge = self.write_urgently(move |tx| {
            let begun = Instant::now();
            deliveries::purge(tx, &seen, now, &Pace::new(limit, &|| begun.elapsed()))
        });
        purge.await
    }
}
