//! `--help` in the language of the terminal. Every text in the code says the same twice, "English. 中文"; here one half goes.

use clap::Command;

use crate::lang::Lang;

/// What the builder of the command line calls things, in Chinese.
const CHINESE_TEMPLATE: &str = "{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}";
/// Words of examples and headings, which stand in English alone in the code.
const CHINESE_WORDS: &[(&str, &str)] =
    &[("Start here:", "从这里开始："), ("Examples:", "示例："), ("Example:", "示例："), ("Scopes:", "权限：")];

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
        let heading = match arg.get_help_heading() {
            Some(_) => "配置",
            None if arg.is_positional() => "参数",
            None => "选项",
        };
        arg.help_heading(heading)
    });
    if lang == Lang::Zh {
        command = command.help_template(CHINESE_TEMPLATE).subcommand_help_heading("命令");
    }
    command.mut_subcommands(|command| spoken(command, lang))
}

/// The half of "English. 中文" that is meant. The Chinese one begins with the first word that holds a Chinese character.
fn half(text: &str, lang: Lang) -> String {
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

#[cfg(test)]
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
