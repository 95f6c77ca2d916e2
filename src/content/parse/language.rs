//! The language of a text that nobody has named.

use whatlang::{Detector, Lang};

use crate::domain::Language;
use crate::text::html;

/// Fewer letters than this are a title or a slogan; three languages share many of those.
const LEAST: usize = 100;
/// More of a body than this, in bytes, tells nothing new.
const ENOUGH: usize = 8 * 1024;

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
    known: Vec<(Lang, Language)>,
    among_known: Detector,
    among_all: Detector,
}

impl Guess {
    /// Among these languages; of `en-GB` and `en-US` the first.
    pub fn among(languages: &[Language]) -> Guess {
        let known: Vec<(Lang, Language)> = languages
            .iter()
            .filter_map(|language| Some((lang(language.primary())?, language.clone())))
            .collect();
        let allowed = known.iter().map(|(lang, _)| *lang).collect();
        Guess {
            known,
            among_known: Detector::with_allowlist(allowed),
            among_all: Detector::new(),
        }
    }

    /// The language of a page, if it is one of the site's beyond doubt: of all languages the
    /// likeliest, and of the site's by far.
    pub fn of(&self, title: &str, body: &str) -> Option<&Language> {
        if self.known.len() < 2 {
            return None;
        }
        let mut end = body.len().min(ENOUGH);
        while !body.is_char_boundary(end) {
            end -= 1;
        }
        let words = html::plain(body.get(..end).unwrap_or_default());
        let text = format!("{title}\n{words}");
        if text.chars().filter(|c| c.is_alphabetic()).count() < LEAST {
            return None;
        }
        let known = self.among_known.detect(&text)?;
        let likeliest = self.among_all.detect_lang(&text)?;
        let (_, language) = self.known.iter().find(|(lang, _)| *lang == known.lang())?;
        (known.is_reliable() && likeliest == known.lang()).then_some(language)
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
