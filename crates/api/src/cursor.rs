//! Where a list goes on, as a text that nobody else can make.

use std::fmt::Write;

use wxgate_crypto::Vault;

use crate::app::App;
use crate::error::ApiError;
use crate::problem::Problem;
use crate::remembered::hash_of;

const LIST_BYTES: usize = 1;
const POSITION_BYTES: usize = 8;
const MARK_BYTES: usize = 16;
const CURSOR_BYTES: usize = LIST_BYTES + POSITION_BYTES + MARK_BYTES;

/// The lists that have pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    Members = 1,
    Audit = 2,
    Deliveries = 3,
    Export = 4,
}

/// A list, and what was asked for of it: a cursor of another question is none.
pub struct Question {
    list: List,
    asked: [u8; 32],
}

impl Question {
    /// What is not asked for is an empty text.
    pub fn new(list: List, asked: &[&str]) -> Self {
        Self { list, asked: hash_of(asked) }
    }

    /// Hexadecimal digits, so that no cursor looks like a token: list, position, and 128 bits of HMAC over both and the
    /// question.
    fn cursor(&self, vault: &Vault, position: i64) -> String {
        let position = position.to_be_bytes();
        let bytes = [&[self.list as u8][..], &position, &self.mark(vault, position)].concat();
        digits(&bytes)
    }

    /// The position in a cursor that was made here for this very question.
    fn position(&self, vault: &Vault, cursor: &str) -> Option<i64> {
        let bytes = bytes(cursor)?;
        let (list, rest) = bytes.split_first_chunk::<LIST_BYTES>()?;
        let (position, mark) = rest.split_first_chunk::<POSITION_BYTES>()?;
        let is_ours = subtle::ConstantTimeEq::ct_eq(mark, &self.mark(vault, *position)[..]);
        (*list == [self.list as u8] && bool::from(is_ours)).then(|| i64::from_be_bytes(*position))
    }

    fn mark(&self, vault: &Vault, position: [u8; POSITION_BYTES]) -> [u8; MARK_BYTES] {
        vault.cursor_mark(&[&[self.list as u8][..], &position, &self.asked].concat())
    }
}

/// Bytes as lowercase hexadecimal digits.
pub fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        write!(digits, "{byte:02x}").expect("a String takes all");
        digits
    })
}

/// What lowercase hexadecimal digits stand for, and nothing else.
fn bytes(text: &str) -> Option<[u8; CURSOR_BYTES]> {
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    bytes?.try_into().ok()
}

impl App {
    /// The text with which the next page is asked for.
    pub(crate) fn cursor(&self, question: &Question, position: i64) -> String {
        question.cursor(&self.vault, position)
    }

    /// Where the page begins that `after` asks for.
    ///
    /// # Errors
    /// `bad_request` when it is not a cursor that the same question was answered with.
    pub(crate) fn position(&self, question: &Question, after: Option<String>) -> Result<Option<i64>, ApiError> {
        let position = |cursor: String| question.position(&self.vault, &cursor).ok_or(Problem::BadCursor);
        Ok(after.map(position).transpose()?)
    }
}

#[cfg(test)]
#[path = "../fuzz/cursor.rs"]
mod fuzz;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_for_its_own_question_only() {
        let vault = Vault::parse_key_file(&Vault::generate_key_file()).unwrap();
        let question = Question::new(List::Members, &["wx", "", "o1"]);
        for position in [i64::MIN, -1, 0, 1, 4_711, i64::MAX] {
            let cursor = question.cursor(&vault, position);
            assert_eq!(question.position(&vault, &cursor), Some(position));
            for other in [
                Question::new(List::Audit, &["wx", "", "o1"]),
                Question::new(List::Members, &["wx", "o1", ""]),
                Question::new(List::Members, &["wxo", "", "1"]),
            ] {
                assert_eq!(other.position(&vault, &cursor), None);
            }
            let another = Vault::parse_key_file(&Vault::generate_key_file()).unwrap();
            assert_eq!(question.position(&another, &cursor), None);
            assert_eq!(question.position(&vault, &cursor.to_uppercase()), None);
        }
    }
}
