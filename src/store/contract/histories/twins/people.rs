//! What people ask for.

use super::super::super::model::{self, ZONES};
use super::super::super::*;
use super::super::steps::Step;
use super::{ADDRESSES, Stop, Twins, cadence_in, names};
use crate::domain::{Preferences, SubscriberKey, Wish};

impl Twins {
    pub(super) async fn ask(&mut self, step: &Step) -> Result<(), Stop> {
        let now = self.bench.now;
        match *step {
            Step::Subscribe {
                who,
                schedule,
                filter,
                is_vouched_for,
            } => {
                let person = &self.model.people[who];
                let wish = self.wish(who, schedule, filter);
                let request = NewSubscription {
                    address: Address::parse(ADDRESSES[who])?,
                    language: language(model::LANGUAGES[person.language]),
                    timezone: ZONES[person.zone].to_owned(),
                    basis: match is_vouched_for {
                        true => Basis::Administrator,
                        false => Basis::Request,
                    },
                    filter: wish.filter,
                    cadence: wish.cadence,
                };
                self.bench.store.subscribe(request, now).await?;
                self.model
                    .subscribe(who, (schedule, filter), is_vouched_for);
            }
            Step::Confirm(who) | Step::Unsubscribe(who) | Step::Pause(who) | Step::Resume(who) => {
                let Some(key) = self.key(who).await? else {
                    return Ok(());
                };
                let store = &self.bench.store;
                match step {
                    Step::Confirm(_) => store.confirm(key, now).await?,
                    Step::Unsubscribe(_) => store.unsubscribe(key, now).await?,
                    Step::Pause(_) => store.pause(key, now).await?,
                    _ => store.resume(key, now).await?,
                };
                match step {
                    Step::Confirm(_) => self.model.confirm(who),
                    Step::Unsubscribe(_) => self.model.unsubscribe(who),
                    Step::Pause(_) => self.model.pause(who),
                    _ => self.model.resume(who),
                }
            }
            Step::Speak(who, to) => {
                let preferences = Preferences {
                    language: Some(language(model::LANGUAGES[to])),
                    ..Preferences::default()
                };
                self.prefer(who, preferences).await?;
                self.model.people[who].language = to;
            }
            Step::Move(who, to) => {
                let preferences = Preferences {
                    timezone: Some(ZONES[to].to_owned()),
                    ..Preferences::default()
                };
                self.prefer(who, preferences).await?;
                self.model.people[who].zone = to;
            }
            Step::Switch {
                who,
                place,
                schedule,
            } => {
                let switched = |(_, filter)| Some((schedule, filter));
                self.change(who, place, switched).await?;
            }
            Step::Refilter { who, place, filter } => {
                let refiltered = |(schedule, _)| Some((schedule, filter));
                self.change(who, place, refiltered).await?;
            }
            Step::Drop { who, place } => self.change(who, place, |_| None).await?,
            _ => return Err(format!("nobody asks for {step:?}").into()),
        }
        self.model.forsake();
        Ok(())
    }

    async fn change(
        &mut self,
        who: usize,
        place: usize,
        change: impl FnOnce((usize, model::Filter)) -> Option<(usize, model::Filter)>,
    ) -> Result<(), Stop> {
        let asked = &self.model.people[who].asked;
        let Some(asked) = asked.get(place % asked.len().max(1)) else {
            return Ok(());
        };
        let was = (asked.schedule, asked.filter());
        let to = change(was);
        let wish = |(schedule, filter)| self.wish(who, schedule, filter);
        let preferences = Preferences {
            wishes: vec![(wish(was), to.map(wish))],
            ..Preferences::default()
        };
        self.prefer(who, preferences).await?;
        self.model.change(who, was, to);
        Ok(())
    }

    async fn prefer(&self, who: usize, preferences: Preferences) -> Result<(), Stop> {
        if let Some(key) = self.key(who).await? {
            let now = self.bench.now;
            self.bench.store.prefer(key, preferences, now).await?;
        }
        Ok(())
    }

    async fn key(&self, who: usize) -> Result<Option<SubscriberKey>, Stop> {
        let address = Address::parse(ADDRESSES[who])?;
        let known = self.bench.store.subscriber(&address).await?;
        Ok(known.map(|known| known.key))
    }

    fn wish(&self, who: usize, schedule: usize, filter: model::Filter) -> Wish {
        let languages = (0..model::LANGUAGES.len()).filter(|bit| filter.languages & 1 << bit != 0);
        Wish {
            filter: Filter {
                any: tags(&names(filter.any)),
                all: tags(&names(filter.all)),
                none: tags(&names(filter.none)),
                languages: languages
                    .map(|bit| language(model::LANGUAGES[bit]))
                    .collect(),
            },
            cadence: cadence_in(schedule, self.model.people[who].zone),
        }
    }
}
