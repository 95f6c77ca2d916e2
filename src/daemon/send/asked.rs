//! What the store was asked and has not yet answered.

use std::future::Future;
use std::pin::Pin;

use crate::store::StoreError;

type Answer<T> = Result<T, StoreError>;

/// One question at a time, asked without waiting for its answer.
pub(super) struct Asked<T>(Option<Pin<Box<dyn Future<Output = Answer<T>> + Send>>>);

impl<T> Asked<T> {
    pub(super) fn nothing() -> Asked<T> {
        Asked(None)
    }

    pub(super) fn ask(&mut self, question: impl Future<Output = Answer<T>> + Send + 'static) {
        self.0 = Some(Box::pin(question));
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.0.is_some()
    }

    /// The answer, once; where nothing was asked, never. May be dropped and asked for again.
    pub(super) async fn answer(&mut self) -> Answer<T> {
        match &mut self.0 {
            Some(question) => {
                let answer = question.await;
                self.0 = None;
                answer
            }
            None => std::future::pending().await,
        }
    }
}
