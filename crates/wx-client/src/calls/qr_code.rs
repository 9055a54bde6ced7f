//! Pictures to scan (WeChat: 小程序码, 二维码).

use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::json;

use crate::answer;
use crate::calls::EnvVersion;
use crate::http::{Answer, Call};
use crate::{Client, Error, Result};

/// Room for the largest picture that WeChat makes, 1280 pixels wide, several times.
const IMAGE_LIMIT_BYTES: usize = 2 * 1024 * 1024;

refusals! {
    /// Why there is no picture.
    CodeRefusal {
        /// A width or another argument is out of its range.
        Argument = 40097,
        /// The scene is too long, or has characters that it may not have.
        Scene = 40129 | 40169,
        /// The path is empty or too long.
        Path = 40159,
        /// The published mini program has no such page.
        Page = 41030,
        /// The minute's codes are made: wait.
        TooOften = 45009,
        /// All 100,000 codes that an app may ever make this way are made: [`Client::unlimited_code`] has no such limit.
        SpentForLife = 45029,
        /// The scene or path has a field that WeChat keeps for itself.
        Reserved = 85096,
    }
}

/// A picture.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    /// By its first bytes; WeChat's Content-Type is not reliable.
    pub kind: ImageKind,
    /// At most 2 MiB.
    pub bytes: Vec<u8>,
    /// How many of the 100,000 codes are made, where they are counted and WeChat says so (the header `Num-Used`).
    pub used_for_life: Option<u32>,
}

/// The format of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageKind {
    /// `image/jpeg`
    Jpeg,
    /// `image/png`: those on transparent ground.
    Png,
}

/// How a code looks. What is `None` is as WeChat likes it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CodeStyle {
    /// Pixels, 280 to 1280; 430 if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u16>,
    /// Whether WeChat chooses the colour of the lines.
    pub auto_color: bool,
    /// The colour of the lines, where WeChat does not choose it: black if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line_color: Option<Rgb>,
    /// Whether the ground is transparent.
    pub is_hyaline: bool,
    /// The version it opens: the released one if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_version: Option<EnvVersion>,
}

/// A colour, each part 0 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it all")]
pub struct Rgb {
    pub r: u8,
    pub g: u8,
    pub b: u8,
}

/// A code of the kind that an app may make any number of.
#[derive(Debug, Clone, Serialize)]
pub struct UnlimitedCode<'a> {
    /// What the page is told: 1 to 32 of ``0-9A-Za-z!#$&'()*+,/:;=?@-._~``.
    pub scene: &'a str,
    /// The page, without a slash in front and without a query; the first one if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<&'a str>,
    /// Whether the published mini program must have the page.
    pub check_path: bool,
    /// How it looks.
    #[serde(flatten)]
    pub style: CodeStyle,
}

#[derive(Serialize)]
struct LimitedCode<'a> {
    path: &'a str,
    #[serde(flatten)]
    style: &'a CodeStyle,
}

impl Client {
    /// A round code of which an app may make any number, 5000 a minute (WeChat: 获取不限制的小程序码).
    ///
    /// # Errors
    /// [`CodeRefusal`]
    pub async fn unlimited_code(&self, appid: &str, code: &UnlimitedCode<'_>) -> Result<Image> {
        self.image(appid, Call::post("/wxa/getwxacodeunlimit", code)).await
    }

    /// A round code for a path of at most 1024 bytes, one of the 100,000 that an app may ever make
    /// (WeChat: 获取小程序码). After [`Unreachable`](Error::Unreachable) with `sent` it may have been counted.
    ///
    /// # Errors
    /// [`CodeRefusal`]
    pub async fn code(&self, appid: &str, path: &str, style: &CodeStyle) -> Result<Image> {
        self.image(appid, Call::post("/wxa/getwxacode", &LimitedCode { path, style })).await
    }

    /// A square code for a path of at most 128 bytes, counted with those of [`code`](Self::code)
    /// (WeChat: 获取小程序二维码). `width` is 280 to 1280 pixels.
    ///
    /// # Errors
    /// [`CodeRefusal`]
    pub async fn square_code(&self, appid: &str, path: &str, width: u16) -> Result<Image> {
        let body = json!({ "path": path, "width": width });
        self.image(appid, Call::post("/cgi-bin/wxaapp/createwxaqrcode", &body)).await
    }

    async fn image(&self, appid: &str, call: Call<'_>) -> Result<Image> {
        self.call_and_read(appid, Call { limit_bytes: IMAGE_LIMIT_BYTES, ..call }, image).await
    }
}

fn image(answer: Answer, hidden: &[&str]) -> Result<Image> {
    let kind = match answer.body.as_slice() {
        [0xFF, 0xD8, ..] => ImageKind::Jpeg,
        [0x89, b'P', b'N', b'G', ..] => ImageKind::Png,
        body => {
            answer::read::<IgnoredAny>(body, hidden)?;
            return Err(Error::Unreadable { reason: "neither a picture nor a refusal" });
        }
    };
    let used = answer.headers.get("num-used").and_then(|used| used.to_str().ok()?.parse().ok());
    Ok(Image { kind, bytes: answer.body, used_for_life: used })
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kind, bytes, used_for_life } = self;
        f.debug_struct("Image")
            .field("kind", kind)
            .field("bytes", &bytes.len())
            .field("used_for_life", used_for_life)
            .finish()
    }
}
