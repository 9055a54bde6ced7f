//! Listeners that somebody else holds: a restart refuses nobody.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::support::{At, Bench, Ended, Process, Server, get, program};

/// The command that systemd would start with these sockets: they are 3 and 4, and the process knows that they are its own.
fn activated(bench: &Bench, names: &str, sockets: [OwnedFd; 2], settings: &[&str]) -> Process {
    let mut command: Command = program(bench.dir());
    let inner = "exec 3<&0 4<&1 </dev/null >/dev/null; LISTEN_PID=$$ exec \"$@\"";
    let wxgate = command.get_program().to_owned();
    command = Command::new("/bin/sh");
    command.env_clear().current_dir(bench.dir()).args(["-c", inner, "sh"]).arg(wxgate).arg("serve");
    command.args(settings.iter().flat_map(|setting| ["--set", setting]));
    command.env("LISTEN_FDS", "2").env("LISTEN_FDNAMES", names);
    Process::spawn_with(command, sockets.map(Stdio::from))
}

fn tcp() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

fn duplicates(listeners: &[TcpListener; 2]) -> [OwnedFd; 2] {
    [&listeners[0], &listeners[1]].map(|listener| listener.try_clone().unwrap().into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_under_load_refuses_nobody() {
    let bench = Bench::new().await;
    let listeners = [tcp(), tcp()];
    let at = listeners.each_ref().map(|listener| At::Tcp(listener.local_addr().unwrap().to_string()));
    // In the other order: the names say which is which.
    let serve = async || Server::of(activated(&bench, "internal:public", duplicates(&listeners), &[])).await;
    let mut server = serve().await;
    assert_eq!(server.public.send(get("/readyz")).await.status, 404);
    assert_eq!(server.internal.send(get("/readyz")).await.status, 200);
    let skey = server.login(&bench.code("alice")).await;
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let clients: Vec<_> = (0..8)
        .map(|number| {
            let (at, stop, answered) = (at[number % 2].clone(), Arc::clone(&stop), Arc::clone(&answered));
            let path = ["/forward-auth", "/v1/session"][number % 2];
            let request = get(path).bearer(&skey);
            tokio::spawn(async move {
                let mut failures = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    match at.try_send(&request).await {
                        Ok(answer) if answer.status == 200 => drop(answered.fetch_add(1, Ordering::Relaxed)),
                        Ok(answer) => failures.push(format!("{path}: {}", answer.status)),
                        Err(error) => failures.push(format!("{path}: {error}")),
                    }
                }
                failures
            })
        })
        .collect();
    for _ in 0..10 {
        let before = answered.load(Ordering::Relaxed);
        crate::support::until("some load", || (answered.load(Ordering::Relaxed) > before + 50).then_some(())).await;
        assert_eq!(server.stop().await.code, Some(0));
        server = serve().await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut failures = Vec::new();
    for client in clients {
        failures.extend(client.await.unwrap());
    }
    assert_eq!(failures, Vec::<String>::new(), "of {} requests", answered.load(Ordering::Relaxed));
    server.stop().await;
}

#[tokio::test]
async fn a_socket_file_that_was_passed_stays() {
    let bench = Bench::new().await;
    let path = bench.dir().join("public.sock");
    let (public, internal) = (UnixListener::bind(&path).unwrap(), tcp());
    let setting = format!("listen.public=unix:{}", path.display());
    let server = Server::of(activated(&bench, "public:internal", [public.into(), internal.into()], &[&setting])).await;
    assert_eq!(At::Unix(path.clone()).send(get("/healthz")).await.status, 200);
    assert_eq!(server.stop().await.code, Some(0));
    assert!(path.exists());
}

async fn refused(bench: &Bench, names: &str, sockets: [OwnedFd; 2], settings: &[&str]) -> String {
    let Ended { code, stderr, .. } = activated(bench, names, sockets, settings).end().await;
    assert_eq!(code, Some(78), "{stderr}");
    stderr
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_the_cure() {
    let bench = Bench::new().await;
    let pair = || [tcp(), tcp()].map(OwnedFd::from);
    let said = refused(&bench, "public:wxgate.socket", pair(), &[]).await;
    assert!(said.contains("\"wxgate.socket\"") && said.contains("FileDescriptorName="), "{said}");
    let said = refused(&bench, "public:public", pair(), &[]).await;
    assert!(said.contains("two sockets named public"), "{said}");
    let said = refused(&bench, "public:internal", pair(), &["listen.internal=127.0.0.1:8521"]).await;
    assert!(said.contains("listen.internal is 127.0.0.1:8521") && said.contains("ListenStream="), "{said}");
    let said = refused(&bench, "public:internal", pair(), &["listen.public=unix:/run/wxgate/public.sock"]).await;
    assert!(said.contains("listen.public is unix:/run/wxgate/public.sock"), "{said}");
    // A connection, and a file.
    let (connection, _other) = UnixStream::pair().unwrap();
    let said = refused(&bench, "public:internal", [connection.into(), tcp().into()], &[]).await;
    assert!(said.contains("passed as public is no listener") && said.contains("Accept=yes"), "{said}");
    let file = std::fs::File::open("/dev/null").unwrap();
    let said = refused(&bench, "public:internal", [tcp().into(), file.into()], &[]).await;
    assert!(said.contains("passed as internal is no listener"), "{said}");
}

#[tokio::test]
async fn sockets_of_another_process_are_left_alone() {
    let bench = Bench::new().await;
    let mut command = program(bench.dir());
    command.arg("serve").envs([("LISTEN_PID", "1"), ("LISTEN_FDS", "2"), ("LISTEN_FDNAMES", "a:b")]);
    let server = Server::start(command).await;
    assert_eq!(server.stop().await.code, Some(0));
}
