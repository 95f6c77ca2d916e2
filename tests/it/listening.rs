//! Where the daemon listens, and who waits while others idle.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::{Running, Site, Written, wait_for};

/// A site that listens somewhere else.
fn listening(on: &str) -> Written {
    let site = Site::new().write();
    let path = site.path().join("daemon.toml");
    let text = fs::read_to_string(&path).expect("a configuration");
    let text = text.replace("127.0.0.1:0", on);
    fs::write(path, text).expect("a file");
    site
}

/// Starts it as systemd would, with a socket.
fn start_with_socket(site: Written, socket: OwnedFd) -> Running {
    let mut run = Command::new("sh");
    let script = "exec 3<&0 </dev/null; export LISTEN_PID=$$ LISTEN_FDS=1; exec \"$0\" run";
    run.args(["-c", script, env!("CARGO_BIN_EXE_wici")])
        .current_dir(site.path());
    site.start_as_with_input(run, Stdio::from(socket))
}

fn get(mut stream: impl Read + Write) -> String {
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request).expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

fn is_answered(socket: &Path) -> bool {
    let stream = UnixStream::connect(socket).expect("it listens");
    get(stream).starts_with("HTTP/1.1 200 OK")
}

#[test]
fn it_listens_on_a_unix_socket_that_its_group_may_use_and_that_goes_with_it() {
    let site = listening("unix:web.sock").start();
    let socket = site.path("web.sock");
    assert!(is_answered(&socket));
    let mode = fs::metadata(&socket)
        .expect("a socket")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o660);
    // One that a dead daemon left is no hindrance, one that is in use is.
    let site = site.kill_and_restart();
    assert!(is_answered(&socket));
    let stopped = site.stop();
    assert!(!socket.exists());
    let _other = UnixListener::bind(&socket).expect("a socket");
    let refused = stopped.wici(&["run"]);
    let why = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1));
    assert!(why.contains("another process listens there"), "{why}");
    assert!(socket.exists(), "it is the other's");
}

#[test]
fn what_is_no_socket_is_not_removed() {
    let site = listening("unix:web.sock");
    fs::write(site.path().join("web.sock"), "notes").expect("a file");
    let refused = site.wici(&["run"]);
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(why.contains("which is no socket"), "{why}");
    assert!(site.path().join("web.sock").exists());
}

#[test]
fn it_takes_the_sockets_that_systemd_hands_over() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let site = start_with_socket(listening("systemd"), listener.into());
    assert_eq!(site.address(), address.to_string());
    assert_eq!(site.get("/").status, 200);
    site.stop();

    let written = listening("systemd");
    let socket = written.path().join("handed.sock");
    let listener = UnixListener::bind(&socket).expect("a socket");
    let site = start_with_socket(written, listener.into());
    assert!(is_answered(&socket));
    let _stopped = site.stop();
    assert!(socket.exists(), "it is systemd's");
}

#[test]
fn without_a_socket_from_systemd_it_says_so() {
    let refused = listening("systemd").wici(&["run"]);
    assert_eq!(refused.status.code(), Some(1));
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(why.contains("handed no socket over"), "{why}");
    assert!(why.contains("systemctl start wici.socket"), "{why}");
}

/// Four times as many as there are places for: half of the files that may be open.
#[test]
fn idle_connections_hold_up_nobody_who_asks() {
    let site = Site::new().write().start_with_open_files(1_000);
    wait_for("feeds", || {
        (site.get("/feeds/all.atom").status == 200).then_some(())
    });
    let request = b"GET /feeds/all.atom HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut idle: Vec<TcpStream> = Vec::new();
    for number in 0..2_000 {
        let mut stream = site.connect();
        // Every other one has asked before.
        if number % 2 == 0 {
            stream.write_all(request).expect("a request");
            let read = stream.read(&mut [0; 64]).expect("an answer");
            assert!(read > 0, "{number}");
        }
        idle.push(stream);
        if number % 100 == 0 {
            assert_eq!(site.get("/feeds/all.atom").status, 200, "beside {number}");
        }
    }
    // Who came last has kept the place.
    let last = idle.len() - 2;
    let poller = idle.get_mut(last).expect("a connection");
    poller.write_all(request).expect("a request");
    assert!(poller.read(&mut [0; 64]).expect("an answer") > 0);
}

#[test]
fn a_request_says_once_which_host_it_is_for() {
    let site = Site::new().start();
    let host = "Host: localhost\r\n";
    for (version, hosts, status) in [
        ("1.1", String::new(), "400 Bad Request"),
        ("1.1", host.repeat(2), "400 Bad Request"),
        ("1.1", host.to_owned(), "200 OK"),
        ("1.0", String::new(), "200 OK"),
    ] {
        let mut stream = site.connect();
        let request = format!("GET / HTTP/{version}\r\n{hosts}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let first = answer.lines().next().unwrap_or_default();
        assert!(first.ends_with(status), "{version} {hosts:?}: {answer}");
    }
}
