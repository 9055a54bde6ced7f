use std::collections::BTreeMap;

use wx_client::calls::{EnvVersion, MessageLang, SendRefusal, SubscribeMessage};
use wxgate_sandbox::{Endpoint, FaultKind};

use crate::{APPID, Bench};

fn message<'a>(touser: &'a str, template_id: &'a str, thing: &'a str) -> SubscribeMessage<'a> {
    SubscribeMessage {
        touser,
        template_id,
        data: BTreeMap::from([("thing1", thing), ("time2", "2026年11月21日 10:00")]),
        page: Some("pages/order?id=7"),
        miniprogram_state: EnvVersion::Release,
        lang: MessageLang::ZhCn,
    }
}

#[tokio::test]
async fn a_member_gets_as_many_messages_as_they_allowed() {
    let bench = Bench::new().await;
    for _ in 0..2 {
        bench.sandbox.subscribe(APPID, "alice", "T1").unwrap();
    }
    let message = message(&bench.openid, "T1", "取餐提醒");
    for _ in 0..2 {
        assert!(bench.client.send_subscribe_message(APPID, &message).await.unwrap().is_some());
    }
    let error = bench.client.send_subscribe_message(APPID, &message).await.unwrap_err();
    assert_eq!(SendRefusal::of(&error), Some(SendRefusal::NotSubscribed));
}

#[tokio::test]
async fn a_message_that_cannot_be_sent_uses_up_nothing() {
    let bench = Bench::new().await;
    bench.sandbox.subscribe(APPID, "alice", "T1").unwrap();
    let long = "二十一个字的内容放不进关键词里去因为太长了呀";
    for (message, expected) in [
        (message("oNobody", "T1", "x"), SendRefusal::Openid),
        (message(&bench.openid, "", "x"), SendRefusal::Template),
        (message(&bench.openid, "T1", long), SendRefusal::Data),
        (message(&bench.openid, "T1", ""), SendRefusal::Data),
        (message(&bench.openid, "T2", "x"), SendRefusal::NotSubscribed),
    ] {
        let error = bench.client.send_subscribe_message(APPID, &message).await.unwrap_err();
        assert_eq!(SendRefusal::of(&error), Some(expected), "{message:?}");
    }
    assert!(bench.client.send_subscribe_message(APPID, &message(&bench.openid, "T1", "x")).await.is_ok());
}

#[tokio::test]
async fn a_message_whose_answer_is_lost_is_not_sent_again() {
    let bench = Bench::new().await;
    bench.sandbox.subscribe(APPID, "alice", "T1").unwrap();
    bench.sandbox.subscribe(APPID, "alice", "T1").unwrap();
    bench.sandbox.fault(Endpoint::SubscribeSend, FaultKind::ResetAfter.times(1)).unwrap();
    bench.client.send_subscribe_message(APPID, &message(&bench.openid, "T1", "x")).await.unwrap_err();
    let sent = bench.sandbox.calls().iter().filter(|call| call.path == Endpoint::SubscribeSend.path()).count();
    assert_eq!(sent, 1);
}
