use wxgate_crypto::Skey;
use wxgate_fuzz::Target;

#[test]
fn an_skey_is_what_it_prints_and_nothing_else() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/skey");
    let target = Target {
        corpus,
        words: &["wxg_", "A", "_", "-", "=", "AAAAAAAAAAAA"],
        inputs: 150_000,
        outcomes: &["skey", "refused"],
    };
    target.run(|input| {
        let Ok(text) = str::from_utf8(input) else { return "refused" };
        let Some(skey) = Skey::parse(text) else { return "refused" };
        assert_eq!(*skey.expose(), text);
        assert!(skey.session_id() > 0 && skey.matches(&skey.hash()));
        assert_eq!(format!("{skey:?}").find(&text[4..]), None);
        "skey"
    });
}
