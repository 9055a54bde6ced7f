//! What nobody can do to the audit, who has no more than a connection.

use tempfile::TempDir;
use wxgate_store::{AuditQuery, By, Management};

use crate::{NOW, log_in, login, open, stranger};

#[tokio::test]
async fn a_line_is_neither_changed_nor_deleted() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    let member = log_in(&store, login("o1", 1)).await.member;
    store.note_export(member.id, By::COMMAND, NOW).await.unwrap();
    let all = AuditQuery { member: None, actor: None, action: None, after: None, limit: 9 };
    let before = store.audit(all.clone()).await.unwrap();
    let connection = stranger(&dir);
    for sql in [
        "DELETE FROM audit",
        "UPDATE audit SET actor = 'somebody else'",
        "UPDATE audit SET happened_at = happened_at - 1",
        "UPDATE audit SET member_id = NULL",
        "UPDATE audit SET member_id = randomblob(16)",
        "UPDATE audit SET member_id = NULL, pseudonym = randomblob(32), action = 'another'",
        "UPDATE audit SET member_id = NULL, pseudonym = randomblob(32), detail = '{}'",
    ] {
        let refused = connection.execute(sql, []).unwrap_err().to_string();
        assert!(refused.starts_with("a line of the audit "), "{sql}: {refused}");
    }
    assert_eq!(store.audit(all).await.unwrap(), before);
}
