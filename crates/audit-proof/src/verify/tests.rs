pub(crate) mod log;

use ed25519_dalek::SigningKey;
use proptest::prelude::*;

use self::log::{LOG, Log, key};
use super::*;
use crate::export::Signed;

fn trusted() -> Trust {
    Trust { public_keys: vec![key().verifying_key().to_bytes()], ..Trust::default() }
}

fn check(lines: &[String], trust: &Trust) -> Result<Verified, Failure> {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    verify(text.as_bytes(), trust, |_| ())
}

fn found(lines: &[String], trust: &Trust) -> Finding {
    match check(lines, trust) {
        Err(Failure::Found(finding)) => finding,
        other => panic!("{other:?}"),
    }
}

#[test]
fn whatever_part_of_a_log_is_exported_it_is_proved() {
    let log = Log::of(20);
    for (first, end, size) in
        [(0, 20, 20), (0, 0, 0), (0, 13, 20), (7, 20, 20), (7, 13, 17), (20, 20, 20), (5, 5, 9)]
    {
        let proved = check(&log.export(first, end, size, &[8, 10, 12]), &trusted()).expect("it holds");
        assert_eq!((proved.first, proved.events, proved.checkpoint.size), (first, end - first, size));
        assert_eq!(proved.erased, (first..end).filter(|index| index.is_multiple_of(3)).count() as u64);
        let others = [8, 10, 12].iter().filter(|size| (first..=end).contains(*size)).count() as u64;
        assert_eq!((proved.checkpoints, proved.keys_of_file), (others, false));
    }
    let by_itself = check(&log.export(0, 20, 20, &[]), &Trust::default()).expect("it holds");
    assert!(by_itself.keys_of_file);
}

#[test]
fn many_batches_are_proved_in_their_order_and_the_last_event_counts() {
    let log = Log::of(5_000);
    let mut lines = log.export(0, 5_000, 5_000, &[4_999]);
    assert_eq!(check(&lines, &trusted()).expect("it holds").events, 5_000);
    lines[5_001] = lines[5_001].replace("success", "refused");
    assert!(matches!(found(&lines, &trusted()), Finding::Altered { index: 4_999, .. }));
}

#[test]
fn attack_32_an_event_that_was_edited_is_named() {
    let log = Log::of(20);
    for index in [0, 7, 19] {
        let mut lines = log.export(0, 20, 20, &[]);
        lines[index + 1] = lines[index + 1].replace("success", "refused");
        // Another beside it, later: the first is named.
        lines[20] = lines[20].replace("role_changed", "removed");
        let finding = found(&lines, &trusted());
        assert!(matches!(finding, Finding::Altered { .. }), "{finding:?}");
        assert_eq!((finding.first_bad(), finding.exit_code()), (Some(index as u64), 12));
    }
}

#[test]
fn attack_32_an_event_edited_with_its_hash_does_not_lead_to_the_checkpoint() {
    let mut log = Log::of(20);
    let (honest, old) = (log.checkpoint(20), log.checkpoint(10));
    log.leaves[12] = log.leaves[12].replace("success", "refused");
    log.hashes[12] = Hash::of_leaf(log.leaves[12].as_bytes());
    let mut lines = log.export(0, 20, 20, &[10]);
    let forged = log.checkpoint(20);
    // Signed by nobody, as it was rewritten.
    let quoted = |note: &str| serde_json::to_string(note).expect("JSON");
    lines[0] = lines[0].replace(&quoted(&forged), &quoted(&honest));
    let expected = Finding::Unproven { from: 10, size: 20, suspect: None };
    assert_eq!(found(&lines, &trusted()), expected);
    assert_eq!(expected.exit_code(), 15);
    // Whoever rewrites it and has it signed is found out by what was seen before.
    let rewritten = log.export(0, 20, 20, &[]);
    assert!(check(&rewritten, &trusted()).is_ok());
    let seen = Trust { seen: vec![honest, old], ..trusted() };
    assert_eq!(found(&rewritten, &seen), expected);
}

#[test]
fn attack_32_what_was_edited_before_a_checkpoint_that_holds_is_named_and_not_what_comes_after() {
    let mut log = Log::of(20);
    let honest = log.checkpoint(20);
    log.leaves[12] = log.leaves[12].replace("success", "refused");
    log.hashes[12] = Hash::of_leaf(log.leaves[12].as_bytes());
    let mut lines = log.export(0, 20, 20, &[10]);
    let quoted = |note: &str| serde_json::to_string(note).expect("JSON");
    lines[0] = lines[0].replace(&quoted(&log.checkpoint(20)), &quoted(&honest));
    // Its hash is the old one, so the checkpoint of ten events holds.
    lines[4] = lines[4].replace("success", "refused");
    assert!(matches!(found(&lines, &trusted()), Finding::Altered { index: 3, .. }));
}

#[test]
fn attack_32_an_export_whose_own_checkpoint_is_another_is_no_better_for_one_seen_before_that_holds() {
    let (log, mut forged) = (Log::of(20), Log::of(20));
    forged.hashes[12] = Hash::of_leaf(b"something else");
    let mut lines = log.export(0, 20, 20, &[]);
    let quoted = |note: &str| serde_json::to_string(note).expect("JSON");
    lines[0] = lines[0].replace(&quoted(&log.checkpoint(20)), &quoted(&forged.checkpoint(20)));
    let seen = Trust { seen: vec![log.checkpoint(20)], ..trusted() };
    // The events hold as far as the one seen before; the export's own says otherwise of as many.
    assert_eq!(found(&lines, &seen), Finding::Unproven { from: 20, size: 20, suspect: None });
}

#[test]
fn attack_32_events_that_were_removed_or_moved_are_named() {
    let log = Log::of(20);
    let all = log.export(0, 20, 20, &[]);
    let mut removed = all.clone();
    removed.remove(8);
    assert_eq!(found(&removed, &trusted()), Finding::Missing { index: 7 });
    let mut moved = all.clone();
    moved.swap(8, 11);
    assert_eq!(found(&moved, &trusted()), Finding::Missing { index: 7 });
    let mut renumbered = moved;
    renumbered[8] = renumbered[8].replace("\"index\":10", "\"index\":7");
    renumbered[11] = renumbered[11].replace("\"index\":7", "\"index\":10");
    let finding = found(&renumbered, &trusted());
    assert_eq!(finding, Finding::Unproven { from: 0, size: 20, suspect: None });
    let mut twice = all.clone();
    twice.insert(8, twice[8].clone());
    assert_eq!(found(&twice, &trusted()).exit_code(), 13);
    let mut without_last = all.clone();
    without_last.remove(20);
    assert_eq!(found(&without_last, &trusted()), Finding::Missing { index: 19 });
    let mut gone = all;
    let start = gone[8].find("\"leaf\":").expect("a leaf") + 7;
    let end = gone[8].rfind(",\"personal\"").expect("more");
    gone[8].replace_range(start..end, "null");
    assert_eq!(found(&gone, &trusted()), Finding::Missing { index: 7 });
}

#[test]
fn attack_32_a_log_that_became_shorter_is_found_out_by_what_was_seen_before() {
    let log = Log::of(20);
    let shorter = log.export(0, 15, 15, &[]);
    assert!(check(&shorter, &trusted()).is_ok());
    let seen = Trust { seen: vec![log.checkpoint(18)], ..trusted() };
    let finding = found(&shorter, &seen);
    assert_eq!((finding.clone(), finding.exit_code()), (Finding::Shorter { size: 15, seen: 18 }, 16));
    // The same when the log itself says that there was more.
    let mut kept = shorter.clone();
    kept.insert(16, serde_json::to_string(&Signed { note: &log.checkpoint(18) }).expect("JSON"));
    assert_eq!(found(&kept, &trusted()), Finding::Shorter { size: 15, seen: 18 });
    let quoted = |note: String| serde_json::to_string(&note).expect("JSON");
    let mut own = shorter;
    own[0] = own[0].replace(&quoted(log.checkpoint(15)), &quoted(log.checkpoint(20)));
    assert_eq!(found(&own, &trusted()), Finding::Shorter { size: 15, seen: 20 });
}

#[test]
fn a_file_that_is_cut_off_says_where() {
    let log = Log::of(20);
    let text: String = log.export(0, 20, 20, &[]).iter().map(|line| format!("{line}\n")).collect();
    let cut = |length: usize| match verify(&text.as_bytes()[..length], &trusted(), |_| ()) {
        Err(Failure::Found(finding)) => finding,
        other => panic!("{other:?}"),
    };
    assert_eq!(cut(0), Finding::CutOff { next: 0 });
    let third = text.match_indices('\n').nth(3).expect("a line").0;
    assert_eq!(cut(third + 1), Finding::CutOff { next: 3 });
    assert_eq!(cut(third + 20), Finding::CutOff { next: 3 });
    let last = text.trim_end().rfind('\n').expect("a line");
    assert_eq!((cut(last + 1), cut(last + 1).exit_code()), (Finding::CutOff { next: 20 }, 11));
    // Without the end of the last line it is whole.
    assert!(verify(text.trim_end().as_bytes(), &trusted(), |_| ()).is_ok());
}

#[test]
fn what_identifies_persons_can_be_erased_and_not_changed() {
    let log = Log::of(4);
    let all = log.export(0, 4, 4, &[]);
    let value = r#"{"value":"192.0.2.7","salt":"01010101010101010101010101010101"}"#;
    let mut erased = all.clone();
    erased[2] = erased[2].replace(value, "null");
    erased[3] = erased[3].replace(&format!("\"ip\":{value},"), "");
    assert_eq!(check(&erased, &trusted()).expect("it holds").erased, 2 + 2);
    for (from, to) in [
        ("192.0.2.7", "192.0.2.8"),
        ("\"salt\":\"0101", "\"salt\":\"0102"),
        ("\"salt\":\"0101", "\"salt\":\"+101"),
        ("\"salt\":\"0101", "\"salt\":\""),
        ("\"personal\":{\"ip\":{", "\"personal\":{\"mail\":null,\"ip\":{"),
    ] {
        let mut changed = all.clone();
        let (leaf, beside) = changed[2].rsplit_once(",\"personal\"").expect("both");
        let beside = format!(",\"personal\"{beside}").replace(from, to);
        changed[2] = format!("{leaf}{beside}");
        assert_ne!(changed, all);
        let finding = found(&changed, &trusted());
        assert!(matches!(finding, Finding::Personal { index: 1, .. }), "{from}: {finding:?}");
        assert_eq!(finding.exit_code(), 14);
    }
}

#[test]
fn a_line_without_an_end_is_not_held_in_memory() {
    let begin = format!("{}\n", Log::of(1).export(0, 1, 1, &[])[0]);
    let found = verify(std::io::Read::chain(begin.as_bytes(), std::io::repeat(b'x')), &trusted(), |_| ());
    assert!(matches!(found, Err(Failure::Found(Finding::Malformed { line: 2, .. }))), "{found:?}");
    let endless = verify(std::io::repeat(b'x'), &trusted(), |_| ());
    assert!(matches!(endless, Err(Failure::Found(Finding::Malformed { line: 1, .. }))), "{endless:?}");
}

#[test]
fn an_export_with_other_spaces_and_escapes_is_as_good() {
    let log = Log::of(4);
    let mut lines = log.export(0, 4, 4, &[2]);
    let expected = check(&lines, &trusted()).expect("it holds");
    for line in &mut lines[1..] {
        *line = line.replacen("{\"type\":\"event\",\"index\":", "{ \"type\": \"event\", \"index\" : ", 1);
        *line = line.replace("\"hash\":\"", "\"hash\": \"").replace("/", "\\/");
    }
    assert_eq!(check(&lines, &trusted()).expect("it holds"), expected);
    // But for the leaf, which stands as it was hashed.
    lines[1] = lines[1].replace("\"leaf\":{", "\"leaf\":{ ");
    assert!(matches!(found(&lines, &trusted()), Finding::Altered { index: 0, .. }));
}

#[test]
fn only_the_log_s_own_key_and_name_vouch_for_it() {
    let log = Log::of(4);
    let lines = log.export(0, 4, 4, &[]);
    let other = Trust {
        public_keys: vec![SigningKey::from_bytes(&[8; 32]).verifying_key().to_bytes()],
        ..Trust::default()
    };
    let finding = found(&lines, &other);
    assert!(matches!(finding, Finding::Unsigned { .. }), "{finding:?}");
    assert_eq!((finding.exit_code(), finding.first_bad()), (17, None));
    let named = Trust {
        keys: vec![
            VerifierKey::new("rollcall.example/other", &[7; 32])
                .or_else(|_| VerifierKey::new("rollcall.example/other", &key().verifying_key().to_bytes()))
                .expect("a key"),
        ],
        ..Trust::default()
    };
    assert_eq!(found(&lines, &named).exit_code(), 17);
    let elsewhere = lines[0].replace("rollcall.example/org", "elsewhere.example/org");
    assert_eq!(found(&[&[elsewhere], &lines[1..]].concat(), &trusted()).exit_code(), 17);
    // A checkpoint of another log is none of this one.
    let stranger =
        Checkpoint { origin: "rollcall.example/other".to_owned(), size: 2, root: Hash::of_nothing() };
    let seen = Trust { seen: vec![stranger.sign(&key()).expect("a note")], ..trusted() };
    assert_eq!(found(&lines, &seen).exit_code(), 17);
    let moved: Vec<String> = lines
        .iter()
        .map(|line| line.replace(&format!("\"log\":\"{LOG}\",\"origin"), "\"log\":\"org_other\",\"origin"))
        .collect();
    // Not even without events.
    for moved in [moved, log.export(0, 0, 4, &[])] {
        let named = moved[0].replace(&format!("\"log\":\"{LOG}"), "\"log\":\"org_other");
        assert!(matches!(
            found(&[&[named], &moved[1..]].concat(), &trusted()),
            Finding::Malformed { line: 1, .. }
        ));
    }
    let Item::Event { fault, .. } = lines::read(lines[1].as_bytes(), "org_other") else { panic!("no event") };
    assert!(matches!(fault, Some(Fault::Altered(_))), "{fault:?}");
}

#[test]
fn a_field_that_stands_twice_is_found_whichever_of_them_is_the_true_one() {
    let log = Log::of(3);
    let lines = log.export(0, 3, 3, &[]);
    let (forged, salt) =
        (r#""ip":{"value":"FORGED","salt":"00000000000000000000000000000000"},"#, "\"personal\":{");
    let (before, beside) = lines[2].rsplit_once(salt).expect("what stands beside it");
    let twice = format!("{before}{salt}{forged}{beside}");
    assert!(twice.contains("FORGED") && check(&lines, &trusted()).is_ok());
    let forged = [&lines[..2], &[twice], &lines[3..]].concat();
    assert!(matches!(found(&forged, &trusted()), Finding::Malformed { line: 3, .. }));
}

#[test]
fn attack_32_a_name_that_stands_twice_in_a_leaf_is_found_wherever_it_is_and_whoever_has_signed_it() {
    let with = |from: &str, to: &str| {
        let mut log = Log::of(3);
        let leaf = log.leaves[1].replacen(from, to, 1);
        assert_ne!(leaf, log.leaves[1]);
        log.hashes[1] = Hash::of_leaf(leaf.as_bytes());
        log.leaves[1] = leaf;
        let lines = log.export(0, 3, 3, &[]);
        // Once as Rollcall writes it down, and once otherwise.
        let otherwise = lines.iter().map(|line| line.replace("{\"type\":\"event\"", "{ \"type\":\"event\""));
        [lines.clone(), otherwise.collect()]
    };
    for (from, to) in [
        (r#""action":"#, r#""action":"account.deleted","action":"#),
        (r#""actor":{"#, r#""actor":{"id":null,"#),
        (r#""after":"#, r#""after":null,"after":"#),
        (r#""kind":"organization""#, r#""kind":"organization","kind":"user""#),
        (r#""log":"#, r#""log":"org_other","log":"#),
        (r#""personal":{"#, r#""personal":{"ip":"","#),
        (r#""v":1"#, r#""v":1,"v":1"#),
        (r#""v":1"#, r#""v":1,"w":[0,{"a":{"b":1,"b":2}}]"#),
        (r#""v":1"#, r#""v":1,"w":{"a":1,"\u0061":2}"#),
        // With another name in between.
        (r#""v":1"#, r#""v":1,"action":"account.deleted""#),
    ] {
        for lines in with(from, to) {
            let finding = found(&lines, &trusted());
            assert!(matches!(finding, Finding::Altered { index: 1, .. }), "{to}: {finding:?}");
        }
    }
    // What later versions add says nothing.
    for lines in with(r#""v":1"#, r#""v":1,"w":[{"a":1,"b":[true,null,-1,0.5,"\n"]},{"a":{}}]"#) {
        assert_eq!(check(&lines, &trusted()).expect("it holds").events, 3);
    }
}

#[test]
fn a_checkpoint_that_cannot_be_compared_is_not_passed_over() {
    let log = Log::of(20);
    let part = log.export(7, 13, 17, &[]);
    for (size, comparable) in
        [(0, true), (6, false), (7, true), (10, true), (13, true), (15, false), (17, true)]
    {
        let seen = Trust { seen: vec![log.checkpoint(size)], ..trusted() };
        match check(&part, &seen) {
            Ok(proved) => assert!(comparable && proved.checkpoints == 1, "{size}"),
            Err(Failure::Incomparable { .. }) => assert!(!comparable, "{size}"),
            other => panic!("{other:?}"),
        }
    }
    let mut other = Log::of(20);
    other.hashes[5] = Hash::of_nothing();
    for size in [7, 10, 13, 17] {
        let seen = Trust { seen: vec![other.checkpoint(size)], ..trusted() };
        assert_eq!(found(&part, &seen).exit_code(), 15, "{size}");
    }
}

#[test]
fn unknown_members_and_lines_say_nothing_and_other_versions_are_refused() {
    let log = Log::of(4);
    let mut lines = log.export(0, 4, 4, &[]);
    lines.insert(2, r#"{"type":"remark","text":"hello"}"#.to_owned());
    lines[1] = lines[1].replace("\"type\":\"event\",", "\"type\":\"event\",\"more\":[1,{}],");
    assert!(check(&lines, &trusted()).is_ok());
    for (place, from, to) in [
        (0, "\"format_version\":1", "\"format_version\":2"),
        (0, "\"type\":\"begin\"", "\"type\":\"start\""),
        (1, "\"index\":0,", ""),
        (1, "\"hash\":\"", "\"hash\":\"A"),
        (3, "{", "["),
    ] {
        let mut wrong = lines.clone();
        wrong[place] = wrong[place].replacen(from, to, 1);
        assert_ne!(wrong, lines);
        let finding = found(&wrong, &trusted());
        assert!(
            matches!(finding, Finding::Malformed { line, .. } if line == place as u64 + 1),
            "{finding:?}"
        );
        assert_eq!(finding.exit_code(), 10);
    }
    lines.push(lines[1].clone());
    assert_eq!(found(&lines, &trusted()).exit_code(), 10);
}

#[test]
fn attack_32_no_byte_of_an_export_can_be_changed_unseen() {
    let log = Log::of(5);
    let text: String = log.export(1, 3, 5, &[2]).iter().map(|line| format!("{line}\n")).collect();
    let told = text.find("exported_at").expect("a time")..text.find("\"first\"").expect("more");
    let keys = text.find("\"keys\"").expect("keys")..text.find('\n').expect("an end");
    let honest = verify(text.as_bytes(), &trusted(), |_| ()).expect("it holds");
    // What a member or a line that may be left out is called: it is left out when it is called something else.
    let names: Vec<_> = ["\"hash\"", "\"personal\"", "\"ip\"", "\"name\"", "\"checkpoint\""]
        .into_iter()
        .flat_map(|name| text.match_indices(name).map(|(at, name)| at..at + name.len()))
        .collect();
    let mut unseen = 0;
    for place in (0..text.len()).filter(|place| !told.contains(place) && !keys.contains(place)) {
        let mut bytes = text.clone().into_bytes();
        bytes[place] ^= 1 << (place % 7);
        let Ok(proved) = verify(bytes.as_slice(), &trusted(), |_| ()) else { continue };
        unseen += 1;
        assert_eq!((proved.events, &proved.checkpoint), (honest.events, &honest.checkpoint));
        let named = names.iter().any(|name| name.contains(&place));
        assert!(named, "{}", String::from_utf8_lossy(&bytes[place.saturating_sub(40)..=place]));
    }
    assert!(unseen < 100, "{unseen}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn nothing_that_is_read_as_an_export_makes_it_panic(lines in prop::collection::vec(".{0,80}", 0..6), places in prop::collection::vec(0_usize..12, 0..6)) {
        let mut export = Log::of(8).export(2, 6, 8, &[4]);
        for (line, place) in lines.iter().zip(places) {
            export.insert(place.min(export.len()), line.clone());
        }
        let _ = check(&export, &trusted());
    }
}
