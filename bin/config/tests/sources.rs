//! Which source wins, and how a variable's text becomes a value.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use wx_client::calls::RiskScene;
use wxgate_api::settings::{Risk, RiskAction};

use super::{APP, APPID, Bench, CANARY};
use crate::config::{DEFAULTS, file, keys};
use crate::lang::Lang;

#[test]
fn flags_win_over_variables_over_the_file_over_the_defaults() {
    let file = format!("[session]\nidle_days = 2\nabsolute_days = 20\nmax_per_member = 2\n{APP}");
    let bench = Bench::new().file(&file);
    let bench = bench.variable("WXGATE_SESSION__IDLE_DAYS", "3").variable("WXGATE_SESSION__ABSOLUTE_DAYS", "21");
    let config = bench.flag("session.idle_days=4").load();
    let session = &config.settings.session;
    assert_eq!((session.idle_days, session.absolute_days, session.max_per_member), (4, 21, 2));
    assert_eq!(config.settings.limits.logins_per_minute, 600);
    let origins = config.report.origins_json(&[], Lang::En)["origins"].clone();
    assert_eq!(origins["session.idle_days"], "--set");
    assert_eq!(origins["session.absolute_days"], "WXGATE_SESSION__ABSOLUTE_DAYS");
    assert!(origins["session.max_per_member"].as_str().unwrap().ends_with("wxgate.toml:4"));
    assert_eq!(origins["limits.logins_per_minute"], "default");
}

#[test]
fn a_variables_text_stays_text_until_its_key_is_known() {
    let bench =
        Bench::new().file(APP).variable("WXGATE_DATA_DIR", "0123").variable("WXGATE_SESSION__EXPOSE_OPENID", "true");
    let config = bench.variable("WXGATE_LISTEN__TRUSTED_PROXIES", "10.0.0.0/8, ::1/128").load();
    assert_eq!(config.settings.data_dir.to_str(), Some("0123"));
    assert!(config.settings.session.expose_openid);
    let proxies: Vec<String> = config.settings.listen.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(proxies, ["10.0.0.0/8", "::1/128"]);
}

#[test]
fn a_variable_that_is_no_key_stops_the_start_with_the_nearest_one() {
    let said = |name: &str| Bench::new().file(APP).variable(name, CANARY).flaws().remove(0);
    assert!(said("WXGATE_SESION__IDLE_DAYS").ends_with("did you mean WXGATE_SESSION__IDLE_DAYS?"));
    assert!(said("WXGATE_SESSION_IDLE_DAYS").ends_with("did you mean WXGATE_SESSION__IDLE_DAYS?"));
    assert!(said("WXGATE_DATADIR").ends_with("did you mean WXGATE_DATA_DIR?"));
    assert!(said("WXGATE_NO__SUCH").starts_with("WXGATE_NO__SUCH: no.such: unknown key"));
}

#[test]
fn a_variable_of_another_program_is_passed_over_with_a_warning() {
    let warnings = Bench::new().file(APP).variable("WXGATE_CHECKOUT", CANARY).variable("HOME", "/").warnings();
    assert_eq!(warnings, ["WXGATE_CHECKOUT: not a key, ignored"]);
}

#[test]
fn a_variable_that_is_not_utf8_is_refused() {
    let mut bench = Bench::new().file(APP);
    bench.sources.variables.push(("WXGATE_DATA_DIR".into(), OsString::from_vec(vec![0xff])));
    assert_eq!(bench.flaws(), ["WXGATE_DATA_DIR: data_dir: not UTF-8"]);
}

#[test]
fn the_first_usual_file_that_is_there_is_read() {
    let mut bench = Bench::new();
    bench.sources.usual_files =
        vec![bench.dir.path().join("none"), bench.write("usual", &format!("data_dir = \"d\"\n{APP}"), 0o600)];
    assert_eq!(bench.load().settings.data_dir.to_str(), Some("d"));
}

#[test]
fn flags_set_no_app_and_must_name_a_key() {
    let bench = Bench::new().file(APP).flag(&format!("app.secret={CANARY}")).flag("session").flag("log.levle=info");
    let flaws = bench.flaws();
    assert!(flaws[0].starts_with("--set: app.secret: not on a command line"), "{flaws:?}");
    assert!(flaws[1].ends_with("expected KEY=VALUE") && flaws[2].ends_with("did you mean log.level?"), "{flaws:?}");
}

#[test]
fn the_defaults_set_every_key_and_are_the_defaults_of_the_crates() {
    let defaults = file::read(DEFAULTS, None).ok().unwrap();
    assert!(defaults.flaws.is_empty());
    let set: Vec<&str> = defaults.layer.places().map(|(path, _)| path).collect();
    let mut all: Vec<&str> = keys::KEYS.iter().filter(|key| !key.is_of_app()).map(|key| key.path).collect();
    all.sort_unstable();
    assert_eq!(set, all);
    for key in keys::KEYS.iter().filter(|key| key.is_of_app()) {
        assert!(DEFAULTS.contains(key.path.rsplit('.').next().unwrap()), "{} is not mentioned", key.path);
    }
    let settings = Bench::new().file(APP).load().settings;
    let debug = |it: &dyn std::fmt::Debug| format!("{it:?}");
    assert_eq!(debug(&settings.wechat), debug(&wx_client::Settings::default()));
    assert_eq!(debug(&settings.store), debug(&wxgate_store::Settings::default()));
    assert_eq!(debug(&settings.session), debug(&wxgate_api::settings::Session::default()));
    assert_eq!(debug(&settings.limits), debug(&wxgate_api::settings::Limits::default()));
    assert_eq!(debug(&settings.phone), debug(&wxgate_api::settings::Phone::default()));
    assert_eq!(debug(&settings.profile), debug(&wxgate_api::settings::Profile::default()));
}

#[test]
fn the_example_is_short_and_lacks_only_the_secret() {
    let example = include_str!("../../../config/example.toml");
    let active = example.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    assert!(active.count() <= 25);
    let flaws = Bench::new().file(example).flaws();
    assert_eq!(flaws.len(), 1);
    assert!(flaws[0].contains("app.secret_file: /etc/wxgate/app_secret: cannot be read"), "{flaws:?}");
}

#[test]
fn the_effective_configuration_is_toml_that_loads_again_and_masks_secrets() {
    let push = format!("[app.push]\ntoken = \"c0ffee\"\nencoding_aes_key = \"{CANARY}c0ffee00c0f\"\n");
    let config = Bench::new().file(&format!("{APP}{push}")).load();
    let shown = config.report.values();
    assert!(!shown.contains("c0ffee") && !config.report.values_json().to_string().contains("c0ffee"), "{shown}");
    assert_eq!(config.report.values_json()["app"][0]["push"]["token"], "***");
    assert_eq!(config.report.values_json()["app"][0]["appid"], APPID);
    let flaws = Bench::new().file(&shown).flaws();
    assert!(
        flaws.len() == 2 && flaws.iter().all(|flaw| flaw.contains("app.push.")),
        "only what is masked fits no more: {flaws:?}"
    );
}

#[test]
fn a_risk_is_read_from_the_file_and_from_variables() {
    let asked = |bench: Bench| bench.load().apps[0].risk.as_ref().map(|risk| risk.settings);
    let risk = "[app.risk]\nscene = \"marketing\"\nthreshold = 3\naction = \"refuse\"\n";
    let expected = Risk { scene: RiskScene::Marketing, threshold: 3, action: RiskAction::Refuse };
    assert_eq!(asked(Bench::new().file(APP)), None);
    assert_eq!(asked(Bench::new().file(&format!("{APP}{risk}"))), Some(expected));
    let variables = Bench::new()
        .file(APP)
        .variable("WXGATE_APP__RISK__SCENE", "marketing")
        .variable("WXGATE_APP__RISK__THRESHOLD", "3")
        .variable("WXGATE_APP__RISK__ACTION", "refuse");
    assert_eq!(asked(variables), Some(expected));
    let marked = Bench::new().file(&format!("{APP}{risk}")).variable("WXGATE_APP__RISK__ACTION", "mark");
    assert_eq!(asked(marked), Some(Risk { action: RiskAction::Mark, ..expected }));
    let shown = Bench::new().file(&format!("{APP}{risk}")).load().report.values();
    assert!(shown.contains("risk.threshold = 3") && shown.contains("risk.action = \"refuse\""), "{shown}");
}
