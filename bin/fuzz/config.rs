use std::fs;

use toml_edit::{Document, TableLike};
use wxgate_fuzz::Target;

use super::{Config, Refusal, Sources, load};
use crate::lang::Lang;

/// The AppSecret of the corpus begins so, and its push secrets do.
const CANARY: &str = "c0ffee";
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "[session]\n", "[listen]\n", "[store]\n", "[[app]]\n", "[app.push]\n", "[plugins.classic]\n", "phone_by_code = ", "idle_days = ", "appid = ", "secret = ", "secret_file = ",
    "public = ", "trusted_proxies = ", "url = ", "\"wx0123456789abcdef\"", "\"c0ffee00c0ffee00c0ffee00c0ffee00\"",
    "\"127.0.0.1:8520\"", "\"sqlite:\"", "true", "[", "]", "{", "}", "\"", "'", "\"\"\"", "#", "=", ".", "\n", "\r\n", "1e5",
    "1979-05-27", "\\u0000", "\u{4f60}",
];

#[test]
fn a_configuration_is_refused_without_a_value_or_survives_its_own_report() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/bin/fuzz/config");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wxgate.toml");
    let read = |text: &[u8]| {
        // A new file: some file systems wait for the disk when one is written over.
        drop(fs::remove_file(&file));
        fs::write(&file, text).unwrap();
        load(&Sources { file: Some(file.clone()), ..Sources::default() })
    };
    Target { corpus, words: WORDS, inputs: 6_000, outcomes: &["config", "refused"] }.run(|input| match read(input) {
        Ok(config) => {
            assert!(!shown(&config).contains(CANARY));
            // What stands for a secret is an AppSecret's shape, but not that of the push secrets.
            let text = config.report.values().replace("token = \"***\"", "token = \"abc\"");
            let text = text.replace("key = \"***\"", &format!("key = \"{}\"", "A".repeat(43)));
            let again = read(text.as_bytes()).unwrap_or_else(|refusal| panic!("{refusal:?}"));
            assert_eq!(again.report.values_json(), config.report.values_json());
            "config"
        }
        Err(refusal) => {
            assert!(!refusal.0.is_empty());
            assert!(!told(&refusal).contains(CANARY) || is_name(input), "{refusal:?}");
            "refused"
        }
    });
}

/// All that `config check` and `config show` print.
fn shown(config: &Config) -> String {
    let Config { report, warnings, .. } = config;
    let langs = [Lang::Zh, Lang::En]
        .map(|lang| report.origins(warnings, lang) + &report.origins_json(warnings, lang).to_string());
    langs.concat() + &report.values() + &report.values_json().to_string()
}

fn told(refusal: &Refusal) -> String {
    let lines = [Lang::Zh, Lang::En].into_iter().flat_map(|lang| refusal.0.iter().map(move |flaw| flaw.line(lang)));
    lines.collect::<String>() + &format!("{refusal:?}")
}

/// Whether edits made the canary the name of a key or of a file, which may be told.
fn is_name(input: &[u8]) -> bool {
    let Ok(document) = str::from_utf8(input).map_err(drop).and_then(|text| Document::parse(text).map_err(drop)) else {
        return false;
    };
    names(document.as_table())
}

fn names(table: &dyn TableLike) -> bool {
    table.iter().any(|(name, item)| {
        let tables = item.as_array_of_tables().into_iter().flatten().map(|table| table as &dyn TableLike);
        let is_file = name.ends_with("_file") && item.as_str().is_some_and(|path| path.contains(CANARY));
        name.contains(CANARY) || is_file || item.as_table_like().into_iter().chain(tables).any(names)
    })
}
