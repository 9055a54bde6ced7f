use async_trait::async_trait;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::model::{By, Import, ImportOutcome, Imported, Member, Page, UnixSeconds};

/// Members by the thousand: out of a store a page at a time, into it a batch at a time.
///
/// A store may take none in: the methods are given for it.
#[async_trait]
pub trait Bulk: Send + Sync + 'static {
    /// Members of these apps, those who joined first first, at most `limit`; `after` is `next` of the page before. Each is as
    /// they were when their page was read, and who joins meanwhile comes at the end.
    async fn export_page(&self, _appids: Vec<String>, _after: Option<i64>, _limit: u32) -> Result<Page<Member>> {
        Err(Error::Refused("this store gives members one by one".to_owned()))
    }

    /// Writes down that all members are about to be given to somebody, with a JSON object that says how.
    async fn note_export_of_all(&self, _detail: Value, _by: By, _now: UnixSeconds) -> Result<()> {
        Err(Error::Refused("this store gives members one by one".to_owned()))
    }

    /// Takes in members who come from elsewhere, all or none; what became of each.
    ///
    /// Of somebody who is here only what they lack is filled in: nothing that they chose is replaced, and repeating it changes
    /// nothing. Who was erased stays so, unless their `created_at` says that it is later. The audit says `members.imported`
    /// once an hour, as long as one goes on.
    async fn import_members(&self, _import: Import) -> Result<Vec<ImportOutcome>> {
        Err(Error::Refused("this store takes in members by their login".to_owned()))
    }

    /// What would become of each if it were imported alone. Writes nothing.
    async fn try_import(&self, _members: Vec<Imported>) -> Result<Vec<ImportOutcome>> {
        Err(Error::Refused("this store takes in members by their login".to_owned()))
    }
}
