//! The forms in which a secret may hide.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use memchr::memmem;

/// A secret, and every form it is looked for in.
pub struct Canary {
    name: String,
    forms: Vec<(&'static str, Vec<u8>)>,
}

impl Canary {
    /// A secret that is a text.
    pub fn text(name: &str, text: &str) -> Self {
        Self::bytes(name, text.as_bytes())
    }

    /// A secret that is bytes, or becomes them on its way.
    pub fn bytes(name: &str, secret: &[u8]) -> Self {
        assert!(secret.len() >= 8, "{name} is so short that it would be found by chance");
        let hex = secret.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
        let mut forms = vec![
            ("plain", secret.to_vec()),
            ("hex", hex.clone().into_bytes()),
            ("HEX", hex.to_uppercase().into_bytes()),
            ("escaped for a URL", escaped(secret, |hex| hex).into_bytes()),
            ("escaped for a URL in lowercase", escaped(secret, |hex| hex.to_lowercase()).into_bytes()),
        ];
        if let Ok(text) = std::str::from_utf8(secret) {
            forms.push(("escaped for JSON", text.replace('/', "\\/").into_bytes()));
        }
        for (name, engine) in [("base64", &STANDARD), ("URL-safe base64", &URL_SAFE)] {
            forms.extend((0..3).map(|offset| (name, inner_base64(engine, secret, offset).into_bytes())));
        }
        Self { name: name.to_owned(), forms }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The form in which the secret stands in `bytes`, in words that do not tell it.
    pub fn found_in(&self, bytes: &[u8]) -> Option<String> {
        let (form, _) = self.forms.iter().find(|(_, form)| memmem::find(bytes, form).is_some())?;
        Some(format!("{}, {form}", self.name))
    }
}

fn escaped(secret: &[u8], digits: fn(String) -> String) -> String {
    let escape = |byte: &u8| match byte {
        byte if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) => char::from(*byte).to_string(),
        byte => format!("%{}", digits(format!("{byte:02X}"))),
    };
    secret.iter().map(escape).collect()
}

/// The characters that are the secret's alone when it stands in a longer text, `offset` bytes after a multiple of three.
fn inner_base64(engine: &impl Engine, secret: &[u8], offset: usize) -> String {
    let text = engine.encode([&vec![0; offset], secret].concat());
    let (begin, end) = ((offset * 8).div_ceil(6), (offset + secret.len()) * 8 / 6);
    text[begin..end].to_owned()
}

#[test]
fn a_secret_is_found_in_each_of_its_forms_and_only_then() {
    let secret = "kee/ping+a=secret";
    let canary = Canary::text("secret", secret);
    let mut hidden = vec![
        secret.to_owned(),
        "6b65652f70696e672b613d736563726574".to_owned(),
        "6B65652F70696E672B613D736563726574".to_owned(),
        "kee%2Fping%2Ba%3Dsecret".to_owned(),
        "kee%2fping%2ba%3dsecret".to_owned(),
        "kee\\/ping+a=secret".to_owned(),
    ];
    for before in ["", "a", "ab", "abc"] {
        hidden.push(STANDARD.encode(format!("{before}{secret} and more")));
        hidden.push(URL_SAFE.encode(format!("{before}{secret} and more")));
    }
    for hidden in hidden {
        assert!(canary.found_in(format!("before {hidden} after").as_bytes()).is_some(), "{hidden}");
        assert!(canary.found_in(&hidden.as_bytes()[1..hidden.len() / 2]).is_none(), "half of {hidden}");
    }
    assert!(canary.found_in(b"").is_none());
}
