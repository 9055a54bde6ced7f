//! The three kinds of codes to scan: getwxacode, getwxacodeunlimit, createwxaqrcode. Success is a picture, failure JSON.

use bytes::Bytes;
use serde::Deserialize;

use super::{Image, Request, access};
use crate::state::State;

/// A picture that any decoder takes; it is no code that a phone could read.
const JPEG: &[u8] = include_bytes!("code.jpg");
const PNG: &[u8] = include_bytes!("code.png");
/// How many getwxacode and createwxaqrcode make for an app, together and for ever.
const FOR_LIFE: u32 = 100_000;
const WIDTHS: std::ops::RangeInclusive<i64> = 280..=1280;

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    path: String,
    #[serde(default)]
    scene: String,
    page: Option<String>,
    width: Option<i64>,
    #[serde(default)]
    is_hyaline: bool,
    env_version: Option<String>,
}

impl Body {
    fn posted(request: &Request) -> Result<Self, i64> {
        let body: Self = access::posted(request)?;
        let has_version = matches!(body.env_version.as_deref(), None | Some("release" | "trial" | "develop"));
        if has_version && body.width.is_none_or(|width| WIDTHS.contains(&width)) { Ok(body) } else { Err(40097) }
    }
}

/// getwxacode, with paths of at most 1024 bytes, or createwxaqrcode, with 128.
pub(super) fn limited(state: &mut State, request: &Request, longest_path: usize) -> Result<Image, i64> {
    let appid = access::appid(state, request)?;
    let body = Body::posted(request)?;
    if !(1..=longest_path).contains(&body.path.len()) {
        return Err(40159);
    }
    let made = state.codes_made.entry(appid).or_default();
    if *made >= FOR_LIFE {
        return Err(45029);
    }
    *made += 1;
    Ok(Image { num_used: Some(*made), ..image(&body, &body.path) })
}

pub(super) fn unlimited(state: &mut State, request: &Request) -> Result<Image, i64> {
    access::appid(state, request)?;
    let body = Body::posted(request)?;
    if !(1..=32).contains(&body.scene.len()) {
        return Err(40169);
    }
    if !body.scene.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&'()*+,/:;=?@-._~".contains(&byte)) {
        return Err(40129);
    }
    if body.page.as_ref().is_some_and(|page| page.starts_with('/') || page.contains('?')) {
        return Err(41030);
    }
    Ok(image(&body, &body.scene))
}

/// A JPEG that carries `text` as its comment, or the PNG of a code on transparent ground.
fn image(body: &Body, text: &str) -> Image {
    if body.is_hyaline {
        return Image { content_type: "image/png", num_used: None, bytes: Bytes::from_static(PNG) };
    }
    let (start, rest) = JPEG.split_at(2);
    let length = u16::try_from(text.len() + 2).unwrap_or(u16::MAX).to_be_bytes();
    let bytes = [start, &[0xFF, 0xFE], &length, text.as_bytes(), rest].concat();
    Image { content_type: "image/jpeg", num_used: None, bytes: bytes.into() }
}
