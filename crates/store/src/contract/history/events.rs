//! What WeChat's message push said.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{EventRow, Received, UnixSeconds, WechatEvent};

const KEPT_SECONDS: i64 = 30 * 86_400;
const SEEN_SECONDS: i64 = 600;

#[derive(Default)]
pub(super) struct Events {
    /// Oldest first.
    kept: Vec<Kept>,
    /// The message that came with a URL, and when.
    seen: BTreeMap<[u8; 32], ([u8; 32], UnixSeconds)>,
    /// Who was erased.
    erased: BTreeSet<[u8; 32]>,
}

struct Kept {
    digest: [u8; 32],
    subject: Option<[u8; 32]>,
    row: EventRow,
}

impl Events {
    /// Remembers a push; what there is to say if it came before.
    pub(super) fn see(&mut self, event: &WechatEvent) -> Option<Received> {
        let Some((message, _)) = self.seen.get(&event.url) else {
            self.seen.insert(event.url, (event.message, event.now));
            return None;
        };
        Some(if *message == event.message { Received::Before } else { Received::Mismatch })
    }

    /// Keeps an event, unless it is there.
    pub(super) fn keep(&mut self, event: &WechatEvent, is_member: bool) -> bool {
        if self.kept.iter().any(|kept| kept.digest == event.digest) {
            return false;
        }
        let subject = event.subject.as_ref().map(|subject| subject.pseudonym);
        let is_forgotten = subject.is_some_and(|subject| !is_member && self.erased.contains(&subject));
        self.kept.push(Kept {
            digest: event.digest,
            subject: subject.filter(|_| !is_forgotten),
            row: EventRow {
                event: event.event.clone(),
                happened_at: event.happened_at,
                received_at: event.now,
                sealed_content: event.sealed_content.clone().filter(|_| !is_forgotten),
            },
        });
        true
    }

    pub(super) fn forget(&mut self, pseudonym: [u8; 32]) {
        for kept in self.kept.iter_mut().filter(|kept| kept.subject == Some(pseudonym)) {
            (kept.subject, kept.row.sealed_content) = (None, None);
        }
    }

    pub(super) fn note_erasure(&mut self, pseudonym: [u8; 32]) {
        self.forget(pseudonym);
        self.erased.insert(pseudonym);
    }

    /// Newest first.
    pub(super) fn of(&self, pseudonym: [u8; 32]) -> Vec<EventRow> {
        self.kept.iter().rev().filter(|kept| kept.subject == Some(pseudonym)).map(|kept| kept.row.clone()).collect()
    }

    /// How many events and pushes went.
    pub(super) fn purge(&mut self, now: UnixSeconds, limit: u32) -> [u64; 2] {
        let due = self.kept.iter().take_while(|kept| kept.row.received_at <= now - KEPT_SECONDS).take(limit as usize);
        let events = self.kept.drain(..due.count()).count();
        let mut left = limit;
        self.seen.retain(|_, (_, at)| {
            let goes = left > 0 && *at < now - SEEN_SECONDS;
            left -= u32::from(goes);
            !goes
        });
        [events as u64, u64::from(limit - left)]
    }
}
