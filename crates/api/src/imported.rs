//! Members who come from elsewhere, out of the rows that tell of them.

use serde_json::value::RawValue;
use uuid::Uuid;
use wxgate_crypto::Purpose;
use wxgate_store::{Imported, ImportedPhone, MemberId, MemberKey, Profile, Status, Trust, UnixSeconds};

use crate::app::App;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::nickname::nickname;
use crate::phone_number::PhoneNumber;
use crate::problem::Problem;
use crate::profile::ANONYMOUS;

/// Characters of the longest text that is looked at.
const TEXT_CHARACTERS: usize = 4096;
const WORD_CHARACTERS: usize = 64;
/// By how many seconds the clocks of two servers may differ.
const CLOCKS_SECONDS: i64 = 86_400;
const UNIONID: &str = "unionid";

/// A row, as it is taken in.
pub struct Row {
    pub member: Imported,
    /// Fields that were there and cannot be kept. They do no harm to the rest.
    pub left_out: Vec<&'static str>,
}

struct Reader<'a> {
    app: &'a App,
    fields: Fields,
    now: UnixSeconds,
    left_out: Vec<&'static str>,
}

impl App {
    /// Reads a row: what an export says of a member, of which all but `openid` may be missing.
    ///
    /// # Errors
    /// `bad_request` for the first thing that makes it no member, or loses what operators would miss.
    pub(crate) fn imported(&self, row: &RawValue, now: UnixSeconds) -> Result<Row, ApiError> {
        let fields = Fields::from_json(row.get().as_bytes()).map_err(|error| match error {
            ApiError::BadRequest(Problem::NotJson) => Problem::BadRow.into(),
            other => other,
        })?;
        Reader { app: self, fields: fields.without_nulls(), now, left_out: Vec::new() }.row()
    }
}

impl Reader<'_> {
    fn row(mut self) -> Result<Row, ApiError> {
        let openid = self.fields.text(&["openid"], TEXT_CHARACTERS)?;
        let appid = self.fields.text(&["appid"], WORD_CHARACTERS)?;
        let (id, unionid, profile) = (self.id()?, self.kept(UNIONID, as_wechats)?, self.profile()?);
        let (phone, trust) = (self.phone()?, self.trust()?);
        let (status, note, attributes) = (self.status()?, self.fields.note()?, self.fields.attributes()?);
        let revision = self.fields.revision()?.unwrap_or(0);
        let (created_at, last_login_at) = (self.instant("created_at")?, self.instant("last_login_at")?);
        let (updated_at, bound_at) = (self.instant("updated_at")?, self.instant("phone_bound_at")?);
        let Self { app, fields, now, left_out } = self;
        fields.end()?;
        let openid = openid.ok_or(Problem::Missing("openid"))?;
        let openid = as_wechats(&openid).ok_or(Problem::BadAlphabet("openid"))?;
        let key = MemberKey { appid: app.appid(appid)?, openid };
        let phone = phone.map(|number| ImportedPhone {
            sealed: number.seal(&app.vault, Purpose::Phone, &key),
            index: app.vault.phone_index(&number.canonical()),
            trust,
            bound_at: bound_at.or(created_at).unwrap_or(now),
        });
        let member = Imported {
            id: id.unwrap_or_else(|| MemberId(app.new_uuid())),
            pseudonym: app.vault.pseudonym(&key.appid, &key.openid),
            key,
            unionid,
            profile,
            phone,
            status,
            note,
            // As it is written where nothing is set.
            attributes: attributes.filter(|text| text != "{}"),
            created_at,
            last_login_at,
            updated_at,
            revision,
        };
        Ok(Row { member, left_out })
    }

    /// A text, if it is one that is kept.
    fn kept(&mut self, name: &'static str, keep: impl Fn(&str) -> Option<String>) -> Result<Option<String>, ApiError> {
        let Some(text) = self.fields.text(&[name], TEXT_CHARACTERS)? else { return Ok(None) };
        let kept = keep(&text);
        if kept.is_none() {
            self.left_out.push(name);
        }
        Ok(kept)
    }

    fn profile(&mut self) -> Result<Profile, ApiError> {
        let app = self.app;
        Ok(Profile {
            nick_name: self.kept("nickName", nickname)?.filter(|name| name != ANONYMOUS),
            avatar_url: self.kept("avatarUrl", |address| app.imported_avatar(address))?,
            gender: self.fields.integer("gender", 0..=2)?,
            country: self.kept("country", nickname)?,
            province: self.kept("province", nickname)?,
            city: self.kept("city", nickname)?,
            language: self.kept("language", nickname)?,
        })
    }

    fn id(&mut self) -> Result<Option<MemberId>, ApiError> {
        let text = self.fields.text(&["id"], WORD_CHARACTERS)?;
        let id = |text: String| Uuid::try_parse(&text).map(MemberId).map_err(|_| Problem::BadId("id"));
        Ok(text.map(id).transpose()?)
    }

    fn status(&mut self) -> Result<Status, ApiError> {
        let Some(word) = self.fields.text(&["status"], WORD_CHARACTERS)? else { return Ok(Status::Active) };
        Status::parse(&word).ok_or_else(|| Problem::NotOneOf("status", "active, blocked").into())
    }

    fn trust(&mut self) -> Result<Trust, ApiError> {
        let Some(word) = self.fields.text(&["phone_trust"], WORD_CHARACTERS)? else { return Ok(Trust::Local) };
        Trust::parse(&word).ok_or_else(|| Problem::NotOneOf("phone_trust", "local, hash, code").into())
    }

    /// A number that an export masked is left out.
    fn phone(&mut self) -> Result<Option<PhoneNumber>, ApiError> {
        const PHONE: &str = "phone";
        let Some(text) = self.fields.text(&[PHONE], WORD_CHARACTERS)? else { return Ok(None) };
        if text.contains('*') {
            self.left_out.push(PHONE);
            return Ok(None);
        }
        PhoneNumber::written(&text).map(Some).ok_or_else(|| Problem::BadImportedPhone.into())
    }

    fn instant(&mut self, name: &'static str) -> Result<Option<UnixSeconds>, ApiError> {
        let seconds = self.fields.integer(name, 0..=self.now.0 + CLOCKS_SECONDS);
        let seconds = seconds.map_err(|_| Problem::NotPast(name))?;
        Ok(seconds.map(UnixSeconds))
    }
}

/// An openid or a unionid: letters, digits, `_` and `-`.
fn as_wechats(text: &str) -> Option<String> {
    let fits = text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    fits.then(|| text.to_owned())
}
