//! P3: a refusal leaves the same traces, whatever its cause.

use serde_json::Value;

use crate::block::Dice;
use crate::classes::{Class, replayer};
use crate::support::{Bench, get};

#[tokio::test]
async fn oracle_side_effects() {
    let bench = Bench::new().await;
    let server = bench.serve_with(&["phone.encrypted_data=local", "phone.reply=full", "log.level=debug"]).await;
    let mut dice = Dice(13);
    let mut refusals = Vec::new();
    for class in Class::ALL {
        let mut member = replayer(&bench, &server.public).await;
        let payload = class.payload(&member, &bench, &mut dice);
        let seen = member.post(&payload).await;
        let held = server.public.send(get("/v1/me/export").bearer(&member.skey)).await.json();
        let mut tries = 0;
        while member.post(&Class::Garbage.payload(&member, &bench, &mut dice)).await.status == 422 {
            tries += 1;
        }
        assert_eq!(tries, 4, "{class:?}");
        refusals.push((class, seen.body["rid"].as_str().unwrap().to_owned(), shape(&held)));
    }
    let log = server.stop().await.stderr;
    let mut traces: Vec<_> = refusals
        .iter()
        .map(|(_, rid, held)| {
            let lines: Vec<_> = log.lines().filter(|line| line.contains(rid.as_str())).collect();
            let access = lines.iter().find(|line| line.contains(r#""message":"refused""#)).unwrap();
            let mut access: Value = serde_json::from_str(access).unwrap();
            for own in ["timestamp", "ms", "rid", "span", "spans"] {
                access.as_object_mut().unwrap().remove(own);
            }
            // To the operator alone the log names the cause, once.
            let causes = lines.iter().filter(|line| line.contains(r#""cause""#)).count();
            (lines.len(), causes, access.to_string(), held.clone())
        })
        .collect();
    assert_eq!((traces[0].0, traces[0].1), (2, 1), "{traces:#?}");
    traces.dedup();
    assert_eq!(traces.len(), 1, "{traces:#?}");
}

/// What is held about a member without what differs between any two: its numbers and names.
fn shape(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| format!("{name}:{{{}}}", shape(value))).collect::<Vec<_>>().join(",")
        }
        Value::Array(rows) => rows.iter().map(shape).collect::<Vec<_>>().join(","),
        Value::String(_) | Value::Number(_) => "…".to_owned(),
        other => other.to_string(),
    }
}
