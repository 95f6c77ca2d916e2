//! Makes content for benchmarks and trials: `sample-content DIR PUBLICATIONS [TAGS]`.
//!
//! Markdown of two to six kilobytes with front matter that Hugo and Eleventy read as well, in
//! Polish, Ukrainian and English, with links, lists, tables, pictures and one to four tags. The same
//! numbers give the same files.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [dir, publications, rest @ ..] = arguments.as_slice() else {
        anyhow::bail!("usage: sample-content DIR PUBLICATIONS [TAGS]");
    };
    let publications: u64 = publications.parse().context("PUBLICATIONS")?;
    let tags: u64 = rest.first().map_or(Ok(200), |tags| tags.parse())?;
    for number in 0..publications {
        let folder = Path::new(dir).join(format!("{:03}", number / 100));
        if number % 100 == 0 {
            fs::create_dir_all(&folder)?;
        }
        fs::write(
            folder.join(format!("{number:06}.md")),
            page(number, tags.max(1)),
        )?;
    }
    Ok(())
}

/// What a language has to say.
struct Words {
    code: &'static str,
    titles: [&'static str; 8],
    headings: [&'static str; 6],
    sentences: [&'static str; 16],
    items: [&'static str; 8],
    columns: [&'static str; 3],
}

fn page(number: u64, tags: u64) -> String {
    let mut dice = Dice(number);
    let words = match dice.roll(10) {
        0..6 => &POLISH,
        6..8 => &UKRAINIAN,
        _ => &ENGLISH,
    };
    let mut page = front_matter(number, tags, words, &mut dice);
    let size = page.len() + 2_000 + dice.roll(4_000) as usize;
    paragraph(&mut page, words, &mut dice);
    while page.len() < size {
        match dice.roll(10) {
            0 => heading(&mut page, words, &mut dice),
            1 | 2 => list(&mut page, words, &mut dice),
            3 => table(&mut page, words, &mut dice),
            4 => quote(&mut page, words, &mut dice),
            5 if !page.contains("![") => picture(&mut page, number, words, &mut dice),
            _ => paragraph(&mut page, words, &mut dice),
        }
    }
    page
}

/// Every tag has its turn as the first one; the others are drawn, low numbers more often.
fn front_matter(number: u64, tags: u64, words: &Words, dice: &mut Dice) -> String {
    let mut own = vec![number % tags];
    for _ in 0..dice.roll(4) {
        let tag = dice.roll(tags).min(dice.roll(tags));
        if !own.contains(&tag) {
            own.push(tag);
        }
    }
    let labels: Vec<String> = own.into_iter().map(tag).collect();
    // One every few hours, back from the end of 2025; no two at the same second.
    let (day, hour) = (number / 4 % 28 + 1, number % 4 * 5 + 3);
    let (month, year) = (number / 112 % 12 + 1, 2025 - number / 1_344 % 100);
    format!(
        "---\ntitle: \"{} {number}\"\ndate: {year}-{month:02}-{day:02}T{hour:02}:{:02}:{:02}Z\n\
         lang: {}\ntags: [{}]\n---\n\n",
        dice.pick(&words.titles),
        number % 60,
        number / 60 % 60,
        words.code,
        labels.join(", "),
    )
}

/// `pomoc-lublin`: the same as a slug, so that every program names its feed alike.
fn tag(number: u64) -> String {
    let places = TOWNS.len() as u64;
    let subject = TOPICS[(number / places) as usize % TOPICS.len()];
    let town = TOWNS[(number % places) as usize];
    match number / (places * TOPICS.len() as u64) {
        0 => format!("{subject}-{town}"),
        more => format!("{subject}-{town}-{more}"),
    }
}

fn paragraph(page: &mut String, words: &Words, dice: &mut Dice) {
    for _ in 0..3 + dice.roll(4) {
        let sentence = dice.pick(&words.sentences);
        let _ = match dice.roll(8) {
            0 => write!(page, "**{sentence}** "),
            1 => write!(page, "[{sentence}](/sprawy/{}/) ", dice.roll(900)),
            2 => write!(
                page,
                "{sentence} (<https://example.org/{}>) ",
                dice.roll(900)
            ),
            3 => write!(page, "{sentence} *{}* ", dice.pick(&words.items)),
            _ => write!(page, "{sentence} "),
        };
        if dice.roll(3) == 0 {
            page.pop();
            page.push('\n');
        }
    }
    page.truncate(page.trim_end().len());
    page.push_str("\n\n");
}

fn heading(page: &mut String, words: &Words, dice: &mut Dice) {
    let _ = write!(page, "## {}\n\n", dice.pick(&words.headings));
    paragraph(page, words, dice);
}

fn list(page: &mut String, words: &Words, dice: &mut Dice) {
    let numbered = dice.roll(2) == 0;
    for number in 1..=3 + dice.roll(4) {
        let mark = if numbered {
            format!("{number}.")
        } else {
            "-".to_owned()
        };
        let _ = writeln!(page, "{mark} {}", dice.pick(&words.items));
    }
    page.push('\n');
}

fn table(page: &mut String, words: &Words, dice: &mut Dice) {
    let _ = writeln!(
        page,
        "| {} |\n| --- | --- | ---: |",
        words.columns.join(" | ")
    );
    for _ in 0..3 + dice.roll(4) {
        let town = dice.pick(&TOWNS);
        let item = dice.pick(&words.items);
        let _ = writeln!(page, "| {town} | {item} | {} |", dice.roll(5_000));
    }
    page.push('\n');
}

fn quote(page: &mut String, words: &Words, dice: &mut Dice) {
    let (first, second) = (dice.pick(&words.sentences), dice.pick(&words.sentences));
    let _ = write!(page, "> {first}\n> {second}\n\n");
}

fn picture(page: &mut String, number: u64, words: &Words, dice: &mut Dice) {
    let about = dice.pick(&words.items);
    let _ = write!(page, "![{about}](/obrazy/{number}.jpg \"{about}\")\n\n");
}

/// SplitMix64, so that the same numbers give the same files.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides
    }

    fn pick(&mut self, words: &[&'static str]) -> &'static str {
        words[self.roll(words.len() as u64) as usize]
    }
}

const TOPICS: [&str; 20] = [
    "pomoc",
    "szkolenia",
    "prawo",
    "zdrowie",
    "praca",
    "szkoly",
    "kultura",
    "drogi",
    "kolej",
    "woda",
    "las",
    "rolnictwo",
    "sport",
    "mieszkania",
    "podatki",
    "granica",
    "jezyk",
    "seniorzy",
    "wolontariat",
    "konkursy",
];

const TOWNS: [&str; 10] = [
    "lublin", "przemysl", "rzeszow", "chelm", "zamosc", "lwow", "luck", "krakow", "poznan",
    "gdynia",
];

const POLISH: Words = Words {
    code: "pl",
    titles: [
        "Nowe godziny przyjęć w punkcie pomocy, numer",
        "Remont przejścia przy dworcu potrwa dłużej: komunikat",
        "Ruszają zapisy na jesienne warsztaty, edycja",
        "Sprawozdanie z pracy zespołu, część",
        "Jak złożyć wniosek, żeby nie wracać: poradnik",
        "Wyniki konkursu dla szkół, runda",
        "Spotkanie mieszkańców z urbanistami: protokół",
        "Zmiany w rozkładzie jazdy od poniedziałku, tabela",
    ],
    headings: [
        "Co się zmienia",
        "Kto może skorzystać",
        "Jak się zgłosić",
        "Ile to kosztuje",
        "Najczęstsze pytania",
        "Co dalej",
    ],
    sentences: [
        "Od przyszłego tygodnia punkt przyjmuje także w soboty, bez wcześniejszych zapisów.",
        "Wnioski, które wpłyną po terminie, rozpatrzymy w kolejnym miesiącu.",
        "Tłumacz języka ukraińskiego jest na miejscu we wtorki i czwartki.",
        "Z bezpłatnej porady skorzystało już ponad czterystu mieszkańców.",
        "Prosimy zabrać ze sobą tylko to, co potwierdza adres zamieszkania.",
        "Na miejscu pomożemy wypełnić formularz i zrobić kopie dokumentów.",
        "Budynek ma podjazd i windę, a przy wejściu dyżuruje wolontariusz.",
        "Jeżeli termin nie pasuje, wystarczy zadzwonić i poprosić o inny.",
        "Szczegółowy program ogłosimy, gdy tylko potwierdzą go prowadzący.",
        "Źródłem pieniędzy jest rezerwa, którą rada odłożyła wiosną na takie wydatki.",
        "Część zajęć odbędzie się w terenie, dlatego warto mieć wygodne buty.",
        "Na pytania nadesłane pocztą odpowiadamy zwykle w ciągu trzech dni.",
        "Kto był z nami w zeszłym roku, nie musi zapisywać się ponownie.",
        "O zamknięciu ulicy uprzedzimy kierowców tablicami i w radiu.",
        "Dzieci do lat siedmiu przychodzą z opiekunem, starsze mogą przyjść same.",
        "Dziękujemy wszystkim, którzy przesłali uwagi do pierwszej wersji planu.",
    ],
    items: [
        "potwierdzenie zgłoszenia",
        "plan dojazdu z dworca",
        "lista potrzebnych rzeczy",
        "numer telefonu do dyżurnego",
        "dwa zdjęcia i długopis",
        "zgoda opiekuna na wyjazd",
        "ciepły posiłek w przerwie",
        "zaświadczenie o ukończeniu kursu",
    ],
    columns: ["Miejsce", "Sprawa", "Liczba"],
};

const UKRAINIAN: Words = Words {
    code: "uk",
    titles: [
        "Новий графік прийому в пункті допомоги, номер",
        "Ремонт переходу біля вокзалу триватиме довше: повідомлення",
        "Починається запис на осінні майстерні, випуск",
        "Звіт про роботу команди, частина",
        "Як подати заяву з першого разу: порада",
        "Результати конкурсу для шкіл, тур",
        "Зустріч мешканців з міськими планувальниками: протокол",
        "Зміни в розкладі руху з понеділка, таблиця",
    ],
    headings: [
        "Що змінюється",
        "Хто може скористатися",
        "Як зголоситися",
        "Скільки це коштує",
        "Часті запитання",
        "Що далі",
    ],
    sentences: [
        "З наступного тижня пункт працює також у суботу, без попереднього запису.",
        "Заяви, що надійдуть пізніше, ми розглянемо наступного місяця.",
        "Перекладачка з української чекає на вас у вівторок і четвер.",
        "Безкоштовною порадою скористалися вже понад чотириста мешканців.",
        "Візьміть із собою лише те, що підтверджує адресу проживання.",
        "На місці допоможемо заповнити бланк і зробити копії документів.",
        "У будівлі є пандус і ліфт, а біля входу чергує волонтер.",
        "Якщо час вам не підходить, зателефонуйте й попросіть інший.",
        "Докладну програму оголосимо, щойно її підтвердять ведучі.",
        "Гроші взято з резерву, який рада відклала навесні на такі видатки.",
        "Частина занять відбудеться просто неба, тож зручне взуття не завадить.",
        "На запитання поштою відповідаємо зазвичай за три дні.",
        "Хто був із нами торік, може не записуватися вдруге.",
        "Про перекриття вулиці водіїв попередять знаки й радіо.",
        "Діти до семи років приходять із дорослими, старші можуть прийти самі.",
        "Дякуємо всім, хто надіслав зауваження до першої версії плану.",
    ],
    items: [
        "підтвердження заявки",
        "схема проїзду від вокзалу",
        "перелік потрібних речей",
        "телефон чергового",
        "дві світлини й ручка",
        "згода опікуна на поїздку",
        "гарячий обід у перерві",
        "посвідчення про закінчення курсу",
    ],
    columns: ["Місце", "Справа", "Кількість"],
};

const ENGLISH: Words = Words {
    code: "en",
    titles: [
        "New opening hours at the help point, number",
        "Works at the station crossing will take longer: notice",
        "Places are open for the autumn workshops, round",
        "What the team did this season, part",
        "How to apply and only once: guide",
        "School competition results, round",
        "Residents meet the town planners: minutes",
        "Timetable changes from Monday, table",
    ],
    headings: [
        "What changes",
        "Who can take part",
        "How to apply",
        "What it costs",
        "Common questions",
        "What comes next",
    ],
    sentences: [
        "From next week the help point is open on Saturdays too; there is no need to book.",
        "Applications that arrive after the deadline are read in the following month.",
        "An interpreter for Ukrainian is there on Tuesdays and Thursdays.",
        "More than four hundred people have used the free advice so far.",
        "Please bring only what shows where you live.",
        "We help you to fill in the form & copy your papers on the spot.",
        "The building has a ramp and a lift, and a volunteer waits at the door.",
        "If the day doesn't suit you, call us and ask for another one.",
        "The full programme follows as soon as the speakers have confirmed it.",
        "The money comes from a reserve that the council set aside in spring.",
        "Part of the course is outdoors, so wear shoes you can walk in.",
        "Questions sent by post are usually answered within three days.",
        "Whoever joined us last year need not sign up again.",
        "Drivers will be told of the closed street by signs and on the radio.",
        "Children under seven come with an adult; older ones may come alone.",
        "Thank you to everybody who commented on the first draft of the plan.",
    ],
    items: [
        "a confirmation of your place",
        "the way from the station",
        "a list of what you need",
        "the number of the person on duty",
        "two photographs and a pen",
        "a guardian's consent for the trip",
        "a warm meal at noon",
        "a certificate at the end",
    ],
    columns: ["Place", "Matter", "Count"],
};
