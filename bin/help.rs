//! `--help` in the language of the terminal. Every text in the code says the same twice, "English. 中文"; here one half goes.

use clap::builder::PossibleValue;
use clap::{Arg, Command};

use crate::lang::Lang;

/// What the builder of the command line calls things, in Chinese.
const CHINESE_TEMPLATE: &str = "{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}";
/// Words of examples and headings, which stand in English alone in the code.
const CHINESE_WORDS: &[(&str, &str)] = &[
    ("Start here: ", "从这里开始："),
    (", then ", "，然后 "),
    ("Examples:", "示例："),
    ("Example:", "示例："),
    ("Scopes:", "权限："),
];
/// Those of clap's own that stand in a usage.
const CHINESE_USAGE: &[(&str, &str)] =
    &[("Usage: ", "用法："), ("[OPTIONS]", "[选项]"), ("<COMMAND>", "<命令>"), ("[COMMAND]", "[命令]")];

/// The command with each of its texts in `lang`, and so with those of its subcommands.
pub(crate) fn in_language(mut command: Command, lang: Lang) -> Command {
    command.build();
    spoken(command, lang)
}

fn spoken(mut command: Command, lang: Lang) -> Command {
    if let Some(about) = command.get_about().map(|about| half(&about.to_string(), lang)) {
        command = command.about(about).long_about(None);
    }
    if let Some(after) = command.get_after_help().map(|after| translated(&after.to_string(), lang)) {
        command = command.after_help(after);
    }
    command = command.mut_args(|mut arg| {
        if let Some(help) = arg.get_help().map(|help| half(&help.to_string(), lang)) {
            arg = arg.help(help).long_help(None);
        }
        if lang == Lang::En {
            return arg;
        }
        arg = with_values(arg);
        let heading = match arg.get_help_heading() {
            Some(_) => "配置",
            None if arg.is_positional() => "参数",
            None => "选项",
        };
        arg.help_heading(heading)
    });
    if lang == Lang::Zh {
        let usage = chinese_usage(&command.render_usage().to_string());
        command = command.override_usage(usage.trim_start_matches("用法：").to_owned());
        command = command.help_template(CHINESE_TEMPLATE).subcommand_help_heading("命令");
    }
    command.mut_subcommands(|command| spoken(command, lang))
}

/// What clap would say in English of an argument's values, said in its help.
fn with_values(arg: Arg) -> Arg {
    let choice = arg.get_possible_values();
    let choice = choice.iter().map(PossibleValue::get_name).collect::<Vec<_>>().join("、");
    let usual = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect::<Vec<_>>().join("、");
    let takes_values = arg.get_action().takes_values();
    let more = [("可选：", choice), ("默认：", usual)].into_iter().filter(|(_, what)| takes_values && !what.is_empty());
    let more: Vec<String> = more.map(|(name, what)| format!("{name}{what}")).collect();
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    if more.is_empty() {
        return arg;
    }
    arg.help(format!("{help}（{}）", more.join("；"))).hide_possible_values(true).hide_default_value(true)
}

/// A usage as clap writes it, in Chinese.
pub(crate) fn chinese_usage(usage: &str) -> String {
    CHINESE_USAGE.iter().fold(usage.to_owned(), |usage, (english, chinese)| usage.replace(english, chinese))
}

/// The half of "English. 中文" that is meant. The Chinese one begins with the first word that holds a Chinese character.
pub(crate) fn half(text: &str, lang: Lang) -> String {
    // What clap itself adds to every command.
    let own = match text {
        "Print help" => Some("显示帮助"),
        "Print version" => Some("显示版本"),
        _ => None,
    };
    let chinese = text.char_indices().find(|(_, char)| is_chinese(*char)).map(|(at, _)| at);
    let start = chinese.map(|at| text[..at].rfind([' ', '\n']).map_or(0, |space| space + 1));
    let (english, chinese) = start.map_or((text, own.unwrap_or(text)), |start| text.split_at(start));
    lang.pick(chinese, english).trim().trim_end_matches('.').to_owned()
}

fn translated(text: &str, lang: Lang) -> String {
    match lang {
        Lang::En => text.to_owned(),
        Lang::Zh => {
            CHINESE_WORDS.iter().fold(text.to_owned(), |text, (english, chinese)| text.replace(english, chinese))
        }
    }
}

fn is_chinese(char: char) -> bool {
    matches!(char, '\u{4e00}'..='\u{9fff}')
}

/// Whether a text says the same in both languages, or clap has said it.
pub(crate) fn is_in_both(text: &str) -> bool {
    matches!(text, "Print help" | "Print version") || (text.chars().any(is_chinese) && !half(text, Lang::En).is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_half_of_a_text_is_shown() {
        assert_eq!(half("Print JSON. 输出 JSON", Lang::En), "Print JSON");
        assert_eq!(half("Print JSON. 输出 JSON", Lang::Zh), "输出 JSON");
        assert_eq!(half("The app. 小程序 AppID", Lang::Zh), "小程序 AppID");
        assert_eq!(half("A URL. URL网址", Lang::Zh), "URL网址");
        assert_eq!(
            (half("Print help", Lang::Zh).as_str(), half("Print help", Lang::En).as_str()),
            ("显示帮助", "Print help")
        );
    }
}
