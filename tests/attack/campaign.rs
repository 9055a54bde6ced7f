//! P7: the whole attack, against the program and against a server without its defences.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::JoinSet;
use wxgate_sandbox::Endpoint;

use crate::attacker::{forge, try_luck};
use crate::block::Dice;
use crate::member::{Member, Posted};
use crate::oracle::{Oracle, calibrate};
use crate::support::{At, Bench};
use crate::undefended::{Hand, undefended};

/// Requests of the whole attack, and how many `tests/run --long` makes.
const REQUESTS: [usize; 2] = [100_000, 1_000_000];
/// Requests within which a server without defences must have fallen.
const WITHOUT_DEFENCES: usize = 30_000;
/// Attackers at once: those who come with ever new members, and those who stay with one. Going by the time alone takes 12,289
/// requests a forgery, so that few of them get to the end of one.
const SWARM: usize = 96;
const STUBBORN: usize = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forge_suite() {
    let requests = REQUESTS[usize::from(std::env::var_os("WXGATE_LONG").is_some())];
    let mut all = Posted::default();
    for mode in ["local", "verify"] {
        let bench = Arc::new(Bench::new().await);
        let mode = format!("phone.encrypted_data={mode}");
        let server = bench.serve_with(&[&mode, "phone.reply=full"]).await;
        let posted = campaign(&bench, &server.public, requests / 2).await;
        println!("{mode}: {posted:?}");
        assert!(bench.calls(Endpoint::CheckEncrypted).is_empty(), "nothing was worth a call to WeChat");
        all.add(posted);
    }
    assert!(all.all() >= requests && all.opened >= requests / 10, "{all:?}");
    assert_eq!(all.forged, 0, "{all:?}");
}

/// All attackers at once, until so many requests are made.
async fn campaign(bench: &Arc<Bench>, server: &At, requests: usize) -> Posted {
    let mut first = Member::new(bench, server).await;
    let [padding, text, json, schema] = calibrate(&mut first, bench).await;
    assert!([&text, &json, &schema].iter().all(|other| **other == padding), "nothing to tell failures apart by");
    let oracles = [Oracle::Padding(padding), Oracle::Text(text)];
    let left = Arc::new(AtomicUsize::new(requests / 2));
    let mut attackers = JoinSet::new();
    for number in 0..SWARM {
        let (bench, server, left) = (Arc::clone(bench), server.clone(), Arc::clone(&left));
        attackers.spawn(swarm(bench, server, oracles.clone(), Dice(number as u64), left));
    }
    for number in 0..STUBBORN {
        let (bench, server) = (Arc::clone(bench), server.clone());
        let patience = requests / 2 / STUBBORN;
        attackers.spawn(async move { stubborn(&bench, &server, Dice(1000 + number as u64), patience).await });
    }
    let mut all = first.posted;
    while let Some(posted) = attackers.join_next().await {
        all.add(posted.unwrap());
    }
    all
}

/// Members without end: each spends its budget on an oracle or on luck, then comes back with a new login, then gives way.
async fn swarm(bench: Arc<Bench>, server: At, oracles: [Oracle; 2], mut dice: Dice, left: Arc<AtomicUsize>) -> Posted {
    let mut all = Posted::default();
    let foreign = Member::new(&bench, &server).await.genuine;
    for turn in 0_usize.. {
        if left.load(Ordering::Relaxed) == 0 {
            break;
        }
        let mut member = Member::new(&bench, &server).await;
        match oracles.get(turn % 3) {
            Some(oracle) => drop(forge(&mut member, oracle.clone(), Dice(dice.roll()), usize::MAX).await),
            None => try_luck(&mut member, &foreign, &mut dice).await,
        }
        all.add(member.posted);
        let posted = member.posted.all();
        left.update(Ordering::Relaxed, Ordering::Relaxed, |left| left.saturating_sub(posted));
    }
    all
}

/// One member who goes by the time of the answers, and does not mind that most of them are refusals to look.
async fn stubborn(bench: &Bench, server: &At, mut dice: Dice, patience: usize) -> Posted {
    let mut member = Member::new(bench, server).await;
    while forge(&mut member, Oracle::Time, Dice(dice.roll()), patience).await.is_ok() {
        member.login_again().await;
    }
    member.posted
}

/// Without the defences the very same attackers get through: what stops them is not their own clumsiness.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forge_suite_succeeds_where_the_defences_are_off() {
    let bench = Bench::new().await;
    let server = undefended(&bench, &Hand::now()).await;
    let mut first = Member::new(&bench, &server).await;
    let [padding, text, ..] = calibrate(&mut first, &bench).await;
    let (mut one, mut other) = (Member::new(&bench, &server).await, Member::new(&bench, &server).await);
    let ended = tokio::join!(
        forge(&mut one, Oracle::Padding(padding), Dice(7), WITHOUT_DEFENCES),
        forge(&mut other, Oracle::Text(text), Dice(8), WITHOUT_DEFENCES),
    );
    println!("without defences, by padding {:?}, by UTF-8 {:?}", one.posted, other.posted);
    assert!(matches!(ended, (Ok(()), Ok(()))), "within {WITHOUT_DEFENCES} requests");
    assert_eq!((one.posted.forged, other.posted.forged), (1, 1));
}
