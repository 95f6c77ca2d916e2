use super::super::tests::context;
use super::*;
use proptest::prelude::*;

const ID: &str = "tag:portal.example,2026:pages/żółw.md";

fn named(path: &str, bytes: &[u8]) -> Result<Vec<u8>, Problem> {
    with_id(path, bytes, &PublicationId(ID.into()), &context())
}

#[test]
fn an_id_goes_first_and_nothing_else_moves() {
    for (before, after) in [
        (
            "---\ntitle: T # jak wyżej\n---\n\nTekst\n",
            "---\nid: \"ID\"\ntitle: T # jak wyżej\n---\n\nTekst\n",
        ),
        (
            "\u{FEFF}---\r\n# uwaga\r\ntitle: T\r\n---\r\nTekst",
            "\u{FEFF}---\r\nid: \"ID\"\r\n# uwaga\r\ntitle: T\r\n---\r\nTekst",
        ),
        (
            "+++\ntitle = 'T'\n[extra]\nid = 7\n+++\nTekst\n",
            "+++\nid = \"ID\"\ntitle = 'T'\n[extra]\nid = 7\n+++\nTekst\n",
        ),
        ("# T\n\nTekst\n", "---\nid: \"ID\"\n---\n# T\n\nTekst\n"),
        ("# T\r\rTekst", "---\rid: \"ID\"\r---\r# T\r\rTekst"),
        ("\u{FEFF}# T", "\u{FEFF}---\nid: \"ID\"\n---\n# T"),
        ("---\n---\n# T\n", "---\nid: \"ID\"\n---\n# T\n"),
        (
            "{\n  \"title\": \"T\"\n}\nTekst\n",
            "{\n  \"id\": \"ID\",\n  \"title\": \"T\"\n}\nTekst\n",
        ),
        (
            "{\"title\": \"T\"}\nTekst\n",
            "{\"id\": \"ID\", \"title\": \"T\"}\nTekst\n",
        ),
        ("{}\n# T\n", "{\"id\": \"ID\"}\n# T\n"),
        (
            "---json\n{ \"title\": \"T\" }\n---\nTekst\n",
            "---json\n{ \"id\": \"ID\", \"title\": \"T\" }\n---\nTekst\n",
        ),
        (
            "\n\n---\ntitle: T\n---\n",
            "\n\n---\nid: \"ID\"\ntitle: T\n---\n",
        ),
        // Not front matter.
        ("{{ a }}\n\n# T\n", "---\nid: \"ID\"\n---\n{{ a }}\n\n# T\n"),
    ] {
        let named = named("a.md", before.as_bytes()).map(String::from_utf8);
        assert_eq!(named, Ok(Ok(after.replace("ID", ID))), "{before:?}");
    }
}

#[test]
fn where_an_id_would_change_more_it_is_refused() {
    for (path, text) in [
        ("a.txt", &b"Tytu\xC5\x82\n\nTekst\n"[..]),
        ("a.md", b"---\n{title: T}\n---\nTekst\n"),
        ("a.md", b"---\ntitle: T\nid: urn:a\n---\nTekst\n"),
        ("a.md", b"---\ntitle: T\nTekst\n"),
    ] {
        let problem = named(path, text).expect_err("it can't be put in");
        assert_eq!(problem.file.to_str(), Some(path), "{problem}");
        assert!(!problem.remedy.is_empty());
    }
}

proptest! {
    #[test]
    fn what_gets_an_id_reads_as_before(
        text in "(\u{FEFF})?(---|\\+\\+\\+|\\{)?(\r\n|\n)?(title[:=] ?'?T'?(\r\n|\n))?(---|\\+\\+\\+|\\})?[ \n]?# T[\\PC\n]{0,20}",
    ) {
        if let Ok(after) = named("a.md", text.as_bytes()) {
            let read = |bytes: &[u8]| parse("a.md", bytes, &context());
            let Ok(Parsed::Publication(before)) = read(text.as_bytes()) else {
                return Ok(());
            };
            let Ok(Parsed::Publication(after)) = read(&after) else {
                return Err(TestCaseError::fail("it can't be read"));
            };
            prop_assert_eq!(after.declared_id.as_ref().map(|id| id.0.as_str()), Some(ID));
            let mut before = before;
            before.declared_id.clone_from(&after.declared_id);
            prop_assert_eq!(before, after);
        }
    }
}
