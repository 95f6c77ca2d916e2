//! Schedules as people see them, and runs that they open by hand.

use crate::harness::Site;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn status_tells_the_next_three_instants_of_each_schedule_in_the_sites_zone() {
    let site = Site::new()
        .with("[[schedule]]\nname = \"yearly\"\ncron = \"0 8 1 1 *\"\ntimezone = \"Asia/Tokyo\"\n")
        .start();
    let running = site.json(&["status"])["schedules"].clone();
    let next = running[0]["next"].as_array().expect("a list");
    assert_eq!(next.len(), 3);
    let is_new_year = |at: &serde_json::Value| {
        at.as_str()
            .is_some_and(|at| at.ends_with("-12-31T23:00:00Z"))
    };
    assert!(next.iter().all(is_new_year), "{next:?}");
    assert_eq!(running[1]["name"], "immediate");
    assert_eq!(running[1]["delay"], "PT0S");
    let rest = site.stop();
    let output = text(&rest.wici(&["status"]).stdout);
    assert!(output.contains("next ("), "{output}");
    assert!(output.contains("Asia/Tokyo"), "{output}");
    assert_eq!(
        output.matches("31 Dec 20").count() + output.matches("1 Jan 20").count(),
        3,
        "{output}"
    );
    let resting = text(&rest.wici(&["status", "--json"]).stdout);
    let resting: serde_json::Value = serde_json::from_str(&resting).expect("JSON");
    assert_eq!(resting["schedules"], running);
}
