//! `[retention]`: how long it is kept who was mailed what.

use super::raw::Table;
use super::report::Fault;
use super::value::duration;
use crate::domain::Retention;

pub(super) fn retention(table: &Table<'_>) -> Option<Retention> {
    let deliveries = table.optional("deliveries", "90d", duration("1d", "3650d"));
    let ledger = table.optional("ledger", "400d", duration("30d", "3650d"));
    let (deliveries, ledger) = (deliveries?, ledger?);
    if ledger < deliveries {
        let fault = Fault::new(
            "expected no less than `deliveries`",
            "keep who was mailed what at least as long as what became of it",
        );
        table.complain("ledger", fault);
        return None;
    }
    Some(Retention { deliveries, ledger })
}
