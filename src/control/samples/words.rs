//! What the samples say, in the languages that letters are written in.

/// The words of one language.
pub(super) struct Words {
    /// Primary subtag.
    pub(super) language: &'static str,
    /// Titles, summaries, and tags by id and label.
    pub(super) publications: [(&'static str, &'static str, (&'static str, &'static str)); 3],
    /// What has changed.
    pub(super) note: &'static str,
    /// Of an archived page.
    pub(super) notice: &'static str,
}

impl Words {
    /// Those of a language, or the English ones.
    pub(super) fn of(language: &str) -> &'static Words {
        let found = ALL.iter().find(|words| words.language == language);
        found.unwrap_or(&ENGLISH)
    }
}

const ENGLISH: Words = Words {
    language: "en",
    publications: [
        (
            "Tram line 4 runs again from Monday",
            "The track on Mill Street has been renewed. Trams stop at all stops as before.",
            ("transport", "Transport"),
        ),
        (
            "Reading rooms open until nine in the evening",
            "All five branches of the city library keep the new hours until the end of June.",
            ("culture", "Culture"),
        ),
        (
            "Grants for rain gardens: applications until 15 May",
            "Housing communities and schools can get back up to half of what they spend.",
            ("environment", "Environment"),
        ),
    ],
    note: "The date of the opening was put right: it is Monday, not Sunday.",
    notice: "This is an archived version of the page.",
};

const ALL: [Words; 3] = [
    ENGLISH,
    Words {
        language: "pl",
        publications: [
            (
                "Tramwaj linii 4 wraca na trasę od poniedziałku",
                "Zakończył się remont torów na ulicy Młyńskiej. Tramwaje zatrzymują się na wszystkich przystankach, tak jak wcześniej.",
                ("komunikacja", "Komunikacja"),
            ),
            (
                "Czytelnie otwarte do dwudziestej pierwszej",
                "Nowe godziny obowiązują we wszystkich pięciu filiach biblioteki miejskiej do końca czerwca.",
                ("kultura", "Kultura"),
            ),
            (
                "Dotacje na ogrody deszczowe: wnioski do 15 maja",
                "Wspólnoty mieszkaniowe i szkoły mogą odzyskać do połowy poniesionych kosztów.",
                ("srodowisko", "Środowisko"),
            ),
        ],
        note: "Poprawiono datę otwarcia: to poniedziałek, nie niedziela.",
        notice: "Obecna strona jest wersją archiwalną.",
    },
    Words {
        language: "uk",
        publications: [
            (
                "Трамвай № 4 повертається на маршрут із понеділка",
                "Ремонт колії на вулиці Млиновій завершено. Трамваї зупиняються на всіх зупинках, як і раніше.",
                ("transport", "Транспорт"),
            ),
            (
                "Читальні зали працюють до дев’ятої вечора",
                "Новий розклад діє в усіх п’яти філіях міської бібліотеки до кінця червня.",
                ("kultura", "Культура"),
            ),
            (
                "Гранти на дощові сади: заявки до 15 травня",
                "Об’єднання співвласників і школи можуть повернути до половини витрат.",
                ("dovkillia", "Довкілля"),
            ),
        ],
        note: "Виправлено дату відкриття: це понеділок, а не неділя.",
        notice: "Ця сторінка є архівною версією.",
    },
];
