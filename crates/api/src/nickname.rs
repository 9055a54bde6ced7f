//! Text that people chose for themselves, kept harmless.

use unicode_normalization::UnicodeNormalization;

const MOST_CHARACTERS: usize = 64;
const MOST_BYTES: usize = 256;

/// The nickname in normal form C, without surrounding blanks and without bidirectional controls, which could turn
/// around the text beside it. `None` when it is empty, too long (64 characters, 256 bytes), or has control characters.
pub fn nickname(text: &str) -> Option<String> {
    if text.chars().any(char::is_control) {
        return None;
    }
    let name: String = text.nfc().filter(|character| !is_bidi_control(*character)).collect();
    let name = name.trim();
    let fits = !name.is_empty() && name.chars().count() <= MOST_CHARACTERS && name.len() <= MOST_BYTES;
    fits.then(|| name.to_owned())
}

/// How nicknames begin that are looked for, in the form in which they are kept. `None` when none can begin so.
pub fn nickname_prefix(text: &str) -> Option<String> {
    if text.chars().any(char::is_control) {
        return None;
    }
    let prefix: String = text.nfc().collect();
    (prefix.chars().count() <= MOST_CHARACTERS).then_some(prefix)
}

fn is_bidi_control(character: char) -> bool {
    matches!(character, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_call_themselves_is_kept() {
        for name in ["小明😀", "Band", "👨‍👩‍👧", "O'Neil <b>", "=1+1"] {
            assert_eq!(nickname(name).as_deref(), Some(name));
        }
        assert_eq!(nickname("  a b ").as_deref(), Some("a b"));
        assert_eq!(nickname("e\u{301}").as_deref(), Some("é"));
    }

    #[test]
    fn nickname_corpus() {
        for name in ["", "   ", "a\0b", "a\nb", "\u{85}", &"x".repeat(65), &"😀".repeat(65)] {
            assert_eq!(nickname(name), None, "{name:?}");
        }
        assert_eq!(nickname("\u{202e}evil").as_deref(), Some("evil"));
        assert_eq!(nickname("\u{2067}\u{200f}"), None);
    }
}
