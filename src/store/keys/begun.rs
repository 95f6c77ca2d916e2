//! Table `d`: deliveries whose text was begun.

use super::Key;
use crate::domain::DeliveryKey;

pub(in crate::store) fn all_begun() -> Key {
    Key::table(b'd')
}

pub(in crate::store) fn begun(key: DeliveryKey) -> Key {
    all_begun().number(key.run.0).number(key.subscriber.0)
}
