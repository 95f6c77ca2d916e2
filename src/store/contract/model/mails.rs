//! What becomes of mails: from the instant at which somebody leaves or pauses nothing goes to them,
//! and what was withdrawn is dropped.

use jiff::{SignedDuration, Timestamp};

use super::super::POLICY;
use super::{Item, Mail, Model, Status, original};

impl Model {
    /// What is due is handed to the sender, without what was withdrawn; who has left gets nothing,
    /// and to who has paused it is owed.
    pub(in super::super) fn claim(&mut self, now: Timestamp) {
        for mut mail in std::mem::take(&mut self.mails) {
            if mail.out.is_none() && mail.deferred.is_none_or(|until| until <= now) {
                match self.people[mail.who].status {
                    Status::Active => {}
                    Status::Paused => {
                        self.owe(mail);
                        continue;
                    }
                    Status::Gone | Status::Unconfirmed => continue,
                }
                let live = |item: &&Item| self.news.known[&item.slot].is_live();
                let titles = mail
                    .items
                    .iter()
                    .filter(live)
                    .map(|item| item.title.clone());
                let mut titles: Vec<String> = titles.collect();
                if titles.is_empty() {
                    continue;
                }
                titles.sort();
                mail.out = Some(titles);
            }
            self.mails.push(mail);
        }
    }

    /// What is with the sender goes out, unless its reader is not to be written to right now. Who is
    /// told what? The bits say who defers and who refuses.
    pub(in super::super) fn send(
        &mut self,
        defer: u8,
        refuse: u8,
        now: Timestamp,
    ) -> Vec<(usize, Vec<String>)> {
        let mut told = Vec::new();
        for mut mail in std::mem::take(&mut self.mails) {
            let Some(titles) = mail.out.take() else {
                self.mails.push(mail);
                continue;
            };
            match self.people[mail.who].status {
                Status::Active => told.push((mail.who, titles)),
                Status::Paused if !mail.is_void => {
                    self.owe(mail);
                    continue;
                }
                _ => continue,
            }
            let bit = 1 << mail.who;
            // The first pause is half a minute; of a second attempt no test step defers.
            let until = now + SignedDuration::from_secs(30);
            let is_put_off = defer & !refuse & bit != 0 && mail.deferred.is_none();
            if is_put_off && !mail.is_void && until <= mail.opened + POLICY.retry_for {
                mail.deferred = Some(until);
                self.mails.push(mail);
            }
        }
        told.sort();
        told
    }

    /// The process dies: what was with the sender is not any more.
    pub(in super::super) fn die(&mut self) {
        self.mails.retain(|mail| !mail.is_void);
        for mail in &mut self.mails {
            mail.out = None;
        }
    }

    /// As though it had not been planned: the next window decides it anew.
    fn owe(&mut self, mail: Mail) {
        let person = &mut self.people[mail.who];
        for item in mail.items {
            let had = (original(item.slot), item.major);
            if let Some(place) = person.had.iter().rposition(|other| *other == had) {
                person.had.remove(place);
            }
            for asked in &mut person.asked {
                asked.owed.insert(item.slot);
            }
        }
    }
}
