//! The phone number of the `getPhoneNumber` button.

use super::{
    Content, Kind, Watermark,
    content::{object, sealed},
};
use serde::Deserialize;
use zeroize::ZeroizeOnDrop;

/// A phone number, read strictly: these keys and no others, each once, strings of digits that agree with each other.
///
/// The strictness is a defence. The IV is the client's to choose and no hash of WeChat covers it, so a client can write the
/// first 16 bytes of the text at will; here, each of them is needed as it is.
#[derive(Clone, PartialEq, Eq, Deserialize, ZeroizeOnDrop)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Phone {
    /// The number, with the country code in front unless that is 86.
    pub phone_number: String,
    /// The number without the country code, 4 to 15 digits.
    pub pure_phone_number: String,
    /// 1 to 4 digits, `86` for the mainland.
    pub country_code: String,
    /// For whom and when.
    #[serde(deserialize_with = "object")]
    #[zeroize(skip)]
    pub watermark: Watermark,
}

silent_debug!(Phone);

impl Phone {
    /// Whether three fields make one number, as WeChat writes it: digits only, and `phoneNumber` is the pure number for
    /// country code 86, else the country code and the pure number, with or without a `+` in front.
    ///
    /// For numbers that came by code as well.
    pub fn consistent(phone_number: &str, pure_phone_number: &str, country_code: &str) -> bool {
        is_digits(pure_phone_number, 4, 15)
            && is_digits(country_code, 1, 4)
            && if country_code == "86" {
                phone_number == pure_phone_number
            } else {
                let number = phone_number.strip_prefix('+').unwrap_or(phone_number);
                number.strip_prefix(country_code) == Some(pure_phone_number)
            }
    }
}

fn is_digits(text: &str, min: usize, max: usize) -> bool {
    (min..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Content for Phone {
    const KIND: Kind = Kind::Phone;
}

impl sealed::Read for Phone {
    fn watermark(&self) -> &Watermark {
        &self.watermark
    }

    fn is_consistent(&self) -> bool {
        Self::consistent(&self.phone_number, &self.pure_phone_number, &self.country_code)
    }
}
