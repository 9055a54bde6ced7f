use wxgate_fuzz::Target;

use super::{CURSOR_BYTES, List, Question, Vault, bytes};

/// The corpus is of this key file.
const KEY_FILE: &str = "wxgate-key-1 00000001 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";

#[test]
fn a_cursor_that_was_not_made_here_is_none() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/cursor");
    let vault = Vault::parse_key_file(KEY_FILE).unwrap();
    let question = Question::new(List::Members, &["wx", "", ""]);
    let made: Vec<_> = [1, 2, 50].map(|position| question.cursor(&vault, position)).to_vec();
    let words: Vec<&str> = made.iter().map(String::as_str).chain(["00", "01", "02", "ff", "wxa_", "é"]).collect();
    Target { corpus, words: &words, inputs: 100_000, outcomes: &["cursor", "forged", "refused"] }.run(|input| {
        let Ok(text) = str::from_utf8(input) else { return "refused" };
        let Some(bytes) = bytes(text) else { return "refused" };
        assert_eq!(text.len(), 2 * CURSOR_BYTES);
        let Some(position) = question.position(&vault, text) else { return "forged" };
        assert_eq!(question.cursor(&vault, position), text, "one position has one text");
        assert!(made.iter().any(|cursor| cursor == text), "{bytes:?} was not made here");
        "cursor"
    });
}
