//! What is wrong with a plugin's settings beyond their types.

/// A setting that is of the right type and cannot be used all the same. The program tells it with the line or the variable
/// that says it, so the texts hold no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {english}")]
pub struct BadSetting {
    /// The key in the plugin's section.
    pub key: &'static str,
    /// What is wrong and what helps, in Chinese.
    pub chinese: String,
    /// The same in English.
    pub english: String,
}

/// The mini program that a plugin of a protocol without appids is for: the one that its setting `appid` names ("" for
/// none), or the only one.
///
/// # Errors
/// When it is none of the server's `appids`, or there are several and none is named.
pub fn app_of(named: &str, appids: &[String]) -> Result<String, BadSetting> {
    let bad = |chinese: &str, english: &str| BadSetting {
        key: "appid",
        chinese: chinese.to_owned(),
        english: english.to_owned(),
    };
    match (named, appids) {
        ("", [only]) => Ok(only.clone()),
        ("", _) => Err(bad("配置了多个小程序，请写明是哪一个", "there are several apps: say which one this is for")),
        (named, known) if known.iter().any(|appid| appid == named) => Ok(named.to_owned()),
        _ => Err(bad("不是已配置的小程序", "none of the apps that are configured")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_is_for_the_app_that_is_named_or_the_only_one() {
        let apps = ["wx1".to_owned(), "wx2".to_owned()];
        assert_eq!(app_of("", &apps[..1]).as_deref(), Ok("wx1"));
        assert_eq!(app_of("wx2", &apps).as_deref(), Ok("wx2"));
        for (named, known) in [("", &apps[..]), ("wx3", &apps), ("wx2", &apps[..1])] {
            assert_eq!(app_of(named, known).unwrap_err().key, "appid");
        }
    }
}
