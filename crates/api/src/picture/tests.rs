use image::{Rgba, RgbaImage};

use super::*;

fn drawn(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let image = RgbImage::from_fn(width, height, |x, y| {
        if y < height / 2 { Rgb([255, 0, 0]) } else { Rgb([0, 0, x.to_le_bytes()[0]]) }
    });
    encoded(&DynamicImage::ImageRgb8(image), format)
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn seen(jpeg: &[u8]) -> RgbImage {
    assert_eq!(guess_format(jpeg).unwrap(), ImageFormat::Jpeg);
    image::load_from_memory(jpeg).unwrap().to_rgb8()
}

/// Roughly: JPEG keeps no exact colours.
fn is_red(pixel: Rgb<u8>) -> bool {
    pixel.0[0] > 200 && pixel.0[1] < 60 && pixel.0[2] < 60
}

/// The JPEG with an EXIF block that says how the camera was held, and where.
fn with_exif(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let tiff = [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(), &[orientation, 0, 0, 0], &[0; 4]].concat();
    let block = [b"Exif\0\0".as_slice(), &tiff, b"GPS canary"].concat();
    let length = u16::try_from(block.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], b"\xff\xe1", &length, &block, &jpeg[2..]].concat()
}

/// The PNG with another width and height in its head.
fn claiming(png: &[u8], side: u32) -> Vec<u8> {
    let mut png = png.to_vec();
    png[16..20].copy_from_slice(&side.to_be_bytes());
    png[20..24].copy_from_slice(&side.to_be_bytes());
    let sum = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&sum.to_be_bytes());
    png
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
    !bytes.iter().fold(u32::MAX, |sum, &byte| (0..8).fold(sum ^ u32::from(byte), |sum, _| step(sum)))
}

#[test]
fn each_format_becomes_a_small_jpeg() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        for (width, height, expected) in
            [(1024, 512, (256, 128)), (300, 900, (85, 256)), (64, 40, (64, 40)), (1, 1, (1, 1))]
        {
            let jpeg = redrawn(&drawn(width, height, format)).unwrap();
            let picture = seen(&jpeg);
            assert_eq!(picture.dimensions(), expected, "{format:?}");
            assert!(jpeg.len() < 64 * 1024, "{format:?}: {}", jpeg.len());
        }
    }
    assert_eq!(seen(&redrawn(&drawn(4096, 1, ImageFormat::Png)).unwrap()).dimensions(), (256, 1));
}

#[test]
fn the_camera_is_held_upright_and_where_it_was_is_forgotten() {
    let jpeg = drawn(64, 32, ImageFormat::Jpeg);
    // Upside down, and a quarter turn to the right.
    for (orientation, dimensions, red) in [(1, (64, 32), (5, 5)), (3, (64, 32), (5, 27)), (6, (32, 64), (27, 5))] {
        let taken = with_exif(&jpeg, orientation);
        let upright = redrawn(&taken).unwrap();
        let picture = seen(&upright);
        assert_eq!(picture.dimensions(), dimensions);
        assert!(is_red(*picture.get_pixel(red.0, red.1)), "{orientation}");
        let holds = |bytes: &[u8], word: &[u8]| bytes.windows(word.len()).any(|part| part == word);
        assert!(holds(&taken, b"canary") && !holds(&upright, b"canary") && !holds(&upright, b"Exif"));
    }
}

#[test]
fn what_is_transparent_becomes_white() {
    let image = RgbaImage::from_fn(64, 64, |x, _| if x < 32 { Rgba([255, 0, 0, 255]) } else { Rgba([0, 0, 0, 0]) });
    let picture = seen(&redrawn(&encoded(&DynamicImage::ImageRgba8(image), ImageFormat::Png)).unwrap());
    assert!(is_red(*picture.get_pixel(5, 5)));
    assert!(picture.get_pixel(60, 5).0.iter().all(|&colour| colour > 240), "{:?}", picture.get_pixel(60, 5));
}

#[test]
fn what_claims_to_be_larger_than_a_camera_makes_is_refused_before_it_is_decoded() {
    let png = drawn(8, 8, ImageFormat::Png);
    assert!(redrawn(&claiming(&png, 8)).is_some(), "the claim is well made");
    for side in [0, 4097, 50_000, u32::MAX / 2] {
        assert!(redrawn(&claiming(&png, side)).is_none(), "{side}");
    }
    // 4096 x 4096 are no more than a side may have, but with 16 bits for each of four channels too much in all.
    let mut deep = claiming(&png, 4096);
    (deep[24], deep[25]) = (16, 6);
    let sum = crc32(&deep[12..29]);
    deep[29..33].copy_from_slice(&sum.to_be_bytes());
    assert!(decoder(&deep).is_none());
    let mut jpeg = drawn(8, 8, ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|marker| marker == b"\xff\xc0").unwrap();
    jpeg[frame + 5..frame + 9].fill(0xff);
    assert!(redrawn(&jpeg).is_none());
}

#[test]
fn what_is_no_picture_is_refused_however_it_begins() {
    let png = drawn(64, 64, ImageFormat::Png);
    let jpeg = drawn(64, 64, ImageFormat::Jpeg);
    let broken = [png[..png.len() / 2].to_vec(), [&png[..40], b"garbage".as_slice()].concat(), jpeg[..20].to_vec()];
    for bytes in broken {
        assert!(redrawn(&bytes).is_none());
    }
    for bytes in [
        b"".as_slice(),
        b"GIF89a\x01\0\x01\0\0\0\0;",
        b"BM\x3a\0\0\0",
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"RIFF\x04\0\0\0WEBP",
        b"<html>",
        &[0; 4096],
    ] {
        assert!(redrawn(bytes).is_none(), "{bytes:?}");
    }
}
