//! Pictures of people: whatever was sent is decoded and drawn anew, so that nothing of it survives but its pixels.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, Rgb, RgbImage, guess_format};

/// Pixels of the longer side of what is kept.
const SIDE: u32 = 256;
/// Pixels that a side may have, and bytes that a picture may take once decoded: what cameras of phones make, and far
/// below what a small file can claim to be.
pub const MOST_SIDE: u32 = 4096;
const MOST_BYTES: u64 = 48 * 1024 * 1024;
/// A picture of 256 pixels takes some 15 KiB.
const QUALITY: u8 = 85;

/// The type of what [`redrawn`] gives.
pub const MEDIA_TYPE: &str = "image/jpeg";

/// A PNG, JPEG or WebP, told by its content, as a JPEG of at most 256 by 256 pixels: upright, and on white where it was
/// transparent; of a moving picture the first one. `None` for what is none of these, or too large when decoded.
pub fn redrawn(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = decoder(bytes)?;
    // What cannot be read of how it was taken says nothing against the picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).ok()?;
    if image.width().max(image.height()) > SIDE {
        image = image.thumbnail(SIDE, SIDE);
    }
    image.apply_orientation(orientation);
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&on_white(&image)).ok()?;
    Some(jpeg)
}

fn decoder(bytes: &[u8]) -> Option<impl ImageDecoder> {
    // Named here too: another crate may turn on more codecs.
    let ours = |format: &ImageFormat| matches!(format, ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), guess_format(bytes).ok().filter(ours)?);
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    limits.max_alloc = Some(MOST_BYTES);
    reader.limits(limits);
    reader.into_decoder().ok().filter(|decoder| decoder.total_bytes() <= MOST_BYTES)
}

fn on_white(image: &DynamicImage) -> RgbImage {
    let image = image.to_rgba8();
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let [red, green, blue, alpha] = image.get_pixel(x, y).0.map(u16::from);
        // The mean of two bytes is one.
        let mixed = |colour: u16| u8::try_from((colour * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX);
        Rgb([mixed(red), mixed(green), mixed(blue)])
    })
}

#[cfg(test)]
mod tests;
