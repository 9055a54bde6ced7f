use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use uuid::Uuid;
use wxgate_store::{DeliveryId, DueDelivery, MemberId, UnixSeconds};

use crate::app::App;

/// Deliveries of one webhook at once. Each has its own, so none waits for another's receiver.
const AT_ONCE: usize = 16;
/// Deliveries of one webhook that are looked at: twice as many, for those under way may be the first.
const LOOKED_AT: u32 = 32;
/// How long nothing is known to be due before the store is asked again: what a command queued may be unknown.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Until the store is asked again that did not answer, or did not take what became of a delivery.
const STORE_PAUSE: Duration = Duration::from_secs(5);
/// For the deliveries under way when the server stops. Those that are not done then are made again after the start.
const DRAIN: Duration = Duration::from_secs(9);

/// Delivers events until `stop` resolves, then ends within ten seconds.
pub async fn deliver(app: Arc<App>, stop: impl Future<Output = ()> + Send + 'static) {
    let mut stop = std::pin::pin!(stop);
    let mut lanes = Lanes::default();
    loop {
        let pause = lanes.fill(&app).await;
        tokio::select! {
            () = &mut stop => break,
            () = app.store.deliveries_changed() => {}
            () = lanes.one_done() => {}
            () = sleep(pause) => {}
        }
    }
    if timeout(DRAIN, lanes.all_done()).await.is_err() {
        tracing::warn!("some receivers did not answer in time: their events are delivered again after the next start");
    }
}

/// What has an order among itself: the events of a member, or one event about nobody.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Lane {
    Member(Uuid, MemberId),
    Event(DeliveryId),
}

/// The deliveries under way, each in a lane of its own.
#[derive(Default)]
struct Lanes {
    under_way: HashMap<Lane, Uuid>,
    tasks: JoinSet<Lane>,
}

impl Lanes {
    /// Begins all that is due and has a place; how long it is until more is due.
    async fn fill(&mut self, app: &Arc<App>) -> Duration {
        while let Some(done) = self.tasks.try_join_next() {
            self.free(done);
        }
        let now = app.clock.now();
        let due = match app.store.due_deliveries(now, LOOKED_AT).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(%error, "the events to deliver could not be read");
                return STORE_PAUSE;
            }
        };
        for delivery in due.deliveries {
            self.begin(app, delivery);
        }
        due.next_at.map_or(LOOK_EVERY, |at| until(at, now))
    }

    fn begin(&mut self, app: &Arc<App>, delivery: DueDelivery) {
        let webhook = delivery.webhook.id;
        let lane = delivery.member.map_or(Lane::Event(delivery.id), |member| Lane::Member(webhook, member));
        let of_webhook = self.under_way.values().filter(|other| **other == webhook).count();
        if of_webhook >= AT_ONCE || self.under_way.contains_key(&lane) {
            return;
        }
        self.under_way.insert(lane, webhook);
        let app = Arc::clone(app);
        self.tasks.spawn(async move {
            let attempt = app.attempt(&delivery).await;
            if let Err(error) = app.store.settle_delivery(delivery.id, attempt).await {
                tracing::warn!(%error, event = %delivery.event, "what became of an event could not be written: it is sent again");
                sleep(STORE_PAUSE).await;
            }
            lane
        });
    }

    fn free(&mut self, done: Result<Lane, tokio::task::JoinError>) {
        match done {
            Ok(lane) => drop(self.under_way.remove(&lane)),
            // Which lane it was is not known: all that are not under way are free.
            Err(error) => {
                tracing::error!(%error, "a delivery ended by a fault");
                if self.tasks.is_empty() {
                    self.under_way.clear();
                }
            }
        }
    }

    /// Resolves when a delivery is done; never while none is under way.
    async fn one_done(&mut self) {
        match self.tasks.join_next().await {
            Some(done) => self.free(done),
            None => std::future::pending().await,
        }
    }

    async fn all_done(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Not long: the clock may be set.
fn until(at: UnixSeconds, now: UnixSeconds) -> Duration {
    let seconds = u64::try_from(at.0.saturating_sub(now.0)).unwrap_or(0).max(1);
    Duration::from_secs(seconds).min(LOOK_EVERY)
}
