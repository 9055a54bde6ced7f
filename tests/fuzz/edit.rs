use std::ops::Range;

use fastrand::Rng;

/// No input is longer: the largest body that a route takes.
const MOST_BYTES: usize = 16 * 1024;
/// No piece is copied, moved or deleted that is longer.
const MOST_PIECE: usize = 64;

/// `input` after one random edit, or more, each further one half as likely. `other` is where pieces come from.
pub fn edited(input: &[u8], other: &[u8], words: &[&str], dice: &mut Rng) -> Vec<u8> {
    let mut bytes = input.to_vec();
    edit(&mut bytes, other, words, dice);
    while dice.bool() {
        edit(&mut bytes, other, words, dice);
    }
    bytes.truncate(MOST_BYTES);
    bytes
}

fn edit(bytes: &mut Vec<u8>, other: &[u8], words: &[&str], dice: &mut Rng) {
    let place = piece(bytes, dice);
    match dice.u32(0..9) {
        0 => drop(bytes.drain(place)),
        1 => put(bytes, place, &[dice.u8(..)]),
        2 => {
            if let Some(byte) = bytes.get_mut(place.start) {
                *byte ^= 1 << dice.u32(0..8);
            }
        }
        3 => {
            let copy = bytes[place.clone()].to_vec();
            put(bytes, place.end..place.end, &copy);
        }
        4 => {
            let copy = bytes[place].to_vec();
            let to = dice.usize(0..=bytes.len());
            put(bytes, to..to, &copy);
        }
        5 => put(bytes, place, &other[piece(other, dice)]),
        6 => put(bytes, place, number(dice).as_bytes()),
        // Twice as likely as the others: nothing but a word of the reader's own gets far into it.
        _ => {
            let word = dice.choice(words).map_or(&b""[..], |word| word.as_bytes());
            let place = if dice.bool() { place.start..place.start } else { place };
            put(bytes, place, word);
        }
    }
}

fn put(bytes: &mut Vec<u8>, place: Range<usize>, new: &[u8]) {
    bytes.splice(place, new.iter().copied());
}

/// A random range, shorter ones more often.
fn piece(bytes: &[u8], dice: &mut Rng) -> Range<usize> {
    let start = dice.usize(0..=bytes.len());
    let most = dice.usize(1..=MOST_PIECE);
    start..bytes.len().min(start + dice.usize(0..=most))
}

/// A number near an end of a range, or any.
fn number(dice: &mut Rng) -> String {
    let power = 1_i128 << dice.u32(0..66);
    let near = [0, power - 1, power, power + 1, -power, dice.i128(..)];
    dice.choice(near).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_differ_and_keep_within_the_limit() {
        let mut dice = Rng::with_seed(0);
        let input: Vec<u8> = (0..MOST_BYTES).map(|_| dice.u8(..)).collect();
        let mut made: Vec<_> = (0..100).map(|_| edited(&input, b"other", &["word"], &mut dice)).collect();
        assert!(made.iter().all(|bytes| bytes.len() <= MOST_BYTES));
        made.sort();
        made.dedup();
        assert!(made.len() > 90);
    }
}
