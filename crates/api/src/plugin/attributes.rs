//! What plugins add to a login's answer.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;
use wxgate_store::Member;

use super::{Host, Plugin};
use crate::app::App;

/// What a login waits for all plugins together.
const TIME: Duration = Duration::from_millis(500);
/// Bytes that one plugin may add, as JSON.
const MOST_BYTES: usize = 8 * 1024;

impl App {
    /// What plugins add to a member's attributes. Never fails and never takes long: each plugin works on a task of its own,
    /// and who is late, fails, panics or says too much adds nothing.
    pub(crate) async fn added_attributes(self: &Arc<Self>, member: &Member) -> Map<String, Value> {
        let mut added = Map::new();
        let asked: Vec<_> = self.plugins().iter().filter(|plugin| plugin.adds_attributes()).collect();
        let mut answers = JoinSet::new();
        for (at, plugin) in asked.iter().enumerate() {
            let work = ask(Arc::clone(plugin), Host::of(self, plugin.name()), member.clone());
            answers.spawn(async move { (at, work.await) }.in_current_span());
        }
        let deadline = Instant::now() + TIME;
        let mut given = vec![None; asked.len()];
        while let Ok(Some(answer)) = timeout_at(deadline, answers.join_next()).await {
            if let Ok((at, attributes)) = answer {
                given[at] = Some(attributes);
            }
        }
        for (plugin, attributes) in asked.iter().zip(given) {
            let plugin = plugin.name();
            match attributes {
                None => tracing::warn!(plugin, "a plugin panicked or took too long over a login's attributes"),
                // Of two plugins that name one attribute, the one that is listed first has it.
                Some(attributes) => attributes.into_iter().for_each(|(key, value)| {
                    added.entry(key).or_insert(value);
                }),
            }
        }
        added
    }
}

async fn ask(plugin: Arc<dyn Plugin>, host: Host, member: Member) -> Map<String, Value> {
    let name = plugin.name();
    match plugin.attributes(&host, &member).await {
        Err(error) => tracing::warn!(plugin = name, %error, "a plugin failed over a login's attributes"),
        Ok(attributes) if bytes(&attributes) > MOST_BYTES => {
            tracing::warn!(plugin = name, "a plugin's attributes have more than {MOST_BYTES} bytes");
        }
        Ok(attributes) => return attributes,
    }
    Map::new()
}

fn bytes(attributes: &Map<String, Value>) -> usize {
    serde_json::to_vec(attributes).map_or(usize::MAX, |text| text.len())
}
