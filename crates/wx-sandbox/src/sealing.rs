use serde::Serialize;
use sha2::{Digest, Sha256};
use wxgate_crypto::{SessionKey, payload, signature};

use crate::codes::Kind;
use crate::open_data::{GroupEnter, Identified, PhoneHash, Share, Step, Tapped, Watermark, Watermarked, WeRun, json};
use crate::quotas::DAY;
use crate::random::hex;
use crate::state::State;
use crate::{Error, OpenData, PhoneTap, Profile, ProfileApi, ProfileAsk, Rotation, UserInfo, identity};

impl State {
    /// A tap on the phone number button.
    pub(crate) fn phone(&mut self, appid: &str, user: &str) -> Result<PhoneTap, Error> {
        let key = self.session_key(appid, user, Rotation::Never)?;
        let person = self.user(user)?;
        let plaintext = self.watermarked(
            appid,
            Tapped {
                phone_number: person.full_number(),
                pure_phone_number: &person.phone,
                country_code: &person.country_code,
            },
        );
        let sealed = payload::seal(&plaintext, &key, self.random.bytes());
        self.remember_phone(appid, &sealed);
        let code = self.mint_code(Kind::Phone, appid, user, key);
        Ok(PhoneTap { code, data: open_data(&sealed) })
    }

    /// checkencryptedmsg does not say whether it hashes the text or the bytes: both are known.
    fn remember_phone(&mut self, appid: &str, sealed: &payload::Encrypted) {
        let now = self.clock.now();
        for hashed in [Sha256::digest(sealed.encrypted_data()), Sha256::digest(sealed.ciphertext())] {
            self.phone_hashes.insert(now, hex(&hashed), PhoneHash { appid: appid.to_owned(), created_at: now });
        }
    }

    pub(crate) fn profile(&mut self, appid: &str, user: &str, ask: ProfileAsk) -> Result<Profile, Error> {
        let key = self.session_key(appid, user, Rotation::Never)?;
        let person = self.user(user)?;
        let user_info =
            if ask.real { UserInfo::real(&person.nick_name, &person.avatar_url) } else { UserInfo::anonymous() };
        let with_ids = ask.api == ProfileApi::GetUserInfo;
        let identified = Identified {
            open_id: with_ids.then(|| identity::openid(user, appid)),
            union_id: (with_ids && self.app(appid)?.open_platform).then(|| identity::unionid(user)),
            user_info: &user_info,
        };
        let data = self.seal(appid, &key, identified);
        let raw_data = json(&user_info);
        Ok(Profile { signature: signature::raw_data(&raw_data, &key), user_info, raw_data, data })
    }

    /// The steps of the last 31 days, each day named by its midnight in Beijing.
    pub(crate) fn werun(&mut self, appid: &str, user: &str) -> Result<OpenData, Error> {
        let key = self.session_key(appid, user, Rotation::Never)?;
        let now = self.clock.now();
        let midnight = now - (now + 8 * 3600) % DAY;
        let step_info_list = (0..31)
            .rev()
            .map(|days| Step {
                timestamp: midnight - days * DAY,
                step: u16::from_le_bytes(self.random.bytes()) % 20_000,
            })
            .collect();
        Ok(self.seal(appid, &key, WeRun { step_info_list }))
    }

    /// wx.getShareInfo: the group as `openGId`.
    pub(crate) fn share(&mut self, appid: &str, user: &str) -> Result<OpenData, Error> {
        let key = self.session_key(appid, user, Rotation::Never)?;
        Ok(self.seal(appid, &key, Share { open_g_id: identity::group(user, appid) }))
    }

    /// wx.getGroupEnterInfo: the group as `opengid`.
    pub(crate) fn group(&mut self, appid: &str, user: &str) -> Result<OpenData, Error> {
        let key = self.session_key(appid, user, Rotation::Never)?;
        let opengid = identity::group(user, appid);
        Ok(self.seal(appid, &key, GroupEnter { opengid, open_single_roomid: "", group_openid: "", chat_type: 3 }))
    }

    fn seal(&mut self, appid: &str, key: &SessionKey, content: impl Serialize) -> OpenData {
        let plaintext = self.watermarked(appid, content);
        open_data(&payload::seal(&plaintext, key, self.random.bytes()))
    }

    fn watermarked(&self, appid: &str, content: impl Serialize) -> Vec<u8> {
        json(&Watermarked { content, watermark: Watermark { timestamp: self.clock.now(), appid } }).into_bytes()
    }
}

fn open_data(sealed: &payload::Encrypted) -> OpenData {
    OpenData { encrypted_data: sealed.encrypted_data().to_owned(), iv: sealed.iv_text() }
}
