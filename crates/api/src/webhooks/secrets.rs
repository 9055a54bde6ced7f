use wxgate_crypto::Purpose;
use wxgate_store::{UnixSeconds, Webhook};
use wxgate_webhooks::Secret;

use crate::app::App;

impl App {
    /// The secret of a webhook as the store keeps it.
    pub(crate) fn sealed_webhook_secret(&self, webhook: uuid::Uuid, secret: &Secret) -> Vec<u8> {
        self.vault.seal(Purpose::Webhook, "", &webhook.to_string(), secret.expose().as_bytes())
    }

    /// What signs a message to a webhook at `now`: its secret, and the one before until its end. None when they were
    /// sealed under a key that is lost: a rotation makes a new one.
    pub(crate) fn webhook_secrets(&self, webhook: &Webhook, now: UnixSeconds) -> Vec<Secret> {
        let previous = webhook.previous.as_ref().filter(|(_, until)| now < *until).map(|(sealed, _)| sealed);
        let open = |sealed: &Vec<u8>| {
            let text = self.vault.open(Purpose::Webhook, "", &webhook.id.to_string(), sealed).ok()?;
            Secret::parse(std::str::from_utf8(&text).ok()?)
        };
        std::iter::once(&webhook.sealed_secret).chain(previous).filter_map(open).collect()
    }
}
