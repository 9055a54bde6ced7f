use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_util::future::join_all;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use tokio::time::advance;

use super::*;
use crate::{AccessToken, NoKeep};

/// Issues what it is told to, and remembers how it was asked.
struct Script {
    answers: Mutex<VecDeque<Result<AccessToken>>>,
    forced: Mutex<Vec<bool>>,
    /// One permit lets one answer out.
    gate: Semaphore,
}

impl Script {
    fn new(answers: impl IntoIterator<Item = Result<AccessToken>>) -> Arc<Self> {
        let script = Self::closed(answers);
        script.gate.add_permits(1000);
        script
    }

    fn closed(answers: impl IntoIterator<Item = Result<AccessToken>>) -> Arc<Self> {
        let answers = Mutex::new(answers.into_iter().collect());
        Arc::new(Self { answers, forced: Mutex::default(), gate: Semaphore::new(0) })
    }

    /// Whether each request so far was a forced one.
    fn asked(&self) -> Vec<bool> {
        self.forced.lock().unwrap().clone()
    }
}

#[async_trait]
impl Issuer for Script {
    async fn issue(&self, force: bool) -> Result<AccessToken> {
        self.forced.lock().unwrap().push(force);
        self.gate.acquire().await.unwrap().forget();
        let answer = self.answers.lock().unwrap().pop_front();
        answer.expect("the script has no more answers")
    }
}

#[derive(Default)]
struct Kept {
    token: Option<AccessToken>,
    loads: AtomicUsize,
    saved: Mutex<Vec<String>>,
    forced: Mutex<Vec<Instant>>,
}

#[async_trait]
impl TokenKeep for Kept {
    async fn load(&self, appid: &str) -> Option<AccessToken> {
        assert_eq!(appid, "wx1");
        self.loads.fetch_add(1, Ordering::Relaxed);
        self.token.clone()
    }

    async fn save(&self, appid: &str, token: &AccessToken) {
        assert_eq!(appid, "wx1");
        self.saved.lock().unwrap().push(token.token.expose_secret().to_owned());
    }

    async fn forced(&self, appid: &str) -> Vec<Duration> {
        assert_eq!(appid, "wx1");
        self.forced.lock().unwrap().iter().map(Instant::elapsed).collect()
    }

    async fn note_forced(&self, appid: &str) {
        assert_eq!(appid, "wx1");
        self.forced.lock().unwrap().push(Instant::now());
    }
}

fn seconds(token: &str, remaining: u64) -> AccessToken {
    AccessToken { token: SecretString::from(token), remaining: Duration::from_secs(remaining) }
}

#[expect(clippy::unnecessary_wraps, reason = "one of the answers a script is made of")]
fn fresh(token: &str) -> Result<AccessToken> {
    Ok(seconds(token, 7200))
}

fn busy() -> Result<AccessToken> {
    Err(Error::Refused { errcode: -1, errmsg: "system error".to_owned(), rid: None })
}

fn tokens(script: &Arc<Script>) -> Arc<Tokens> {
    Tokens::new("wx1".to_owned(), script.clone(), Arc::new(NoKeep))
}

fn text(token: &Token) -> &str {
    token.text().expose_secret()
}

async fn pass(seconds: u64) {
    advance(Duration::from_secs(seconds)).await;
}

/// Lets every task that can go on do so.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn token_single_flight() {
    let script = Script::new([fresh("A")]);
    let tokens = tokens(&script);
    for token in join_all((0..100).map(|_| tokens.current())).await {
        assert_eq!(text(&token.unwrap()), "A");
    }
    assert_eq!(text(&tokens.current().await.unwrap()), "A");
    assert_eq!(script.asked(), [false]);
}

#[tokio::test]
async fn a_request_survives_the_caller_who_started_it() {
    let script = Script::closed([fresh("A")]);
    let tokens = tokens(&script);
    let mut first = Box::pin(tokens.current());
    assert!((&mut first).now_or_never().is_none());
    settle().await;
    drop(first);
    script.gate.add_permits(1);
    assert_eq!(text(&tokens.current().await.unwrap()), "A");
    assert_eq!(script.asked(), [false]);
}

#[tokio::test(start_paused = true)]
async fn token_refresh_early() {
    let script = Script::new([fresh("A"), fresh("B")]);
    let tokens = tokens(&script);
    tokens.current().await.unwrap();
    pass(6900).await;
    assert_eq!(text(&tokens.current().await.unwrap()), "A");
    advance(Duration::from_millis(1)).await;
    assert_eq!(text(&tokens.current().await.unwrap()), "B");
    assert_eq!(script.asked(), [false, false]);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_lives_is_used_when_its_renewal_fails_and_a_dead_one_is_not() {
    let script = Script::new([fresh("A"), busy(), busy()]);
    let tokens = tokens(&script);
    tokens.current().await.unwrap();
    pass(7199).await;
    assert_eq!(text(&tokens.current().await.unwrap()), "A");
    pass(1).await;
    assert_eq!(tokens.current().await.unwrap_err().errcode(), Some(-1));
}

#[tokio::test]
async fn a_failure_is_shared_by_those_who_wait_and_kept_for_nobody() {
    let script = Script::new([busy(), fresh("A")]);
    let tokens = tokens(&script);
    for failure in join_all((0..10).map(|_| tokens.current())).await {
        assert_eq!(failure.unwrap_err().errcode(), Some(-1));
    }
    assert_eq!(script.asked().len(), 1);
    assert_eq!(text(&tokens.current().await.unwrap()), "A");
}

#[tokio::test]
async fn a_renewal_that_panics_fails_those_who_wait_and_not_the_next() {
    let script = Script::new([]);
    let tokens = tokens(&script);
    assert!(matches!(tokens.current().await, Err(Error::Unreachable { .. })));
    script.answers.lock().unwrap().push_back(fresh("A"));
    assert_eq!(text(&tokens.current().await.unwrap()), "A");
}

#[tokio::test(start_paused = true)]
async fn a_kept_token_is_loaded_once_and_each_new_one_is_saved() {
    let script = Script::new([fresh("B"), fresh("C")]);
    let keep = Arc::new(Kept { token: Some(seconds("A", 301)), ..Kept::default() });
    let tokens = Tokens::new("wx1".to_owned(), script.clone(), keep.clone());
    assert_eq!(text(&tokens.current().await.unwrap()), "A");
    assert!(script.asked().is_empty());
    for expected in ["B", "C"] {
        pass(7000).await;
        assert_eq!(text(&tokens.current().await.unwrap()), expected);
    }
    assert_eq!(keep.loads.load(Ordering::Relaxed), 1);
    assert_eq!(*keep.saved.lock().unwrap(), ["B", "C"]);
}

#[tokio::test(start_paused = true)]
async fn a_kept_token_that_is_about_to_end_is_not_used() {
    let script = Script::new([fresh("B")]);
    let keep = Arc::new(Kept { token: Some(seconds("A", 299)), ..Kept::default() });
    let tokens = Tokens::new("wx1".to_owned(), script, keep);
    assert_eq!(text(&tokens.current().await.unwrap()), "B");
}

#[tokio::test(start_paused = true)]
async fn a_life_beyond_wechats_is_not_believed() {
    let script = Script::new([Ok(seconds("A", u64::MAX)), fresh("B")]);
    let tokens = tokens(&script);
    assert_eq!(tokens.current().await.unwrap().remaining(), Duration::from_hours(2));
    pass(6901).await;
    assert_eq!(text(&tokens.current().await.unwrap()), "B");
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_for_all_who_used_it() {
    let script = Script::new([fresh("A"), fresh("B")]);
    let tokens = tokens(&script);
    let used = tokens.current().await.unwrap();
    for next in join_all((0..10).map(|_| tokens.after_refusal(&used))).await {
        assert_eq!(text(&next.unwrap().unwrap()), "B");
    }
    // A late refusal of A says nothing against B.
    assert_eq!(text(&tokens.after_refusal(&used).await.unwrap().unwrap()), "B");
    assert_eq!(script.asked(), [false, false]);
}

#[tokio::test]
async fn a_refused_token_is_not_used_again_when_no_other_can_be_had() {
    let script = Script::new([fresh("A"), busy(), fresh("B")]);
    let tokens = tokens(&script);
    let used = tokens.current().await.unwrap();
    assert_eq!(tokens.after_refusal(&used).await.unwrap_err().errcode(), Some(-1));
    assert_eq!(text(&tokens.current().await.unwrap()), "B");
}

#[tokio::test(start_paused = true)]
async fn a_new_token_is_forced_only_when_wechat_hands_back_the_refused_one() {
    let script = Script::new([fresh("A"), fresh("A"), fresh("B"), fresh("C")]);
    let keep = Arc::new(Kept::default());
    let tokens = Tokens::new("wx1".to_owned(), script.clone(), keep.clone());
    let first = tokens.current().await.unwrap();
    let second = tokens.after_refusal(&first).await.unwrap().unwrap();
    assert_eq!(text(&second), "B");
    assert_eq!(text(&tokens.after_refusal(&second).await.unwrap().unwrap()), "C");
    assert_eq!(script.asked(), [false, false, true, false]);
    assert_eq!(*keep.saved.lock().unwrap(), ["A", "B", "C"]);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_forced_at_most_every_30_seconds() {
    // WeChat insists on A, forced or not.
    let script = Script::new((0..7).map(|_| fresh("A")));
    let tokens = tokens(&script);
    let used = tokens.current().await.unwrap();
    assert!(tokens.after_refusal(&used).await.unwrap().is_none());
    assert_eq!(script.asked(), [false, false, true]);
    advance(Duration::from_millis(24_999)).await;
    assert!(tokens.after_refusal(&used).await.unwrap().is_none());
    assert_eq!(script.asked(), [false, false, true, false]);
    advance(Duration::from_millis(5_001)).await;
    assert!(tokens.after_refusal(&used).await.unwrap().is_none());
    assert_eq!(script.asked(), [false, false, true, false, false, true]);
}

#[tokio::test(start_paused = true)]
async fn a_restart_forgets_none_that_was_forced() {
    // WeChat insists on A.
    let keep = Arc::new(Kept::default());
    for run in 0..3 {
        let script = Script::new([fresh("A"), fresh("A"), fresh("A")]);
        let tokens = Tokens::new("wx1".to_owned(), script.clone(), keep.clone());
        let used = tokens.current().await.unwrap();
        tokens.after_refusal(&used).await.unwrap();
        let forced = script.asked().contains(&true);
        assert_eq!(forced, run != 1, "10 seconds after the first run, 30 after it in the last");
        pass(if run == 0 { 10 } else { 20 }).await;
    }
    assert_eq!(keep.forced.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_failures_costs_few_requests_and_ends_within_a_minute() {
    let script = Script::new((0..100).map(|_| busy()));
    let tokens = tokens(&script);
    for _ in 0..3_600 {
        assert_eq!(
            tokens.current().await.unwrap_err().errcode(),
            Some(-1),
            "the last failure is what is said meanwhile"
        );
        pass(1).await;
    }
    let asked = script.asked().len();
    assert!((60..70).contains(&asked), "{asked}");
    script.answers.lock().unwrap().push_front(fresh("A"));
    pass(60).await;
    assert_eq!(text(&tokens.current().await.unwrap()), "A");
}

#[tokio::test(start_paused = true)]
async fn failures_are_counted_anew_after_a_success() {
    let script = Script::new([busy(), busy(), fresh("A"), busy(), fresh("B")]);
    let tokens = tokens(&script);
    tokens.current().await.unwrap_err();
    tokens.current().await.unwrap_err();
    tokens.current().await.unwrap_err();
    assert_eq!(script.asked().len(), 2, "one second after the second failure");
    pass(1).await;
    tokens.current().await.unwrap();
    pass(7_200).await;
    tokens.current().await.unwrap_err();
    assert_eq!(text(&tokens.current().await.unwrap()), "B");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_lives_is_used_while_wechat_is_left_alone() {
    let script = Script::new([fresh("A"), busy(), busy()]);
    let tokens = tokens(&script);
    tokens.current().await.unwrap();
    pass(7_000).await;
    for _ in 0..100 {
        assert_eq!(text(&tokens.current().await.unwrap()), "A");
    }
    assert_eq!(script.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_refusals_asks_at_most_every_five_seconds() {
    let script = Script::new((0..100).map(|_| fresh("A")));
    let tokens = tokens(&script);
    let used = tokens.current().await.unwrap();
    for _ in 0..600 {
        assert!(tokens.after_refusal(&used).await.unwrap().is_none());
        advance(Duration::from_millis(100)).await;
    }
    let asked = script.asked();
    assert!(asked.len() < 20, "{asked:?}");
    assert_eq!(asked.iter().filter(|forced| **forced).count(), 2, "at once, and 30 seconds later");
}

#[tokio::test(start_paused = true)]
async fn a_reported_token_is_asked_about_once_if_it_is_the_one_in_force() {
    let script = Script::new([fresh("A"), fresh("B")]);
    let tokens = tokens(&script);
    let first = tokens.current().await.unwrap();
    pass(5).await;
    for next in join_all((0..10).map(|_| tokens.after_report(first.text()))).await {
        assert_eq!(text(&next.unwrap()), "B");
    }
    pass(5).await;
    for stranger in [first.text().clone(), SecretString::from("X"), SecretString::from("")] {
        assert_eq!(text(&tokens.after_report(&stranger).await.unwrap()), "B");
    }
    assert_eq!(script.asked(), [false, false]);
}

#[tokio::test(start_paused = true)]
async fn reports_force_nothing_and_spend_little_whatever_they_say() {
    let script = Script::new((0..100).map(|_| fresh("A")));
    let tokens = tokens(&script);
    let token = tokens.current().await.unwrap();
    for _ in 0..600 {
        assert_eq!(text(&tokens.after_report(token.text()).await.unwrap()), "A");
        advance(Duration::from_millis(100)).await;
    }
    assert_eq!(script.asked(), [false; 12]);
}

#[tokio::test(start_paused = true)]
async fn a_report_takes_the_token_from_nobody_when_wechat_is_away() {
    let script = Script::new([fresh("A"), busy(), busy(), busy()]);
    let tokens = tokens(&script);
    let token = tokens.current().await.unwrap();
    pass(5).await;
    assert_eq!(tokens.after_report(token.text()).await.unwrap_err().errcode(), Some(-1));
    assert_eq!(text(&tokens.current().await.unwrap()), "A");
}
