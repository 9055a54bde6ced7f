//! P4: the failure budget.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::block::Dice;
use crate::classes::Class;
use crate::line::Line;
use crate::member::Member;
use crate::support::Bench;

const LOCAL: &str = "phone.encrypted_data=local";
const WHOLE: &str = "phone.reply=full";
/// As many as WeChat lets one person have in a minute.
const LOGINS: usize = 100;

#[tokio::test]
async fn budget_survives_relogin() {
    let bench = Bench::new().await;
    let server = bench.serve_with(&[LOCAL, WHOLE]).await;
    let mut member = Member::new(&bench, &server.public).await;
    let mut dice = Dice(1);
    for _ in 0..5 {
        let garbage = Class::Garbage.payload(&member, &bench, &mut dice);
        assert_eq!(member.post(&garbage).await.status, 422);
    }
    let genuine = member.genuine.clone();
    assert_eq!(member.post(&genuine).await.status, 429);
    for _ in 2..LOGINS {
        member.login_again().await;
        assert_eq!(member.post(&genuine).await.status, 429);
    }
    assert_eq!(server.stop().await.code, Some(0));
    let server = bench.serve_with(&[LOCAL, WHOLE]).await;
    member.line = Line::to(&server.public).await;
    assert_eq!(member.post(&genuine).await.status, 429, "the session of before the restart");
    member.login_again().await;
    assert_eq!(member.post(&genuine).await.status, 429, "a session of after it");
    let mut other = Member::new(&bench, &server.public).await;
    let genuine = other.genuine.clone();
    assert_eq!(other.post(&genuine).await.status, 200, "nobody else pays for it");
}

#[tokio::test]
async fn a_hundred_tries_at_once_are_five() {
    let bench = Bench::new().await;
    let server = bench.serve_with(&[LOCAL, WHOLE]).await;
    let member = Arc::new(Member::new(&bench, &server.public).await);
    let mut tries = JoinSet::new();
    let mut dice = Dice(2);
    for _ in 0..100 {
        let (garbage, member) = (Class::Garbage.payload(&member, &bench, &mut dice), Arc::clone(&member));
        let mut line = Line::to(&server.public).await;
        tries.spawn(async move { line.post("/v1/phone", Some(&member.skey), &garbage.body()).await.status });
    }
    let mut statuses = tries.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [[422; 5].as_slice(), &[429; 95]].concat());
}
