//! `[plugins.NAME]`: which plugins a configuration switches on, and how it says what is wrong with their settings.

use super::{APP, Bench};

fn names(bench: &Bench) -> Vec<&'static str> {
    bench.load().plugins.iter().map(|plugin| plugin.name()).collect()
}

#[test]
fn a_section_switches_its_plugin_on_and_none_does_not() {
    assert!(names(&Bench::new().file(APP)).is_empty());
    let both = format!("{APP}[plugins.wafer]\n[plugins.classic]\nphone_by_code = true\n");
    assert_eq!(names(&Bench::new().file(&both)), ["wafer", "classic"]);
    let inline = format!("plugins.wafer = {{}}\n{APP}");
    assert_eq!(names(&Bench::new().file(&inline)), ["wafer"]);
}

#[test]
fn variables_and_flags_get_the_type_that_the_plugin_takes_and_are_stronger_than_the_file() {
    let file = format!("{APP}[plugins.classic]\nphone_by_code = false\n");
    let bench = Bench::new().file(&file).variable("WXGATE_PLUGINS__CLASSIC__PHONE_BY_CODE", "true");
    let shown = bench.load().report.values_json()["plugins"]["classic"].clone();
    assert_eq!(shown["phone_by_code"], true);
    assert!(bench.load().report.values().contains("# WXGATE_PLUGINS__CLASSIC__PHONE_BY_CODE"));
    let bench = bench.flag("plugins.classic.phone_by_code=false").flag("plugins.wafer.appid=wx0123456789abcdef");
    assert_eq!(names(&bench), ["classic", "wafer"]);
    let config = bench.load();
    assert_eq!(config.report.values_json()["plugins"]["classic"]["phone_by_code"], false);
    let again = Bench::new().file(&config.report.values().replace("\"***\"", "\"c0ffee00\""));
    assert_eq!(names(&again), ["classic", "wafer"]);
}

#[test]
fn a_section_that_says_nothing_is_shown_and_loads_again() {
    let config = Bench::new().file(&format!("{APP}[plugins.wafer]\n")).load();
    assert_eq!(config.report.values_json()["plugins"]["wafer"], serde_json::json!({}));
    let again = Bench::new().file(&config.report.values().replace("\"***\"", "\"c0ffee00\""));
    assert_eq!(names(&again), ["wafer"]);
}

#[test]
fn faults_of_plugins_are_said_with_all_others_by_place_and_without_a_value() {
    let file =
        format!("{APP}[plugins.classic]\nphone_by_code = \"c0ffee\"\nappidd = \"c0ffee\"\n[session]\nidle_days = 0\n");
    let bench = Bench::new()
        .file(&file)
        .variable("WXGATE_PLUGINS__WAFER__TUNNEL", "c0ffee")
        .flag("plugins.classic.token=c0ffee");
    let flaws = bench.flaws();
    let starts = [
        "wxgate.toml:5: plugins.classic.phone_by_code: expected a boolean",
        "wxgate.toml:6: plugins.classic.appidd: unknown key; did you mean appid?",
        "wxgate.toml:8: session.idle_days: expected",
        "--set: plugins.classic.token: not on a command line",
        "WXGATE_PLUGINS__WAFER__TUNNEL: plugins.wafer.tunnel: unknown key",
    ];
    assert_eq!(flaws.len(), starts.len(), "{flaws:#?}");
    for start in starts {
        assert!(flaws.iter().any(|flaw| flaw.starts_with(start)), "{start}: {flaws:#?}");
    }
}

#[test]
fn a_plugin_for_one_app_of_several_must_say_which() {
    let several = format!("{APP}{}", APP.replace("wx0123456789abcdef", "wx0123456789abcdee"));
    let flaws = Bench::new().file(&format!("{several}[plugins.wafer]\n")).flaws();
    assert!(flaws[0].starts_with("wxgate.toml:7: plugins.wafer.appid: there are several apps"), "{flaws:?}");
    let named = format!("{several}[plugins.wafer]\nappid = \"wx0123456789abcdee\"\n");
    assert_eq!(names(&Bench::new().file(&named)), ["wafer"]);
}

#[cfg(not(feature = "plugin-example"))]
#[test]
fn a_plugin_that_is_not_compiled_in_is_missed_by_its_feature() {
    let flaws = Bench::new().file(&format!("{APP}[plugins.example]\n")).flaws();
    let said =
        "wxgate.toml:4: [plugins.example]: this program was built without it: build it with cargo build --features";
    assert!(flaws[0].starts_with(said) && flaws[0].ends_with("plugin-example"), "{flaws:?}");
}

#[cfg(feature = "plugin-example")]
#[test]
fn a_setting_that_only_its_plugin_can_judge_is_told_with_its_line() {
    let flaws = Bench::new().file(&format!("{APP}[plugins.example]\nremember_days = 0\n")).flaws();
    assert_eq!(flaws, ["wxgate.toml:5: plugins.example.remember_days: expected a whole number, 1 to 3650"]);
    let bench = Bench::new().file(APP).variable("WXGATE_PLUGINS__EXAMPLE__GREETING", "365");
    let bench = bench.variable("WXGATE_PLUGINS__EXAMPLE__REMEMBER_DAYS", "30");
    assert_eq!(names(&bench), ["example"]);
}
