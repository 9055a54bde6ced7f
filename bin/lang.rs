//! The two languages in which the program speaks to people.

use std::borrow::Cow;

/// Chinese or English, as the terminal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lang {
    Zh,
    En,
}

impl Lang {
    /// What `LC_ALL`, else `LC_MESSAGES`, else `LANG` name: Chinese for `zh…`, English for all others.
    pub(crate) fn of_environment() -> Self {
        Self::of(|name| std::env::var(name).ok())
    }

    fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let named = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(variable).find(|value| !value.is_empty());
        if named.is_some_and(|value| value.starts_with("zh")) { Self::Zh } else { Self::En }
    }

    /// The text of this language.
    pub(crate) fn pick<T>(self, zh: T, en: T) -> T {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

/// One sentence in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    zh: Cow<'static, str>,
    en: Cow<'static, str>,
}

/// Joins the Chinese and the English form of one sentence.
pub(crate) fn words(zh: impl Into<Cow<'static, str>>, en: impl Into<Cow<'static, str>>) -> Words {
    Words { zh: zh.into(), en: en.into() }
}

impl Words {
    /// The sentence in `lang`.
    pub(crate) fn say(&self, lang: Lang) -> &str {
        lang.pick(&self.zh, &self.en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lang(variables: &[(&str, &str)]) -> Lang {
        Lang::of(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn lc_all_comes_before_lang_and_an_empty_variable_does_not_count() {
        assert_eq!(lang(&[("LANG", "zh_CN.UTF-8")]), Lang::Zh);
        assert_eq!(lang(&[("LC_ALL", "C"), ("LANG", "zh_CN.UTF-8")]), Lang::En);
        assert_eq!(lang(&[("LC_ALL", ""), ("LANG", "zh_TW")]), Lang::Zh);
        assert_eq!(lang(&[]), Lang::En);
    }
}
