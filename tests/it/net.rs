//! Outgoing HTTP against servers that mean no good.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use url::Url;
use wici::net::{Answer, Ask, NetError, Outgoing};

use crate::http_server::{HttpServer, Reply};

const MOST: usize = 1 << 20;

async fn get(url: &str) -> Result<Answer, NetError> {
    let outgoing = Outgoing::new("wici/test (+https://portal.example/)").expect("a client");
    let url = Url::parse(url).expect("a URL");
    outgoing
        .get(&Ask {
            url: &url,
            allow_private: true,
            accept: "*/*",
            etag: Some("\"1\""),
            last_modified: None,
            most: MOST,
        })
        .await
}

#[tokio::test]
async fn it_says_who_asks_and_keeps_credentials_to_itself() {
    let server = HttpServer::start();
    let with_user = server.url("/there").replace("http://", "http://me:secret@");
    server.answers("/here", Reply::redirect(302, &with_user));
    server.answers("/there", Reply::with("", b"text"));
    let answer = get(&server.url("/here")).await.expect("an answer");
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b"text"[..]));
    let asked = &server.asked("/there")[0].headers;
    assert_eq!(asked["user-agent"], "wici/test (+https://portal.example/)");
    assert_eq!(asked["if-none-match"], "\"1\"");
    assert!(
        !asked.contains_key("authorization") && !asked.contains_key("referer"),
        "{asked:?}"
    );
}

#[tokio::test]
async fn only_steps_for_good_are_remembered() {
    let server = HttpServer::start();
    server.answers("/a", Reply::redirect(301, "b"));
    server.answers("/b", Reply::redirect(308, "/c"));
    server.answers("/c", Reply::redirect(307, "/d"));
    server.answers("/d", Reply::redirect(301, "/e"));
    server.answers("/e", Reply::with("", b"text"));
    let answer = get(&server.url("/a")).await.expect("an answer");
    assert_eq!(answer.moved_to.map(String::from), Some(server.url("/c")));
    assert_eq!(answer.url.as_str(), server.url("/e"));
    let answer = get(&server.url("/c")).await.expect("an answer");
    assert_eq!(answer.moved_to, None);
}

#[tokio::test]
async fn redirects_end_and_lead_to_http_alone() {
    let server = HttpServer::start();
    server.answers("/loop", Reply::redirect(302, "/loop"));
    server.answers("/file", Reply::redirect(308, "file:///etc/passwd"));
    server.answers("/nowhere", Reply::status(301, ""));
    server.answers("/wrong", Reply::redirect(301, "http://["));
    let error = |path: &str| {
        let url = server.url(path);
        async move { get(&url).await.err() }
    };
    assert_eq!(error("/loop").await, Some(NetError::Redirects));
    assert_eq!(server.asked("/loop").len(), 6);
    assert_eq!(
        error("/file").await,
        Some(NetError::Scheme("file".to_owned()))
    );
    assert_eq!(error("/nowhere").await, Some(NetError::Nowhere));
    assert_eq!(error("/wrong").await, Some(NetError::Nowhere));
}

#[tokio::test]
async fn a_body_is_as_large_as_allowed_and_no_larger_however_it_is_packed() {
    let server = HttpServer::start();
    let head = "HTTP/1.1 200 OK\r\n\r\n".to_owned();
    let piece = vec![b'a'; 4096];
    server.answers("/endless", Reply::Endless { head, piece });
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..100 {
        bomb.write_all(&vec![b'a'; MOST]).expect("memory");
    }
    let bomb = bomb.finish().expect("memory");
    assert!(bomb.len() < MOST);
    server.answers("/bomb", Reply::with("Content-Encoding: gzip\r\n", &bomb));
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&vec![b'a'; MOST]).expect("memory");
    let packed = packed.finish().expect("memory");
    server.answers(
        "/packed",
        Reply::with("Content-Encoding: gzip\r\n", &packed),
    );
    for path in ["/endless", "/bomb"] {
        let error = get(&server.url(path)).await.err();
        assert_eq!(error, Some(NetError::TooLarge(MOST)), "{path}");
    }
    let whole = get(&server.url("/packed")).await.expect("an answer");
    assert_eq!(whole.body.len(), MOST);
}

#[tokio::test]
async fn half_an_answer_is_none() {
    let server = HttpServer::start();
    let cases = [
        ("/length", Reply::with("Content-Length: 100\r\n", b"half")),
        (
            "/chunks",
            Reply::with("Transfer-Encoding: chunked\r\n", b"4\r\nhalf\r\n8\r\nnot"),
        ),
        (
            "/gzip",
            Reply::with("Content-Encoding: gzip\r\n", b"no gzip at all"),
        ),
        ("/head", Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-".to_vec())),
        ("/nothing", Reply::Raw(Vec::new())),
        ("/words", Reply::Raw(b"220 mail.example ESMTP\r\n".to_vec())),
        ("/headers", Reply::with(&"X: y\r\n".repeat(1_000), b"text")),
    ];
    for (path, reply) in cases {
        server.answers(path, reply);
        let error = get(&server.url(path)).await.err();
        assert!(
            matches!(error, Some(NetError::Failed(_))),
            "{path}: {error:?}"
        );
    }
}

/// The clock stands still but for timeouts.
#[tokio::test(start_paused = true)]
async fn who_never_answers_is_not_waited_for() {
    let server = HttpServer::start();
    server.answers("/", Reply::Silence);
    assert_eq!(get(&server.url("/")).await.err(), Some(NetError::TooSlow));
}

#[tokio::test]
async fn private_addresses_are_not_asked_by_name_or_number() {
    let server = HttpServer::start();
    server.answers("/", Reply::with("", b"text"));
    let outgoing = Outgoing::new("wici/test").expect("a client");
    for url in [
        server.url("/"),
        server.url("/").replace("127.0.0.1", "localhost"),
    ] {
        let url = Url::parse(&url).expect("a URL");
        let ask = Ask {
            url: &url,
            allow_private: false,
            accept: "*/*",
            etag: None,
            last_modified: None,
            most: MOST,
        };
        let error = outgoing.get(&ask).await.err();
        assert!(
            matches!(error, Some(NetError::Private(_))),
            "{url}: {error:?}"
        );
    }
    assert!(server.asked("/").is_empty());
}
