//! Can this program read a row?

use crate::domain::websub;
use crate::domain::{
    Content, Hold, Mark, Publication, PublicationState, Run, Subscriber, TagId, UpstreamState,
};
use crate::store::StoreError;
use crate::store::archive::{NumbersRow, PageRow};
use crate::store::keys::websub::owed_kind;
use crate::store::record::{self, Record};
use crate::store::rows::{
    ChangeRow, Chunk, Due, FeedRow, HeldIn, HeldRow, LossRow, Meta, Name, NewsRow, Number,
    SourceRow, TagRow, TrustRow,
};

/// A row is as it was written, and not by a newer program. What it says is seen when it is read.
pub(in crate::store) fn check_row(key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    if value.is_empty() {
        return Ok(());
    }
    let version = record::version(value)?;
    let (name, known) = match key.first() {
        Some(b'M') => of::<Meta>(),
        Some(b'S') => of::<SourceRow>(),
        Some(b'u') => of::<UpstreamState>(),
        Some(b'P') => of::<PublicationState>(),
        Some(b'R') => of::<Publication>(),
        Some(b'r') => of::<ChangeRow>(),
        Some(b'I' | b'A' | b'Y' | b'E' | b'V' | b'H' | b's' | b'v') => of::<Number>(),
        Some(b'G') => of::<FeedRow>(),
        Some(b'c') => of::<PageRow>(),
        Some(b'm') => of::<NumbersRow>(),
        Some(b't') => of::<TagRow>(),
        Some(b'n') => of::<TagId>(),
        Some(b'N') => of::<NewsRow>(),
        Some(b'h') => of::<Hold>(),
        Some(b'i') => of::<HeldRow>(),
        Some(b'j') => of::<HeldIn>(),
        Some(b'l') => of::<LossRow>(),
        Some(b'g') => of::<TrustRow>(),
        Some(b'U') => of::<Subscriber>(),
        Some(b'K') => of::<Mark>(),
        Some(b'T') => of::<Name>(),
        Some(b'J') => of::<Run>(),
        Some(b'C') => of::<Content>(),
        Some(b'D') => of::<Chunk>(),
        Some(b'Q') => of::<Due>(),
        Some(b'p') => of::<websub::Subscription>(),
        Some(b'o') if owed_kind(key) == Some(b't') => of::<websub::Topic>(),
        Some(b'o') => of::<Number>(),
        _ => return Ok(()),
    };
    if version > known {
        return Err(StoreError::Newer {
            record: name,
            version,
        });
    }
    Ok(())
}

fn of<R: Record>() -> (&'static str, u8) {
    (R::NAME, R::VERSION)
}
