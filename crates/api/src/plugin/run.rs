//! What plugins do by themselves.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use wxgate_store::{EventTypes, Heard, Listener};

use super::{Host, Plugin};
use crate::app::App;

/// What plugins are given to end their work.
const GRACE: Duration = Duration::from_secs(10);

/// Tells a plugin's own work when to end.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Resolves when the work is to end; at once if it was told before. May be given up and asked again.
    pub async fn requested(&mut self) {
        // An error means that nobody is there any more who would tell.
        let _ = self.0.wait_for(|stopped| *stopped).await;
    }

    /// Waits for this long; `false` if the work is to end.
    pub async fn sleep(&mut self, time: Duration) -> bool {
        timeout(time, self.requested()).await.is_err()
    }
}

/// Runs what the installed plugins do by themselves, and tells them of the events that are committed from this call on, until
/// `stop` resolves and they have ended, or 10 seconds later. A plugin whose work ends early, or panics, goes on answering.
pub fn run(
    app: Arc<App>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> impl Future<Output = ()> + Send + 'static {
    let listen = |plugin: &Arc<dyn Plugin>| {
        let kinds = plugin.events();
        if kinds == EventTypes::NONE { None } else { app.store.listen(kinds) }
    };
    let listeners: Vec<_> = app.plugins().iter().map(listen).collect();
    work(app, listeners, stop)
}

async fn work(app: Arc<App>, listeners: Vec<Option<Listener>>, stop: impl Future<Output = ()> + Send + 'static) {
    let (tell, told) = watch::channel(false);
    let mut tasks = JoinSet::new();
    for (plugin, listener) in app.plugins().iter().zip(listeners) {
        let host = Host::of(&app, plugin.name());
        tasks.spawn(watched(Arc::clone(plugin), host.clone(), Stop(told.clone())));
        if let Some(listener) = listener {
            tasks.spawn(hearing(Arc::clone(plugin), host, listener, Stop(told.clone())));
        }
    }
    stop.await;
    tell.send_replace(true);
    let ended = async { while tasks.join_next().await.is_some() {} };
    if timeout(GRACE, ended).await.is_err() {
        tracing::warn!("plugins that do not end are cut off");
    }
}

async fn watched(plugin: Arc<dyn Plugin>, host: Host, stop: Stop) {
    let name = plugin.name();
    let mut work = JoinSet::new();
    work.spawn(async move { plugin.run(host, stop).await });
    if let Some(Err(error)) = work.join_next().await {
        tracing::error!(plugin = name, %error, "a plugin's own work ended by a panic");
    }
}

/// Tells a plugin of events, until it is to end. A panic over one is no reason not to tell of the next.
async fn hearing(plugin: Arc<dyn Plugin>, host: Host, mut listener: Listener, mut stop: Stop) {
    let name = plugin.name();
    loop {
        let heard = tokio::select! {
            heard = listener.next() => heard,
            () = stop.requested() => return,
        };
        match heard {
            None => return,
            Some(Heard::Missed(count)) => {
                tracing::warn!(plugin = name, count, "a plugin was too slow for events and missed some");
            }
            Some(Heard::Event(event)) => {
                if AssertUnwindSafe(plugin.event(&host, &event)).catch_unwind().await.is_err() {
                    tracing::error!(plugin = name, event = %event.happened.kind(), "a plugin panicked over an event");
                }
            }
        }
    }
}
