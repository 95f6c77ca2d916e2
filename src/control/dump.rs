//! A dump: the one answer that is a stream of bytes, and no JSON.

use std::fs;
use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Bytes, Frame};
use jiff::Timestamp;

use super::{Desk, Refusal};
use crate::store::{Dump, StoreError};

/// Begins a dump of the store and of the keys beside it.
///
/// # Errors
/// What the person who asked should read.
pub async fn begin(desk: &Desk, now: Timestamp) -> Result<Dump, Refusal> {
    let path = desk.config.state.join("keys");
    let keys = match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        read => read.map_err(|error| Refusal(format!("can't read {}: {error}", path.display())))?,
    };
    let dump = desk.store.dump(keys, now).await?;
    // What is under way has to be witnessed anew.
    (desk.bell)();
    Ok(dump)
}

type Step = (Dump, Result<Option<Vec<u8>>, StoreError>);

/// A dump as the body of an answer: made as it is read.
pub(super) enum Stream {
    At(Pin<Box<dyn Future<Output = Step> + Send>>),
    Done,
}

impl Stream {
    pub(super) fn of(dump: Dump) -> Stream {
        Stream::At(Box::pin(step(dump)))
    }
}

async fn step(mut dump: Dump) -> Step {
    let bytes = dump.next().await;
    (dump, bytes)
}

impl Body for Stream {
    type Data = Bytes;
    type Error = StoreError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StoreError>>> {
        let Stream::At(step) = &mut *self else {
            return Poll::Ready(None);
        };
        let (dump, bytes) = ready!(step.as_mut().poll(context));
        let frame = bytes.transpose();
        *self = match &frame {
            Some(Ok(_)) => Stream::of(dump),
            Some(Err(_)) | None => Stream::Done,
        };
        Poll::Ready(frame.map(|bytes| bytes.map(|bytes| Frame::data(Bytes::from(bytes)))))
    }
}
