//! What members are looked for by.

use crate::contract::sample::hash;
use crate::model::{MemberId, MemberQuery, Status};
use crate::store::Store;

/// All members that the queries of a history find, each page holding no more than one.
pub(super) async fn found(store: &dyn Store, appid: &str) -> Vec<Vec<MemberId>> {
    let all = MemberQuery {
        appids: vec![appid.to_owned()],
        phone_index: None,
        openid: None,
        nick_name: None,
        status: None,
        after: None,
        limit: 1,
    };
    let queries = [
        MemberQuery { nick_name: Some("N1".to_owned()), ..all.clone() },
        MemberQuery { phone_index: Some(hash(1)), ..all.clone() },
        MemberQuery { status: Some(Status::Blocked), ..all.clone() },
        MemberQuery { openid: Some("o1".to_owned()), ..all },
    ];
    let mut found = Vec::new();
    for query in queries {
        found.push(pages(store, query).await);
    }
    found
}

async fn pages(store: &dyn Store, mut query: MemberQuery) -> Vec<MemberId> {
    let mut found = Vec::new();
    loop {
        let page = store.members(query.clone()).await.expect("a read");
        found.extend(page.rows.into_iter().map(|member| member.id));
        query.after = page.next;
        if page.next.is_none() {
            return found;
        }
    }
}
