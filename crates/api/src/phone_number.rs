//! A phone number as WeChat gives it, as it is kept, and as it is shown.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use wxgate_crypto::{Purpose, Vault};
use wxgate_store::MemberKey;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::error::ApiError;
use crate::settings::PhoneReply;

/// A number with its parts, in WeChat's names. Has no `Debug`: it is personal data.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the fields are WeChat's own words")]
pub struct PhoneNumber {
    /// With the country's prefix when it is a foreign one.
    pub phone_number: String,
    /// Without it.
    pub pure_phone_number: String,
    /// `86` and the like.
    pub country_code: String,
}

impl PhoneNumber {
    /// Seals the number for the member it belongs to.
    pub fn seal(&self, vault: &Vault, purpose: Purpose, owner: &MemberKey) -> Vec<u8> {
        let text = Zeroizing::new(serde_json::to_vec(self).expect("three strings are JSON"));
        vault.seal(purpose, &owner.appid, &owner.openid, &text)
    }

    /// Opens what [`PhoneNumber::seal`] sealed.
    ///
    /// # Errors
    /// `internal` when it was sealed under a key that is not in the key file.
    pub fn open(vault: &Vault, purpose: Purpose, owner: &MemberKey, sealed: &[u8]) -> Result<Self, ApiError> {
        let text = vault.open(purpose, &owner.appid, &owner.openid, sealed).map_err(ApiError::internal)?;
        serde_json::from_slice(&text).map_err(ApiError::internal)
    }

    /// The number that people wrote as `13800138000`, `138-0013-8000`, `8613800138000`, `+8613800138000` or
    /// `+44 7700900000`. Without a country's code and a blank it is one of mainland China. `None` when it is no number.
    pub fn written(text: &str) -> Option<Self> {
        let plain: String = text.trim().chars().filter(|char| !matches!(char, '-' | '(' | ')')).collect();
        let parted = plain.strip_prefix('+').and_then(|rest| rest.split_once(' '));
        let (country_code, pure) = if let Some((code, pure)) = parted {
            (code.to_owned(), pure.replace(' ', ""))
        } else {
            let digits = plain.trim_start_matches('+').replace(' ', "");
            let pure = digits.strip_prefix("86").filter(|pure| is_mobile(pure)).unwrap_or(&digits);
            ("86".to_owned(), Some(pure).filter(|pure| is_mobile(pure))?.to_owned())
        };
        let fits = is_digits(&country_code, 1..=4) && is_digits(&pure, 4..=15);
        let phone_number = if country_code == "86" { pure.clone() } else { format!("+{country_code}{pure}") };
        fits.then_some(Self { phone_number, pure_phone_number: pure, country_code })
    }

    /// The number as [`PhoneNumber::written`] reads it: `+86 13800138000`.
    pub fn write(&self) -> String {
        format!("+{} {}", self.country_code, self.pure_phone_number)
    }

    /// One text for one number, however its parts were written: `+8613800138000`.
    pub fn canonical(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("+{}{}", self.country_code, self.pure_phone_number))
    }

    /// Whether the parts, straight from WeChat, are of one number: digits, the whole one ending in the pure one after at
    /// most a prefix. (What comes out of a payload is held to the letter; there it was the client who brought it.)
    pub fn is_consistent(&self) -> bool {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = self.phone_number.strip_suffix(self.pure_phone_number.as_str());
        let prefix = prefix.map(|prefix| prefix.strip_prefix('+').unwrap_or(prefix));
        digits(&self.pure_phone_number)
            && digits(&self.country_code)
            && prefix.is_some_and(|prefix| prefix.is_empty() || prefix == self.country_code)
    }

    /// The three parts as the mini program sees them.
    pub fn shown(&self, reply: PhoneReply) -> Self {
        match reply {
            PhoneReply::Full => self.clone(),
            PhoneReply::Masked => {
                let pure = masked(&self.pure_phone_number);
                let prefix = self.phone_number.strip_suffix(self.pure_phone_number.as_str()).unwrap_or_default();
                Self {
                    phone_number: format!("{prefix}{pure}"),
                    pure_phone_number: pure,
                    country_code: self.country_code.clone(),
                }
            }
        }
    }
}

fn is_digits(text: &str, length: RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether these digits are a mobile number of mainland China.
fn is_mobile(digits: &str) -> bool {
    is_digits(digits, 11..=11) && digits.starts_with('1')
}

/// A number that somebody looks for, as [`PhoneNumber::canonical`] writes it. Without a `+` it is one of mainland China. A
/// `+` in a URL that was not encoded arrives as a blank, and is meant as a `+`. `None` when it is no number.
pub fn searched(text: &str) -> Option<Zeroizing<String>> {
    let (digits, country) = match text.strip_prefix(['+', ' ']) {
        Some(digits) => (digits, ""),
        None => (text, "86"),
    };
    let is_number = (5..=18).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Zeroizing::new(format!("+{country}{digits}")))
}

/// `138****0000`. Four digits are hidden of a number of eleven, half of a shorter one.
fn masked(digits: &str) -> String {
    let count = digits.chars().count();
    let (head, tail) = if count >= 11 { (3, 4) } else { (count / 4, count / 4) };
    let start: String = digits.chars().take(head).collect();
    let end: String = digits.chars().skip(count - tail).collect();
    format!("{start}****{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(phone: &str, pure: &str, country: &str) -> PhoneNumber {
        PhoneNumber { phone_number: phone.into(), pure_phone_number: pure.into(), country_code: country.into() }
    }

    #[test]
    fn a_masked_number_hides_its_middle_in_every_part() {
        let shown = number("13800138000", "13800138000", "86").shown(PhoneReply::Masked);
        assert_eq!((shown.phone_number.as_str(), shown.pure_phone_number.as_str()), ("138****8000", "138****8000"));
        let shown = number("+85291234567", "91234567", "852").shown(PhoneReply::Masked);
        assert_eq!((shown.phone_number.as_str(), shown.pure_phone_number.as_str()), ("+85291****67", "91****67"));
        assert_eq!(masked("1234"), "1****4");
        assert_eq!(masked(""), "****");
    }

    #[test]
    fn the_parts_of_a_number_agree() {
        for (phone, pure, country) in [
            ("13800138000", "13800138000", "86"),
            ("+8613800138000", "13800138000", "86"),
            ("85291234567", "91234567", "852"),
            ("91234567", "91234567", "852"),
        ] {
            assert!(number(phone, pure, country).is_consistent(), "{phone}");
        }
        for (phone, pure, country) in [
            ("13800138000", "13900139000", "86"),
            ("+8591234567", "91234567", "852"),
            ("", "", "86"),
            ("1a", "1a", "86"),
        ] {
            assert!(!number(phone, pure, country).is_consistent(), "{phone}");
        }
    }

    #[test]
    fn one_number_has_one_text() {
        let (with, without) =
            (number("+8613800138000", "13800138000", "86"), number("13800138000", "13800138000", "86"));
        assert_eq!(*with.canonical(), "+8613800138000");
        assert_eq!(with.canonical(), without.canonical());
    }

    #[test]
    fn a_number_is_searched_for_as_it_is_kept() {
        let kept = number("13800138000", "13800138000", "86").canonical();
        for text in ["13800138000", "+8613800138000", " 8613800138000"] {
            assert_eq!(searched(text).as_ref(), Some(&kept), "{text}");
        }
        assert_eq!(searched("+85291234567"), Some(number("+85291234567", "91234567", "852").canonical()));
        for text in [
            "",
            "+",
            "138****8000",
            "138 0013 8000",
            "++8613800138000",
            "1380",
            "１３８００１３８０００",
            "8".repeat(19).as_str(),
        ] {
            assert_eq!(searched(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_is_read_as_people_write_it_and_as_it_is_written_here() {
        let parts = |text: &str| PhoneNumber::written(text).map(|number| number.write());
        for text in ["13800138000", "+8613800138000", "86 13800138000", "+86 138-0013-8000", " 138 0013 8000"] {
            assert_eq!(parts(text).as_deref(), Some("+86 13800138000"), "{text}");
        }
        let foreign = PhoneNumber::written("+852 91234567").unwrap();
        assert!(foreign == number("+85291234567", "91234567", "852") && foreign.is_consistent());
        for text in [
            "",
            "0",
            "无",
            "1380013800",
            "1.38E+10",
            "+447700900000",
            "+ 1",
            "=1+1",
            "+86 1234567890123456",
            "１３８００１３８０００",
        ] {
            assert_eq!(parts(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_opens_for_its_owner_only() {
        let vault = Vault::parse_key_file(&Vault::generate_key_file()).unwrap();
        let owner = MemberKey { appid: "wxa".into(), openid: "o1".into() };
        let other = MemberKey { appid: "wxa".into(), openid: "o2".into() };
        let number = number("13800138000", "13800138000", "86");
        let sealed = number.seal(&vault, Purpose::Phone, &owner);
        assert!(PhoneNumber::open(&vault, Purpose::Phone, &owner, &sealed).unwrap() == number);
        assert!(PhoneNumber::open(&vault, Purpose::Phone, &other, &sealed).is_err());
        assert!(PhoneNumber::open(&vault, Purpose::Answer, &owner, &sealed).is_err());
    }
}
