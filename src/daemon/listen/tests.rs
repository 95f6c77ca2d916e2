use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Context;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::DefaultBodyLimit;
use axum::response::Response;
use axum::routing::{get, post};
use hyper::body::Frame;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::time::timeout;

use super::connections::Ending;
use super::*;

type Tested = Result<(), Box<dyn std::error::Error>>;

/// Nothing here takes so long.
const PATIENCE: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(60);

/// Only what a test shortens is short.
fn patient() -> Limits {
    Limits {
        connections: 100,
        of_one_client: 100,
        head_bytes: 16 << 10,
        body_bytes: 1 << 10,
        head: PATIENCE,
        body: PATIENCE,
        stall: PATIENCE,
        idle: PATIENCE,
        life: PATIENCE,
        last_answers: PATIENCE,
        linger: PATIENCE,
    }
}

struct Server {
    address: SocketAddr,
    fronts: watch::Sender<Front>,
    stop: CancellationToken,
    task: JoinSet<anyhow::Result<()>>,
    /// Lets one answer of `/slow` go out.
    slow: Arc<Semaphore>,
    /// Rung when `/slow` is asked for.
    asked: Arc<Notify>,
    /// Rung when the answer of `/endless` is given up.
    given_up: Arc<Notify>,
}

/// A body without an end.
struct Endless(Arc<Notify>);

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 4096])))))
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Server {
    async fn start(limits: Limits) -> std::io::Result<Server> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (slow, asked) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
        let given_up = Arc::new(Notify::new());
        let endless = Arc::clone(&given_up);
        let (leave, ring) = (Arc::clone(&slow), Arc::clone(&asked));
        let router = Router::new()
            .route("/", get(|| async { "at once" }))
            .route(
                "/form",
                post(|body: String| async move { body.len().to_string() }),
            )
            .route(
                "/endless",
                get(|| async { Response::new(Body::new(Endless(endless))) }),
            )
            .route(
                "/slow",
                get(|| async move {
                    ring.notify_one();
                    leave.acquire().await.map(|leave| leave.forget()).ok();
                    "late"
                }),
            )
            .layer(DefaultBodyLimit::max(1 << 10));
        let (fronts, shown) = watch::channel(front(router));
        let stop = CancellationToken::new();
        let listeners = vec![Listener::Tcp(listener)];
        let mut task = JoinSet::new();
        task.spawn(serve(listeners, shown, limits, stop.clone()));
        Ok(Server {
            address,
            fronts,
            task,
            stop,
            slow,
            asked,
            given_up,
        })
    }

    async fn connect(&self) -> std::io::Result<TcpStream> {
        TcpStream::connect(self.address).await
    }

    /// A connection on which so much was written.
    async fn said(&self, text: &str) -> std::io::Result<TcpStream> {
        let mut stream = self.connect().await?;
        stream.write_all(text.as_bytes()).await?;
        Ok(stream)
    }

    /// One that was answered, and is idle.
    async fn idle(&self) -> std::io::Result<TcpStream> {
        let mut stream = self.connect().await?;
        assert!(ask(&mut stream, "/").await?.ends_with("at once"));
        Ok(stream)
    }
}

fn front(router: Router) -> Front {
    Front {
        routes: router.into(),
        proxies: Arc::default(),
    }
}

fn head(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// One request; its answer ends with `at once` or `late`, or with the connection.
async fn ask(stream: &mut TcpStream, path: &str) -> std::io::Result<String> {
    stream.write_all(head(path).as_bytes()).await?;
    answer(stream).await
}

async fn answer(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while !["at once", "late", "anew"]
        .iter()
        .any(|end| text.ends_with(end))
    {
        match timeout(PATIENCE, stream.read(&mut buffer)).await?? {
            0 => break,
            read => text += &String::from_utf8_lossy(&buffer[..read]),
        }
    }
    Ok(text)
}

/// What comes while a byte is written now and then.
async fn drip(stream: &mut TcpStream, byte: u8) -> std::io::Result<String> {
    let mut text = Vec::new();
    loop {
        match timeout(Duration::from_millis(5), stream.read_buf(&mut text)).await {
            Ok(Ok(0)) => return Ok(String::from_utf8_lossy(&text).into_owned()),
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(error),
            // One that is closed already says so by its answer.
            Err(_) => drop(stream.write_all(&[byte]).await),
        }
    }
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_refused_in_time() -> Tested {
    let limits = Limits {
        head: SHORT,
        linger: SHORT,
        ..patient()
    };
    let server = Server::start(limits).await?;
    let mut first = server.said("GET / HTTP/1.1\r\nx: ").await?;
    let told = drip(&mut first, b'x').await?;
    assert!(told.starts_with("HTTP/1.1 408 "), "{told}");
    // So is a later one, though the connection is in good standing.
    let mut later = server.idle().await?;
    later.write_all(b"GET / HTTP/1.1\r\nx: ").await?;
    let told = drip(&mut later, b'x').await?;
    assert!(told.starts_with("HTTP/1.1 408 "), "{told}");
    Ok(())
}

#[tokio::test]
async fn who_says_nothing_is_let_go_without_a_word() -> Tested {
    let server = Server::start(Limits {
        head: SHORT,
        ..patient()
    });
    assert_eq!(answer(&mut server.await?.connect().await?).await?, "");
    let server = Server::start(Limits {
        idle: SHORT,
        ..patient()
    });
    assert_eq!(answer(&mut server.await?.idle().await?).await?, "");
    Ok(())
}

#[tokio::test]
async fn a_body_that_comes_byte_by_byte_is_refused_in_time() -> Tested {
    let limits = Limits {
        body: SHORT,
        linger: SHORT,
        ..patient()
    };
    let server = Server::start(limits).await?;
    let head = "POST /form HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n";
    let told = drip(&mut server.said(head).await?, b'x').await?;
    assert!(told.starts_with("HTTP/1.1 408 "), "{told}");
    Ok(())
}

#[tokio::test]
async fn who_does_not_take_the_answer_is_cut_off() -> Tested {
    let server = Server::start(Limits {
        stall: SHORT,
        ..patient()
    });
    let server = server.await?;
    let _unread = server.said(&head("/endless")).await?;
    timeout(PATIENCE, server.given_up.notified()).await?;
    Ok(())
}

#[tokio::test]
async fn nobody_keeps_a_place_for_ever() -> Tested {
    let server = Server::start(Limits {
        life: SHORT,
        last_answers: SHORT,
        ..patient()
    });
    let server = server.await?;
    let mut busy = server.idle().await?;
    // It is let go between two answers.
    while ask(&mut busy, "/")
        .await
        .is_ok_and(|answer| !answer.is_empty())
    {}
    // Whoever reads on and on is, in the end, cut off.
    let mut greedy = server.said(&head("/endless")).await?;
    let mut buffer = [0; 4096];
    while timeout(PATIENCE, greedy.read(&mut buffer))
        .await?
        .is_ok_and(|read| read > 0)
    {}
    timeout(PATIENCE, server.given_up.notified()).await?;
    Ok(())
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_the_refusal_arrives() -> Tested {
    let limits = Limits {
        linger: SHORT,
        ..patient()
    };
    let server = Server::start(limits).await?;
    let long = "x".repeat(200 << 10);
    let announced = format!("Content-Length: {}\r\n\r\n{long}", long.len());
    let chunked = format!(
        "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{long}\r\n0\r\n\r\n",
        long.len()
    );
    for (request, status) in [
        (format!("GET / HTTP/1.1\r\nx: {long}\r\n\r\n"), "431"),
        (
            format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(200)),
            "431",
        ),
        (format!("GET /{long} HTTP/1.1\r\n\r\n"), "4"),
        (
            format!("POST /form HTTP/1.1\r\nHost: localhost\r\n{announced}"),
            "413",
        ),
        (
            format!("POST /form HTTP/1.1\r\nHost: localhost\r\n{chunked}"),
            "413",
        ),
    ] {
        let mut stream = server.connect().await?;
        // The server may have closed its side before all is written.
        let _ = stream.write_all(request.as_bytes()).await;
        let told = answer(&mut stream).await?;
        let start = format!("HTTP/1.1 {status}");
        assert!(told.starts_with(&start), "{status}: {told}");
    }
    Ok(())
}

#[tokio::test]
async fn where_all_places_are_taken_the_longest_idle_gives_way() -> Tested {
    let server = Server::start(Limits {
        connections: 2,
        ..patient()
    });
    let server = server.await?;
    let (mut first, mut second) = (server.idle().await?, server.idle().await?);
    server.idle().await?;
    assert_eq!(answer(&mut first).await?, "");
    assert!(ask(&mut second, "/").await?.ends_with("at once"));
    Ok(())
}

#[tokio::test]
async fn who_says_nothing_gives_way_too_and_who_is_answered_does_not() -> Tested {
    let server = Server::start(Limits {
        connections: 2,
        ..patient()
    });
    let server = server.await?;
    let mut at_work = server.said(&head("/slow")).await?;
    server.asked.notified().await;
    let mut silent = server.connect().await?;
    for _ in 0..5 {
        server.idle().await?;
    }
    assert_eq!(answer(&mut silent).await?, "");
    server.slow.add_permits(1);
    assert!(answer(&mut at_work).await?.ends_with("late"));
    Ok(())
}

#[tokio::test]
async fn one_client_gets_its_share_of_the_places() -> Tested {
    let limits = Limits {
        connections: 100,
        of_one_client: 2,
        ..patient()
    };
    let clock = CoarseClock::default();
    let mut connections = Connections::new(limits, clock.clone());
    let mut tasks = JoinSet::new();
    let (one, near, far) = ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1");
    let mut come = |connections: &mut Connections, from: &str| {
        let client = from.parse().ok();
        let admitted = connections.admit(client);
        let activity = Arc::new(Activity::new(clock.clone()));
        let (end, ending) = oneshot::channel();
        let id = tasks.spawn(std::future::pending::<()>()).id();
        if admitted {
            connections.insert(id, Arc::clone(&activity), client, end);
        }
        (admitted, activity, ending)
    };
    let mut first = come(&mut connections, one);
    let _second = come(&mut connections, near);
    assert!(!come(&mut connections, one).0, "both are at work");
    assert!(come(&mut connections, far).0, "that is somebody else");
    first.1.answered();
    assert!(come(&mut connections, one).0, "one of them was idle");
    assert_eq!(first.2.try_recv()?, Ending::Leave);
    Ok(())
}

#[tokio::test]
async fn an_answer_that_is_under_way_goes_out_at_the_end() -> Tested {
    let mut server = Server::start(patient()).await?;
    let mut idle = server.idle().await?;
    let mut silent = server.connect().await?;
    let mut at_work = server.said(&head("/slow")).await?;
    server.asked.notified().await;
    server.stop.cancel();
    assert_eq!(answer(&mut idle).await?, "");
    assert_eq!(answer(&mut silent).await.unwrap_or_default(), "");
    assert!(server.task.try_join_next().is_none(), "one is at work");
    server.slow.add_permits(1);
    assert!(answer(&mut at_work).await?.ends_with("late"));
    timeout(PATIENCE, server.task.join_next())
        .await?
        .ok_or("a task")???;
    assert!(TcpStream::connect(server.address).await.is_err());
    Ok(())
}

#[tokio::test]
async fn a_new_front_is_shown_on_connections_that_are_there() -> Tested {
    let server = Server::start(patient()).await?;
    let (mut idle, mut at_work) = (server.idle().await?, server.said(&head("/slow")).await?);
    server.asked.notified().await;
    let router = Router::new().route("/", get(|| async { "anew" }));
    server.fronts.send_replace(front(router));
    assert!(ask(&mut idle, "/").await?.ends_with("anew"));
    server.slow.add_permits(1);
    assert!(answer(&mut at_work).await?.ends_with("late"));
    Ok(())
}
