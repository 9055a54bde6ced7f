use std::collections::VecDeque;
use std::os::unix::fs::PermissionsExt;

use super::questions::Ask;
use super::*;
use crate::lang::Words;

const APPID: &str = "wx0123456789abcdef";
const SECRET: &str = "c0ffee00c0ffee00c0ffee00c0ffee00";

/// Answers that lie ready, and what was said against them.
#[derive(Default)]
struct Ready {
    answers: VecDeque<String>,
    input: Option<String>,
    rejected: Vec<String>,
}

impl Ready {
    fn with(answers: &[&str]) -> Self {
        Self { answers: answers.iter().map(|answer| (*answer).to_owned()).collect(), ..Self::default() }
    }
}

impl Ask for Ready {
    fn is_there(&self) -> bool {
        self.input.is_none()
    }

    fn ask(&mut self, _: &Words) -> Result<String, Failure> {
        self.answers.pop_front().ok_or_else(|| Failure::problem(words("", "nobody answers")))
    }

    fn ask_hidden(&mut self, question: &Words) -> Result<Zeroizing<String>, Failure> {
        self.ask(question).map(Zeroizing::new)
    }

    fn reject(&mut self, why: &Words) {
        self.rejected.push(why.say(Lang::En).to_owned());
    }

    fn input(&mut self) -> Result<Zeroizing<String>, Failure> {
        Ok(Zeroizing::new(self.input.take().unwrap()))
    }
}

fn flags() -> Flags {
    Flags { appid: None, secret_file: None, public_url: None, listen: None, data_dir: None, systemd: false, yes: false }
}

fn secret(answers: &Answers) -> &str {
    match &answers.secret {
        Secret::Text(text) => text,
        Secret::File(path) => path.to_str().unwrap(),
    }
}

#[test]
fn four_answers_are_enough_and_a_wrong_one_is_asked_for_again() {
    let mut ready = Ready::with(&["wx1", APPID, "", SECRET, "ftp://a", "api.example.com/", "8520", ""]);
    let answers = questions::answers(flags(), &mut ready).unwrap();
    let said = (answers.appid.as_str(), secret(&answers), answers.public_url.as_str(), answers.listen.as_str());
    assert_eq!(said, (APPID, SECRET, "https://api.example.com", "127.0.0.1:8520"));
    assert_eq!(ready.rejected.len(), 4, "{:?}", ready.rejected);
    assert!(ready.rejected.iter().all(|why| why.starts_with("expected ") && !why.contains("c0ffee")));
}

#[test]
fn a_secret_may_be_a_file_that_is_its_owners_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (tight, loose) = (dir.path().join("tight"), dir.path().join("loose"));
    create(&tight, format!("{SECRET}\n").as_bytes()).unwrap();
    create(&loose, SECRET.as_bytes()).unwrap();
    fs::set_permissions(&loose, fs::Permissions::from_mode(0o644)).unwrap();
    let mut ready = Ready::with(&[APPID, loose.to_str().unwrap(), tight.to_str().unwrap(), "", ""]);
    let answers = questions::answers(flags(), &mut ready).unwrap();
    assert_eq!(secret(&answers), tight.to_str().unwrap());
    assert!(ready.rejected[0].contains("chmod 600"), "{:?}", ready.rejected);
}

#[test]
fn without_a_terminal_the_flags_answer_and_the_secret_comes_from_standard_input() {
    let nobody = || Ready { input: Some(format!("{SECRET}\r\n")), ..Ready::default() };
    let given = Flags { appid: Some(APPID.to_owned()), secret_file: Some("-".into()), ..flags() };
    let answers = questions::answers(given, &mut nobody()).unwrap();
    assert_eq!((secret(&answers), answers.public_url.as_str()), (SECRET, ""));
    let missing = questions::answers(flags(), &mut nobody()).err().unwrap();
    assert_eq!((missing.exit, missing.words.say(Lang::En).contains("--appid")), (Exit::Usage, true));
    let wrong = Flags { appid: Some("wx1".to_owned()), ..flags() };
    assert_eq!(questions::answers(wrong, &mut nobody()).err().unwrap().exit, Exit::Usage);
    let yes = Flags { yes: true, ..flags() };
    assert_eq!(questions::answers(yes, &mut Ready::with(&[APPID])).err().unwrap().exit, Exit::Usage);
}

#[test]
fn the_file_is_short_and_means_what_was_answered_whatever_the_paths() {
    let dir = tempfile::tempdir().unwrap();
    let odd = dir.path().join("a \"quoted\" \\ 目录");
    fs::create_dir(&odd).unwrap();
    let secret_file = odd.join(SECRET_FILE);
    create(&secret_file, SECRET.as_bytes()).unwrap();
    let answers = Answers {
        appid: APPID.to_owned(),
        secret: Secret::File(secret_file.clone()),
        public_url: String::new(),
        listen: "unix:/run/a.sock".to_owned(),
    };
    let text = text(&answers, &odd.join(DATA), &secret_file);
    assert!(text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count() <= 25);
    let file = odd.join(FILE);
    create(&file, text.as_bytes()).unwrap();
    let config = config::load(&Sources { file: Some(file), ..Sources::default() }).unwrap();
    assert_eq!(config.settings.data_dir, odd.join(DATA));
    assert_eq!(config.settings.listen.public.to_string(), "unix:/run/a.sock");
    assert!(config.warnings.is_empty());
}

#[test]
fn only_a_file_of_comments_makes_way() {
    let dir = tempfile::tempdir().unwrap();
    let [file, link] = ["wxgate.toml", "link"].map(|name| dir.path().join(name));
    std::os::unix::fs::symlink(&file, &link).unwrap();
    for text in ["", "# nothing yet\n\n  # 尚未配置\n", include_str!("../../config/deb/wxgate.toml")] {
        fs::write(&file, text).unwrap();
        assert!(refuse_existing(&file).is_ok(), "{text}");
        assert!(refuse_existing(&link).is_err());
    }
    for text in ["# a\npublic_url = \"\"\n", "[[app]]", "not TOML"] {
        fs::write(&file, text).unwrap();
        assert!(refuse_existing(&file).is_err(), "{text}");
    }
}
