//! What is wrong with the arguments, in the language of the terminal. clap says it in English; what people meet is said here in
//! Chinese.

use std::error::Error as _;

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::help;
use crate::lang::Lang;

/// The refusal of arguments; `None` where clap's own words will do: in English, for help, and for what hardly happens.
pub(crate) fn refusal(error: &Error, lang: Lang) -> Option<String> {
    match lang {
        Lang::Zh => chinese(error),
        // A text of ours says the same twice.
        Lang::En => error.source().map(ToString::to_string).filter(|source| help::is_in_both(source)).map(|source| {
            let said = error.to_string().replace(&source, &help::half(&source, Lang::En));
            said.trim_end().to_owned()
        }),
    }
}

fn chinese(error: &Error) -> Option<String> {
    let mut said = format!("错误：{}", what_is_wrong(error)?);
    for kind in [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue] {
        if let Some(better) = words(error, kind) {
            said.extend(["\n  是否想用：", &better]);
        }
    }
    if let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) {
        said.extend(["\n\n", &help::chinese_usage(&usage.to_string())]);
    }
    Some(said + "\n\n更多说明见 --help")
}

fn what_is_wrong(error: &Error) -> Option<String> {
    let argument = || words(error, ContextKind::InvalidArg);
    Some(match error.kind() {
        ErrorKind::InvalidSubcommand => format!("没有 {} 这个命令", words(error, ContextKind::InvalidSubcommand)?),
        ErrorKind::UnknownArgument => format!("没有 {} 这个参数", argument()?),
        ErrorKind::MissingRequiredArgument => format!("缺少 {}", argument()?),
        ErrorKind::ArgumentConflict => match words(error, ContextKind::PriorArg) {
            Some(prior) if Some(&prior) != argument().as_ref() => format!("{} 不能与 {prior} 同时使用", argument()?),
            _ => format!("{} 只能写一次", argument()?),
        },
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => of_value(error)?,
        _ => return None,
    })
}

fn of_value(error: &Error) -> Option<String> {
    let (argument, value) = (words(error, ContextKind::InvalidArg)?, words(error, ContextKind::InvalidValue)?);
    let expected = words(error, ContextKind::ValidValue).map(|values| format!("可选：{values}"));
    let expected = expected.or_else(|| error.source().map(|source| translated(&source.to_string())));
    let wrong =
        if value.is_empty() { format!("{argument} 缺少值") } else { format!("{argument} 的值 {value:?} 无效") };
    Some(expected.map_or(wrong.clone(), |expected| format!("{wrong}：{expected}")))
}

/// What a value should have been.
fn translated(source: &str) -> String {
    if let Some((_, range)) = source.split_once(" is not in ") {
        return format!("应为 {}", range.replace("..=", " 到 "));
    }
    match source {
        "invalid digit found in string" | "cannot parse integer from empty string" => "应为整数".to_owned(),
        _ => help::half(source, Lang::Zh),
    }
}

/// The words of a context; of several, all.
fn words(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(word) => Some(word.clone()),
        ContextValue::Strings(words) if !words.is_empty() => Some(words.join("、")),
        _ => None,
    }
}
