//! `POST /v1/phone`

use std::sync::Arc;

use bytes::Bytes;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use warp::Filter;
use wxgate_crypto::Purpose;
use wxgate_crypto::payload::{self, Encrypted};
use wxgate_store::{BindPhone, Bound, OpeningId, Session, Trust, UsedProof};
use zeroize::Zeroizing;

use crate::app::App;
use crate::edge::{RequestId, RequestInfo};
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Body, Route, any_fields, body, info, respond, with};
use crate::opening::{ENCRYPTED_DATA, encrypted, uniform};
use crate::phone_answer::{PhoneAnswer, PhoneReply};
use crate::phone_number::PhoneNumber;
use crate::problem::Problem;
use crate::refused::Refused;
use crate::remembered::{Hash, hash_of};
use crate::results::Asking;
use crate::settings::EncryptedData;

const CODE_CHARACTERS: usize = 512;
/// Seconds for which an accepted proof is remembered: longer than WeChat or the watermark's age would let it pass again.
const REMEMBERED_SECONDS: i64 = 3_600;

/// A proof of a number, as the button gives it.
pub enum Proof {
    Code(Zeroizing<String>),
    Sealed(Encrypted),
}

impl Proof {
    /// `e.detail.code` of the button.
    ///
    /// # Errors
    /// `bad_request` when WeChat cannot have given it.
    pub fn code(code: Zeroizing<String>) -> Result<Self, ApiError> {
        if code.is_empty() {
            return Err(Problem::Missing("phoneCode").into());
        }
        if code.len() > CODE_CHARACTERS {
            return Err(Problem::TooLong("phoneCode", CODE_CHARACTERS).into());
        }
        if !code.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Problem::BadAlphabet("phoneCode").into());
        }
        Ok(Self::Code(code))
    }

    /// `encryptedData` and `iv`.
    ///
    /// # Errors
    /// `bad_request` when they are switched off here, or not of the shape that WeChat gives.
    pub fn sealed(data: &str, iv: &str, encrypted_data: EncryptedData) -> Result<Self, ApiError> {
        if encrypted_data == EncryptedData::Off {
            return Err(Problem::EncryptedPhoneOff.into());
        }
        Ok(Self::Sealed(encrypted(data, iv)?))
    }

    /// What the proof is remembered by.
    fn digest(&self, appid: &str) -> Hash {
        match self {
            Self::Code(code) => hash_of(&["code", appid, code]),
            Self::Sealed(encrypted) => Sha256::digest(encrypted.ciphertext()).into(),
        }
    }
}

/// `POST /v1/phone` with `{"phoneCode"}` or `{"encryptedData","iv"}` as JSON or form: 200 [`PhoneReply`], or 400
/// `bad_request`, `code_invalid`, 401 `unauthorized`, `login_too_old`, 403, 422 `unopenable`, 429, 502, 503.
pub fn route(app: &Arc<App>) -> Route {
    warp::path!("v1" / "phone")
        .and(warp::post())
        .and(with(Arc::clone(app)))
        .and(info())
        .and(body())
        .then(|app: Arc<App>, info: RequestInfo, body: Body| Box::pin(async move { phone(&app, &info, body).await }))
        .map(respond)
        .boxed()
}

async fn phone(app: &Arc<App>, info: &RequestInfo, body: Body) -> Result<PhoneReply, ApiError> {
    let session = app.authenticate(info).await?;
    let proof = decode(any_fields(body)?, app.settings.phone.encrypted_data)?;
    prove(app, info, session, proof).await
}

/// Binds the number that a proof is of to whose session it is. Refusals leave on the beat after the
/// request's arrival.
pub async fn prove(app: &Arc<App>, info: &RequestInfo, session: Session, proof: Proof) -> Result<PhoneReply, ApiError> {
    let proof_digest = proof.digest(&session.member.key.appid);
    // The same proof in the same session is one piece of work; in two sessions it is two, and one of them is refused.
    let flight = digest_of(session.id.0, &proof_digest);
    let work = {
        let (app, rid) = (Arc::clone(app), info.rid);
        Box::pin(async move { accept(&app, rid, session, proof, proof_digest).await })
    };
    uniform(info.arrived, app.phones.join(flight, work).await).await
}

fn digest_of(session: i64, proof: &Hash) -> Hash {
    Sha256::new_with_prefix(session.to_be_bytes()).chain_update(proof).finalize().into()
}

fn decode(mut fields: Fields, encrypted_data: EncryptedData) -> Result<Proof, ApiError> {
    if fields.has("code") {
        return Err(Problem::LoginCodeAtPhone.into());
    }
    let code = fields.text(&["phoneCode"], CODE_CHARACTERS)?.map(Zeroizing::new);
    let pair = fields.pair(ENCRYPTED_DATA, &["iv"])?;
    fields.end()?;
    match (code, pair) {
        (Some(code), None) => Proof::code(code),
        (None, Some((data, iv))) => Proof::sealed(&data, &iv, encrypted_data),
        _ => Err(Problem::EitherOr("phoneCode", "encryptedData").into()),
    }
}

async fn accept(
    app: &App,
    rid: RequestId,
    session: Session,
    proof: Proof,
    proof_digest: Hash,
) -> Result<PhoneReply, ApiError> {
    let asking = Asking { appid: &session.member.key.appid, member: Some(session.member.id), rid };
    if let Some(used) = app.store.used_proof(proof_digest).await? {
        return repeated(app, &asking, &session, &used, &proof).await;
    }
    let (number, trust, opening) = match &proof {
        Proof::Code(code) => {
            let asked = by_code(app, &session, code, &proof_digest).await;
            let number = asked.inspect_err(|error| app.results.phone_failed(&asking, error, app.clock.now()))?;
            (number, Trust::Code, None)
        }
        Proof::Sealed(encrypted) => {
            let (number, trust, opening) = by_payload(app, &asking, &session, encrypted).await?;
            (number, trust, Some(opening))
        }
    };
    match bind(app, &session, &number, trust, opening, proof_digest).await {
        Ok(Bound::Done(member)) => {
            app.pending_phones.forget(&proof_digest);
            app.results.bound(asking.appid, trust, app.clock.now());
            tracing::info!(member.id = %member.id.0, trust = trust.as_str(), "phone number bound");
            Ok(PhoneAnswer::new(number, trust).reply(app.settings.phone.reply))
        }
        Ok(Bound::UsedBefore(used)) => {
            app.release(opening).await;
            repeated(app, &asking, &session, &used, &proof).await
        }
        unbound => {
            // The proof is good and may be shown again: but WeChat gives the number of a code once, so it waits here.
            app.release(opening).await;
            if opening.is_none() {
                app.pending_phones.keep(proof_digest, session.member.id, number, app.clock.now());
            }
            match unbound? {
                Bound::LoginTooOld => Err(ApiError::LoginTooOld),
                _ => Err(ApiError::Unauthorized),
            }
        }
    }
}

/// A proof that was accepted before: the same session gets the same answer and nothing happens twice; for any other one
/// it is as bad as one that never was good, and costs the same. So is one whose number was withdrawn since.
async fn repeated(
    app: &App,
    asking: &Asking<'_>,
    session: &Session,
    used: &UsedProof,
    proof: &Proof,
) -> Result<PhoneReply, ApiError> {
    let owner = &session.member.key;
    if used.session == session.id && !used.sealed_answer.is_empty() {
        return Ok(PhoneAnswer::open(&app.vault, owner, &used.sealed_answer)?.reply(app.settings.phone.reply));
    }
    match proof {
        Proof::Code(_) => Err(ApiError::CodeInvalid { errcode: 40029 }),
        Proof::Sealed(_) => {
            let opening = app.begin_opening(owner).await?;
            Err(app.refuse(asking, opening, Refused::Replayed).await)
        }
    }
}

/// The number that WeChat gives for a code of the button, or that it gave a moment ago to a login that was too old.
async fn by_code(app: &App, session: &Session, code: &str, digest: &Hash) -> Result<PhoneNumber, ApiError> {
    let (member, now) = (&session.member, app.clock.now());
    if let Some(number) = app.pending_phones.get(digest, member.id, now) {
        return Ok(number);
    }
    app.phone_code_limit.check_key(member.id.0.as_u128())?;
    let asked = app.wechat.phone_number(&member.key.appid, code, &member.key.openid).await;
    let info = app.health.note(asked, now).map_err(|error| match error {
        // The code is of another app: to the client it is a bad code, not a fault of the operator.
        ApiError::WechatRefused { errcode: 40013, .. } => ApiError::CodeInvalid { errcode: 40013 },
        other => other,
    })?;
    let number = PhoneNumber {
        phone_number: info.phone_number.expose_secret().to_owned(),
        pure_phone_number: info.pure_phone_number.expose_secret().to_owned(),
        country_code: info.country_code,
    };
    let consistent = number.is_consistent();
    if consistent && info.watermark_appid == member.key.appid {
        Ok(number)
    } else {
        tracing::warn!(consistent, "WeChat answered with a number of another shape or another app");
        Err(ApiError::Unopenable)
    }
}

/// The number in a payload: opened with a kept key, and confirmed by WeChat unless the operator trusts decryption alone.
async fn by_payload(
    app: &App,
    asking: &Asking<'_>,
    session: &Session,
    encrypted: &Encrypted,
) -> Result<(PhoneNumber, Trust, OpeningId), ApiError> {
    let owner = &session.member.key;
    let keys = app.kept_keys(&session.member).await?;
    let opened = app.open::<payload::Phone>(asking, owner, &keys, encrypted).await?;
    let trust = match app.settings.phone.encrypted_data {
        EncryptedData::Verify => Trust::Hash,
        EncryptedData::Local | EncryptedData::Off => Trust::Local,
    };
    if trust == Trust::Hash {
        let hash = format!("{:x}", Bytes::copy_from_slice(&Sha256::digest(encrypted.encrypted_data())));
        let asked = app.wechat.check_encrypted(&owner.appid, &hash).await;
        match app.health.note(asked, app.clock.now()) {
            Ok(true) => {}
            Ok(false) => {
                return Err(app.refuse(asking, opened.opening, Refused::UnknownToWechat).await);
            }
            Err(error) => {
                // WeChat's failure is not the member's.
                app.release(Some(opened.opening)).await;
                return Err(error);
            }
        }
    }
    app.results.opened(asking.appid, opened.rescued, app.clock.now());
    let content = &opened.content;
    let number = PhoneNumber {
        phone_number: content.phone_number.clone(),
        pure_phone_number: content.pure_phone_number.clone(),
        country_code: content.country_code.clone(),
    };
    Ok((number, trust, opened.opening))
}

/// Binds the number. Replacing another one needs a fresh login: a stolen session must not take over the number.
async fn bind(
    app: &App,
    session: &Session,
    number: &PhoneNumber,
    trust: Trust,
    opening: Option<OpeningId>,
    digest: Hash,
) -> Result<Bound, ApiError> {
    let (owner, now) = (&session.member.key, app.clock.now());
    let bind = BindPhone {
        member: session.member.id,
        session: session.id,
        digest,
        sealed_answer: PhoneAnswer::new(number.clone(), trust).seal(&app.vault, owner),
        phone_sealed: number.seal(&app.vault, Purpose::Phone, owner),
        phone_index: app.vault.phone_index(&number.canonical()),
        trust,
        may_replace: app.is_fresh(session),
        opening,
        usable_until: now + REMEMBERED_SECONDS,
        now,
    };
    Ok(app.store.bind_phone(bind).await?)
}
