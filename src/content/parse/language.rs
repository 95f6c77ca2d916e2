//! The language of a text that nobody has named.

use whatlang::{Detector, Info, Lang};

use crate::domain::Language;
use crate::text::html;

/// Fewer letters than this are a title or a slogan; three languages share many of those.
const LEAST: usize = 100;
/// More of a body than this, in bytes, tells little that is new, and costs.
const ENOUGH: usize = 2_000;

/// BCP 47's two letters for the languages that whatlang knows by three (ISO 639).
const CODES: &str = "af afr ak aka am amh ar ara az aze be bel bn ben bg bul ca cat cs ces da dan \
    de deu el ell en eng eo epo et est fa pes fi fin fr fra gu guj he heb hi hin hr hrv hu hun \
    hy hye id ind it ita ja jpn jv jav ka kat km khm kn kan ko kor la lat lt lit lv lav mk mkd \
    ml mal mr mar my mya nb nob ne nep nl nld or ori pa pan pl pol pt por ro ron ru rus si sin \
    sk slk sl slv sn sna es spa sr srp sv swe ta tam te tel th tha tk tuk tl tgl tr tur uk ukr \
    ur urd uz uzb vi vie yi yid zh cmn zu zul cy cym no nob fil tgl";

/// Tells the languages of a site apart.
#[derive(Debug, Clone)]
pub struct Guess {
    /// The site's own language.
    main: Language,
    known: Vec<(Lang, Language)>,
    among_known: Detector,
    among_all: Detector,
}

impl Guess {
    /// Among these languages; of `en-GB` and `en-US` the first.
    pub fn among(languages: &[Language], main: &Language) -> Guess {
        let known: Vec<(Lang, Language)> = languages
            .iter()
            .filter_map(|language| Some((lang(language.primary())?, language.clone())))
            .collect();
        let allowed = known.iter().map(|(lang, _)| *lang).collect();
        Guess {
            main: main.clone(),
            known,
            among_known: Detector::with_allowlist(allowed),
            among_all: Detector::new(),
        }
    }

    /// The language of a page, if it is one of the site's beyond doubt. Title and summary mostly
    /// tell; else the beginning of the body does.
    pub fn of(&self, title: &str, summary: &str, body: &str) -> Option<&Language> {
        if self.known.len() < 2 {
            return None;
        }
        self.of_text(&format!("{title}\n{summary}")).or_else(|| {
            let mut end = body.len().min(ENOUGH);
            while !body.is_char_boundary(end) {
                end -= 1;
            }
            let words = html::plain(body.get(..end).unwrap_or_default());
            self.of_text(&format!("{title}\n{words}"))
        })
    }

    /// Of the site's languages the likeliest by far; and, if it is not the one that is taken in
    /// doubt, of all languages, too: Russian is not Ukrainian because the site has no Russian.
    fn of_text(&self, text: &str) -> Option<&Language> {
        if text.chars().filter(|c| c.is_alphabetic()).count() < LEAST {
            return None;
        }
        let found = self.among_known.detect(text).filter(Info::is_reliable)?;
        let (lang, language) = self.known.iter().find(|(lang, _)| *lang == found.lang())?;
        let is_sure = *language == self.main || self.among_all.detect_lang(text) == Some(*lang);
        is_sure.then_some(language)
    }
}

fn lang(primary: &str) -> Option<Lang> {
    let mut codes = CODES.split_whitespace();
    while let (Some(two), Some(three)) = (codes.next(), codes.next()) {
        if primary == two || primary == three {
            return Lang::from_code(three);
        }
    }
    None
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_of_whatlang_has_its_code() {
        let codes: Vec<&str> = CODES.split_whitespace().collect();
        for pair in codes.chunks(2) {
            assert_eq!(lang(pair[0]).map(|lang| lang.code()), Some(pair[1]));
        }
        assert!(Lang::all().iter().all(|lang| codes.contains(&lang.code())));
    }
}
