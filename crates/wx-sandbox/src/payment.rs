use serde::Serialize;

use crate::state::State;
use crate::{Error, Rotation, identity};

/// How long after a payment its unionid can be asked for.
const KNOWN_SECONDS: i64 = 300;

/// What a payment in the mini program is known by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Payment {
    /// WeChat Pay's number.
    pub transaction_id: String,
    /// The merchant.
    pub mch_id: String,
    /// The merchant's own number.
    pub out_trade_no: String,
    #[serde(skip)]
    pub(crate) openid: String,
    #[serde(skip)]
    pub(crate) unionid: String,
    #[serde(skip)]
    pub(crate) paid_at: i64,
}

impl Payment {
    pub(crate) fn is_known(&self, now: i64) -> bool {
        now - self.paid_at <= KNOWN_SECONDS
    }
}

impl State {
    /// A payment of the user.
    pub(crate) fn pay(&mut self, appid: &str, user: &str) -> Result<Payment, Error> {
        self.session_key(appid, user, Rotation::Never)?;
        let digits = |bytes: [u8; 8]| format!("{:020}", u64::from_le_bytes(bytes));
        let payment = Payment {
            transaction_id: format!("42000000{}", digits(self.random.bytes())),
            mch_id: "1230000109".to_owned(),
            out_trade_no: self.random.hex::<16>(),
            openid: identity::openid(user, appid),
            unionid: identity::unionid(user),
            paid_at: self.clock.now(),
        };
        self.payments.insert(payment.paid_at, payment.transaction_id.clone(), payment.clone());
        Ok(payment)
    }
}
