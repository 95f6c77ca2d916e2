//! One client: its requests are answered until it leaves or is told to.

use std::cell::RefCell;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::header::{CONNECTION, CONTENT_TYPE, HOST};
use axum::http::{HeaderValue, Request, Response, StatusCode, Version};
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use super::activity::{Activity, Phase, Watched};
use super::connections::Ending;
use super::socket::Stream;
use super::{Front, Limits};
use crate::web::client::{Client, Peer};

const TOO_SLOW: &str = "Your request took too long to come.\n";
const TOO_LARGE: &str = "Your request is too large.\n";
const NO_HOST: &str = "Your request is to name one host.\n";

/// Of a request that was not understood, so much more is read and dropped, so that the answer is not
/// lost with the connection.
const LINGER_BYTES: usize = 256 << 10;

/// Answers one client until it leaves, or as long as `ending` does not say how to end.
pub(super) async fn converse(
    stream: Stream,
    peer: Peer,
    fronts: watch::Receiver<Front>,
    limits: Limits,
    activity: Arc<Activity>,
    mut ending: oneshot::Receiver<Ending>,
) {
    let stream = Watched {
        stream,
        activity: Arc::clone(&activity),
    };
    let service = {
        let activity = Arc::clone(&activity);
        let shown = RefCell::new(Shown::of(fronts));
        service_fn(move |request| answer(&shown, peer, limits, &activity, request))
    };
    let mut connection = http1::Builder::new()
        // The times are kept by `Connections`.
        .header_read_timeout(None)
        .max_buf_size(limits.head_bytes)
        // A client may say that it has no more to ask while it waits for its answer. That saves hyper
        // a look for its end with each request, for which it would take a buffer of 8 KB.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    let told = tokio::select! {
        biased;
        ended = &mut connection => {
            if ended.is_err_and(|error| error.is_parse()) {
                linger(connection.into_parts().io.into_inner().stream, &limits).await;
            }
            return;
        }
        told = &mut ending => told.unwrap_or(Ending::Leave),
    };
    match told {
        Ending::Leave if matches!(activity.get().0, Phase::New | Phase::Head) => {}
        Ending::Leave => {
            Pin::new(&mut connection).graceful_shutdown();
            // A client that does not take its answer is cut off.
            let _ = timeout(limits.last_answers, connection).await;
        }
        Ending::TooSlow => {
            let mut stream = connection.into_parts().io.into_inner().stream;
            let length = TOO_SLOW.len();
            let answer = format!(
                "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{TOO_SLOW}"
            );
            if let Ok(Ok(())) = timeout(limits.linger, stream.write_all(answer.as_bytes())).await {
                linger(stream, &limits).await;
            }
        }
        Ending::Cut => {}
    }
}

/// Closes a connection whose client may still be writing: closed at once, the system would take the
/// answer back.
async fn linger(mut stream: Stream, limits: &Limits) {
    let drain = async {
        let mut dropped = 0;
        let mut buffer = [0; 4096];
        stream.shutdown().await?;
        while dropped < LINGER_BYTES {
            match stream.read(&mut buffer).await? {
                0 => break,
                read => dropped += read,
            }
        }
        std::io::Result::Ok(())
    };
    let _ = timeout(limits.linger, drain).await;
}

/// The routes as they were when last looked at.
struct Shown {
    front: Front,
    fronts: watch::Receiver<Front>,
}

impl Shown {
    fn of(mut fronts: watch::Receiver<Front>) -> Shown {
        let front = fronts.borrow_and_update().clone();
        Shown { front, fronts }
    }

    /// The latest: to see that they are costs no lock.
    fn latest(&mut self) -> &mut Front {
        if self.fronts.has_changed().unwrap_or(false) {
            self.front = self.fronts.borrow_and_update().clone();
        }
        &mut self.front
    }
}

/// Answers one request.
fn answer(
    shown: &RefCell<Shown>,
    peer: Peer,
    limits: Limits,
    activity: &Arc<Activity>,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Answer>, Infallible>> + use<> {
    activity.asked();
    let handed = HandedOver(Arc::clone(activity));
    let length = request.body().size_hint();
    let has_body = !request.body().is_end_stream();
    let answered = if length.lower() > limits.body_bytes {
        Err((StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE))
    } else if !names_host(&request) {
        Err((StatusCode::BAD_REQUEST, NO_HOST))
    } else {
        let mut shown = shown.borrow_mut();
        let front = shown.latest();
        let client = Client::of(peer, request.headers(), &front.proxies);
        Ok(front.routes.answer(client, request))
    };
    async move {
        let response = match answered {
            Err((status, why)) => refusal(status, why),
            Ok(answered) if has_body => match timeout(limits.body, answered).await {
                Ok(response) => response,
                Err(_) => refusal(StatusCode::REQUEST_TIMEOUT, TOO_SLOW),
            },
            Ok(answered) => answered.await,
        };
        Ok(response.map(|body| Answer {
            body,
            _handed: handed,
        }))
    }
}

/// Since HTTP/1.1 a request says which host it is for, once (RFC 9112 3.2).
fn names_host(request: &Request<Incoming>) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    request.version() < Version::HTTP_11 || hosts.next().is_some() && hosts.next().is_none()
}

/// What is left of the request is not read.
fn refusal(status: StatusCode, why: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(why));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

/// Dropped when an answer was handed to the stream, or is not to be given.
struct HandedOver(Arc<Activity>);

impl Drop for HandedOver {
    fn drop(&mut self) {
        self.0.answered();
    }
}

/// The body of an answer.
struct Answer {
    body: Body,
    _handed: HandedOver,
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
