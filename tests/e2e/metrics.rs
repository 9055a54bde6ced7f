//! The dashboard and the alert rules against what a server really shows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Bench, Server, get, post};

/// The names of samples, each with the labels that it has.
async fn shown(server: &Server) -> BTreeMap<String, BTreeSet<String>> {
    let text = server.internal.send(get("/metrics")).await.body;
    let mut shown = BTreeMap::<_, BTreeSet<_>>::new();
    for sample in text.lines().filter(|line| !line.starts_with('#')) {
        let end = sample.find(['{', ' ']).unwrap();
        let labels = sample[end..].split("=\"").filter_map(|part| part.rsplit(['{', ',', '"']).next());
        let labels = labels.filter(|label| label.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
        shown.entry(sample[..end].to_owned()).or_default().extend(labels.map(str::to_owned));
    }
    shown
}

/// What stands where PromQL stands: `expr` of the rules, `expr` and `query` of the dashboard.
fn expressions(text: &str) -> Vec<String> {
    fn walk(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
            Value::Object(fields) => {
                for (key, value) in fields {
                    match value.as_str().filter(|_| ["expr", "query"].contains(&key.as_str())) {
                        Some(text) => found.push(text.to_owned()),
                        None => walk(value, found),
                    }
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    match serde_json::from_str(text) {
        Ok(dashboard) => walk(&dashboard, &mut found),
        // In the rules, an expression goes on as long as its lines are indented further.
        // In the rules, an expression ends where the next key of its rule begins.
        Err(_) => found.extend(text.split("        expr: ").skip(1).map(|rest| {
            let ends = ["\n        for:", "\n        labels:"].map(|key| rest.find(key).unwrap_or(rest.len()));
            rest[..ends[0].min(ends[1])].to_owned()
        })),
    }
    found
}

/// The metrics in an expression, each with the labels that it is asked for by.
fn asked(expression: &str) -> Vec<(String, Vec<String>)> {
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let mut found = Vec::new();
    for start in ["wxgate_", "process_"] {
        for (at, _) in expression.match_indices(start) {
            let rest = &expression[at..];
            let end = rest.find(|character| !is_name(character)).unwrap_or(rest.len());
            let matchers = rest[end..].strip_prefix('{').map_or("", |rest| rest.split('}').next().unwrap());
            let labels = matchers.split(", ").filter_map(|matcher| matcher.split(['=', '!']).next());
            found.push((rest[..end].to_owned(), labels.filter(|label| !label.is_empty()).map(str::to_owned).collect()));
        }
    }
    found
}

#[tokio::test]
async fn every_name_in_the_dashboard_and_in_the_alerts_is_one_that_a_server_shows() {
    let bench = Bench::new().await;
    let server = bench.serve_with(&["phone.encrypted_data=local"]).await;
    let skey = server.login(&bench.code("alice")).await;
    assert_eq!(server.public.send(post("/v1/login").json(&json!({ "code": "unknown" }))).await.status, 400);
    let tap = bench.sandbox.phone(bench.appid(), "alice").unwrap();
    let bound = server.public.send(post("/v1/phone").bearer(&skey).json(&json!({ "phoneCode": tap.code }))).await;
    assert_eq!(bound.status, 200, "{bound:?}");
    let garbage = json!({ "encryptedData": "AAAAAAAAAAAAAAAAAAAAAA==", "iv": "AAAAAAAAAAAAAAAAAAAAAA==" });
    assert_eq!(server.public.send(post("/v1/phone").bearer(&skey).json(&garbage)).await.status, 422);
    let made = bench.run(&["backup", "create"], "").await;
    assert_eq!(bench.run(&["backup", "verify", made.stdout.trim()], "").await.code, Some(0), "{}", made.stderr);
    let shown = shown(&server).await;
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    for (file, least) in [("grafana.json", 20), ("alerts.yml", 12)] {
        let text = fs::read_to_string(config.join(file)).unwrap();
        let expressions = expressions(&text);
        assert!(expressions.len() >= least, "{file}: {expressions:#?}");
        for (name, labels) in expressions.iter().flat_map(|expression| asked(expression)) {
            let known = shown.get(&name).unwrap_or_else(|| panic!("{file}: nothing is called {name} in {shown:#?}"));
            assert!(labels.iter().all(|label| known.contains(label)), "{file}: {name} has {known:?}, not {labels:?}");
        }
    }
}

#[tokio::test]
async fn what_was_counted_outlives_a_restart() {
    let bench = Bench::new().await;
    let made = bench.run(&["token", "create", "--name", "charts", "--scope", "stats:read"], "").await;
    let token = made.stdout.trim().to_owned();
    let server = bench.serve().await;
    server.login(&bench.code("alice")).await;
    server.public.send(post("/v1/login").json(&json!({ "code": "unknown" }))).await;
    assert_eq!(server.stop().await.code, Some(0));
    let server = bench.serve().await;
    let stats = server.internal.send(get("/api/v1/stats?bucket=day").bearer(&token)).await.json();
    let sum =
        |key: &str| stats["buckets"].as_array().unwrap().iter().map(|day| day[key].as_i64().unwrap()).sum::<i64>();
    assert_eq!((sum("logins"), sum("new_members")), (1, 1), "{stats}");
    let failures = server.internal.send(get("/api/v1/failures").bearer(&token)).await.json();
    assert_eq!(failures["failures"][0]["cause"], "code_invalid", "{failures}");
}

#[tokio::test]
async fn a_stream_of_failures_ends_with_the_server_and_keeps_it_from_nothing() {
    let bench = Bench::new().await;
    let made = bench.run(&["token", "create", "--name", "charts", "--scope", "stats:read"], "").await;
    let server = bench.serve().await;
    let asked = get("/api/v1/failures").bearer(made.stdout.trim()).header("Accept", "text/event-stream");
    let internal = server.internal.clone();
    let (started, began) = tokio::sync::oneshot::channel();
    let stream = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut connection = internal.connect().await.unwrap();
        connection.write_all(&asked.bytes()).await.unwrap();
        let mut answer = Vec::new();
        connection.read_buf(&mut answer).await.unwrap();
        started.send(()).unwrap();
        connection.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    });
    began.await.unwrap();
    server.public.send(post("/v1/login").json(&json!({ "code": "unknown" }))).await;
    let ended = server.stop().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains("cut off"), "{}", ended.stderr);
    let answer = stream.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("0\r\n\r\n"), "the stream ends whole: {answer}");
}
