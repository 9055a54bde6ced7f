//! The kinds of value a key takes, and how each is read from TOML or from a variable's text.

use figment::value::Value;
use toml_edit::Item;

use crate::lang::{Words, words};

/// What a key takes. The two texts say what is expected, in Chinese and in English.
pub(super) enum Kind {
    Text(fn(&str) -> bool, &'static str, &'static str),
    /// Texts that each pass the check; a variable separates them by commas.
    List(fn(&str) -> bool, &'static str, &'static str),
    /// A whole number within these bounds, both included.
    Whole(i64, i64),
    Flag,
    OneOf(&'static [&'static str]),
}

impl Kind {
    /// Reads a value of the file. The error says what was expected, never what was found in it.
    pub(super) fn of_item(&self, item: &Item) -> Result<Value, Words> {
        let value = match self {
            Self::Text(..) | Self::OneOf(_) => item.as_str().map(|text| self.of_text(text)),
            Self::Whole(..) => item.as_integer().map(|number| self.whole(number)),
            Self::Flag => item.as_bool().map(|flag| Ok(Value::from(flag))),
            Self::List(check, ..) => item.as_array().map(|array| {
                let texts: Option<Vec<&str>> = array.iter().map(toml_edit::Value::as_str).collect();
                texts
                    .filter(|texts| texts.iter().all(|text| check(text)))
                    .map(Value::from)
                    .ok_or_else(|| self.expected())
            }),
        };
        value.unwrap_or_else(|| {
            let (expected, found) = (self.expected(), item.type_name());
            Err(words(
                format!("{}，而这里是 {found}", expected.say(crate::lang::Lang::Zh)),
                format!("{}, found {found}", expected.say(crate::lang::Lang::En)),
            ))
        })
    }

    /// Reads the text of a variable or flag, which gets its type only here: `0123` stays `0123` where a text is due.
    pub(super) fn of_text(&self, text: &str) -> Result<Value, Words> {
        match self {
            Self::Text(check, ..) => check(text).then(|| Value::from(text)),
            Self::OneOf(choices) => choices.contains(&text).then(|| Value::from(text)),
            Self::Whole(..) => return text.parse().map_err(|_| self.expected()).and_then(|number| self.whole(number)),
            Self::Flag => text.parse().ok().map(|flag: bool| Value::from(flag)),
            Self::List(check, ..) => {
                let texts: Vec<&str> = text.split(',').map(str::trim).filter(|text| !text.is_empty()).collect();
                texts.iter().all(|text| check(text)).then(|| Value::from(texts))
            }
        }
        .ok_or_else(|| self.expected())
    }

    fn whole(&self, number: i64) -> Result<Value, Words> {
        match self {
            Self::Whole(least, most) if (*least..=*most).contains(&number) => Ok(Value::from(number)),
            _ => Err(self.expected()),
        }
    }

    /// "expected …"
    fn expected(&self) -> Words {
        match self {
            Self::Text(_, zh, en) => words(format!("应为{zh}"), format!("expected {en}")),
            Self::List(_, zh, en) => words(format!("应为列表：{zh}"), format!("expected a list of {en}")),
            Self::Whole(least, most) => {
                words(format!("应为 {least} 到 {most} 的整数"), format!("expected a whole number, {least} to {most}"))
            }
            Self::Flag => words("应为 true 或 false", "expected true or false"),
            Self::OneOf(choices) => {
                let all = choices.iter().map(|choice| format!("\"{choice}\"")).collect::<Vec<_>>().join(", ");
                words(format!("应为其中之一：{all}"), format!("expected one of {all}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variables_text_gets_its_type_from_the_key() {
        let any = Kind::Text(|_| true, "", "");
        assert_eq!(any.of_text("0123"), Ok(Value::from("0123")));
        assert_eq!(any.of_text("true"), Ok(Value::from("true")));
        assert_eq!(Kind::Flag.of_text("true"), Ok(Value::from(true)));
        assert_eq!(Kind::Whole(0, 9).of_text("7"), Ok(Value::from(7_i64)));
        assert_eq!(Kind::List(|_| true, "", "").of_text("a, b,"), Ok(Value::from(vec!["a", "b"])));
        assert!(Kind::Flag.of_text("yes").is_err() && Kind::Whole(0, 9).of_text("10").is_err());
    }
}
