//! What an import comes to, before anything is written.

use rusqlite::{Connection, Result};

use crate::model::{BoundPhone, ImportOutcome, Imported, ImportedPhone, Member};
use crate::sqlite::{erase, members, outbox};

/// What is to be done with one who comes from elsewhere.
pub(super) enum Plan {
    Add,
    Fill(Box<Filled>),
    Nothing(ImportOutcome),
}

/// A member as they will be.
pub(super) struct Filled {
    pub(super) member: Member,
    /// The names of what is filled in, for those who are told of events; a number apart.
    pub(super) changed: Vec<&'static str>,
    /// Whether the number is one of what is filled in.
    pub(super) is_phone_new: bool,
}

impl Plan {
    pub(super) fn of(conn: &Connection, imported: &Imported) -> Result<Self> {
        let erased_at = erase::erased_at(conn, &imported.pseudonym)?;
        if erased_at.is_some_and(|erased_at| imported.created_at.is_none_or(|created_at| created_at <= erased_at)) {
            return Ok(Self::Nothing(ImportOutcome::Erased));
        }
        Ok(match members::by_key(conn, &imported.key)? {
            Some((_, known)) => Filled::of(&known, imported)
                .map_or(Self::Nothing(ImportOutcome::Same(known.id)), |filled| Self::Fill(Box::new(filled))),
            None if members::number(conn, imported.id)?.is_some() => Self::Nothing(ImportOutcome::IdTaken),
            None => Self::Add,
        })
    }

    pub(super) fn outcome(&self, imported: &Imported) -> ImportOutcome {
        match self {
            Self::Add => ImportOutcome::Added(imported.id),
            Self::Fill(filled) => ImportOutcome::Filled(filled.member.id),
            Self::Nothing(outcome) => *outcome,
        }
    }
}

impl Filled {
    /// `None` when nothing is.
    fn of(known: &Member, imported: &Imported) -> Option<Self> {
        let mut member = known.clone();
        member.unionid = known.unionid.clone().or_else(|| imported.unionid.clone());
        // What is known replaces what comes, field by field.
        member.profile = imported.profile.changed_by(known.profile.clone());
        member.note = known.note.clone().or_else(|| imported.note.clone());
        if known.attributes == "{}" {
            member.attributes = imported.attributes.clone().unwrap_or(member.attributes);
        }
        member.created_at = known.created_at.min(imported.created_at.unwrap_or(known.created_at));
        member.last_login_at = known.last_login_at.max(imported.last_login_at.unwrap_or(known.last_login_at));
        if known.phone.is_none() {
            member.phone = imported.phone.as_ref().map(bound);
        }
        if member == *known {
            return None;
        }
        let more = [
            ("unionid", member.unionid != known.unionid),
            ("note", member.note != known.note),
            ("attributes", member.attributes != known.attributes),
        ];
        let mut changed = outbox::differences(&known.profile, &member.profile);
        changed.extend(more.into_iter().filter_map(|(name, differs)| differs.then_some(name)));
        // An operator who read them before is told so.
        member.revision += i64::from(changed.contains(&"note") || changed.contains(&"attributes"));
        let is_phone_new = member.phone != known.phone;
        Some(Self { member, changed, is_phone_new })
    }
}

/// The number as a member has it.
pub(super) fn bound(phone: &ImportedPhone) -> BoundPhone {
    BoundPhone { sealed: phone.sealed.clone(), trust: phone.trust, bound_at: phone.bound_at }
}
