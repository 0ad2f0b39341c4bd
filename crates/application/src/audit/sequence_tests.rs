use rollcall_audit_proof::root_of;

use super::*;
use crate::testing::{Fault, KeptLogs, LogHeard, NOW, organization};

fn ours() -> Log {
    Some(organization().id)
}

fn sequencing(kept: &KeptLogs) -> Sequencing {
    Sequencing::new(Arc::new(kept.clone()))
}

async fn all(sequencing: &Sequencing) {
    while sequencing.sequence(Shard::of(ours()), NOW).await.expect("no failure").more {}
}

#[tokio::test]
async fn what_turns_a_log_on_is_the_first_in_it_and_what_turns_it_off_the_last() {
    let kept = KeptLogs::default();
    for turns in [None, Some(true), None, Some(false), None, Some(false), None, Some(true), Some(true), None]
    {
        kept.write(ours(), turns);
    }
    all(&sequencing(&kept)).await;
    assert_eq!(kept.leaves(ours()), [2, 3, 4, 8, 9, 10]);
    assert_eq!(kept.unoffered(ours()), [1, 5, 6, 7]);
    // The next round knows how the one before ended.
    kept.write(ours(), None);
    kept.write(ours(), Some(false));
    all(&sequencing(&kept)).await;
    kept.write(ours(), None);
    all(&sequencing(&kept)).await;
    assert_eq!(kept.leaves(ours()), [2, 3, 4, 8, 9, 10, 11, 12]);
    assert_eq!(kept.unoffered(ours()), [1, 5, 6, 7, 13]);
    kept.assert_whole(ours());
}

#[tokio::test]
async fn the_platform_s_own_log_is_on() {
    let kept = KeptLogs::default();
    kept.write(None, None);
    sequencing(&kept).sequence(Shard::of(None), NOW).await.expect("no failure");
    assert_eq!(kept.leaves(None), [1]);
    assert_eq!(kept.tree(None).map(|tree| tree.root), Some(root_of(&[KeptLogs::hash(1)])));
}

#[tokio::test]
async fn attack_32_whatever_step_fails_and_however_nothing_is_missing_twice_or_out_of_order() {
    for persisted in [false, true] {
        for step in Fault::STEPS {
            let kept = KeptLogs::default();
            kept.write(ours(), Some(true));
            let sequencing = sequencing(&kept);
            all(&sequencing).await;
            for round in 0..3 {
                for _ in 0..300 {
                    kept.write(ours(), None);
                }
                kept.fail_once(Fault { step, persisted });
                let failed = sequencing.sequence(Shard::of(ours()), NOW).await.map(drop);
                assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{step} {round}: {failed:?}");
                kept.assert_whole(ours());
            }
            all(&sequencing).await;
            assert_eq!(kept.leaves(ours()), (1..=901).collect::<Vec<_>>(), "{step}, persisted: {persisted}");
            kept.assert_whole(ours());
        }
    }
}

#[tokio::test]
async fn whoever_catches_up_waits_for_what_was_there_and_no_longer() {
    let kept = KeptLogs::default();
    for _ in 0..2 * u64::from(AT_ONCE) + 5 {
        kept.write(None, None);
    }
    let sequencing = sequencing(&kept);
    // While it is at it, more comes.
    kept.write_in_each_round(None);
    sequencing.catch_up(None, NOW).await.expect("no failure");
    let placed = kept.leaves(None).len();
    assert!((2 * usize::from(AT_ONCE) + 5..2 * usize::from(AT_ONCE) + 10).contains(&placed), "{placed}");
    sequencing.catch_up(ours(), NOW).await.expect("nothing to do");
}

#[tokio::test]
async fn attack_32_a_tree_that_was_changed_gets_no_more_leaves_and_its_neighbours_go_on() {
    let neighbour = Some(rollcall_domain::OrganizationId::from_parts(7, &[1; 10]));
    assert_eq!(Shard::of(neighbour), Shard::of(ours()));
    let kept = KeptLogs::default();
    for log in [ours(), neighbour] {
        kept.write(log, Some(true));
    }
    let sequencing = sequencing(&kept);
    all(&sequencing).await;
    let tamper: [&dyn Fn(&KeptLogs); 3] =
        [&|kept| kept.change_tile(ours()), &|kept| kept.forget_tiles(ours()), &|kept| {
            kept.change_size(ours())
        }];
    let before = kept.clone_state();
    for tampered in tamper {
        kept.restore(&before);
        tampered(&kept);
        kept.write(ours(), None);
        kept.write(neighbour, None);
        all(&sequencing).await;
        assert_eq!(kept.leaves(ours()).len(), 1);
        assert_eq!(kept.leaves(neighbour).len(), 2);
        assert_eq!(sequencing.broken(), 1);
        assert!(matches!(sequencing.catch_up(ours(), NOW).await, Err(StoreError::Internal(_))));
    }
    // Whole again, it is tried again after a while.
    kept.mend(&before, ours());
    all(&sequencing).await;
    assert_eq!(kept.leaves(ours()).len(), 1);
    sequencing.sequence(Shard::of(ours()), NOW + LEFT_ALONE).await.expect("no failure");
    assert_eq!(kept.leaves(ours()).len(), 2);
    assert_eq!(sequencing.broken(), 0);
}

#[tokio::test]
async fn a_tree_that_somebody_holds_gets_its_leaves_afterwards_and_its_neighbours_go_on() {
    let (heard, _hearing) = LogHeard::here();
    let neighbour = Some(rollcall_domain::OrganizationId::from_parts(7, &[1; 10]));
    let kept = KeptLogs::default();
    for log in [ours(), neighbour, ours()] {
        kept.write(log, Some(true));
    }
    kept.hold(ours(), true);
    let sequencing = sequencing(&kept);
    all(&sequencing).await;
    assert_eq!((kept.leaves(ours()).len(), kept.leaves(neighbour).len()), (0, 1));
    let lines = heard.lines();
    let whose = organization().id.to_string();
    assert!(matches!(&lines[..], [line] if line.contains(&whose)), "{lines:?}");
    assert!(matches!(sequencing.catch_up(ours(), NOW).await, Err(StoreError::Unavailable(_))));
    // Nobody has changed anything, so nobody is told that.
    assert_eq!(sequencing.broken(), 0);
    kept.hold(ours(), false);
    sequencing.sequence(Shard::of(ours()), NOW + HELD_LEFT_ALONE).await.expect("no failure");
    assert_eq!(kept.leaves(ours()).len(), 2);
    kept.assert_whole(ours());
}

#[tokio::test]
async fn a_tree_that_is_held_is_tried_again_after_seconds_and_told_once_until_it_is_over() {
    let (heard, _hearing) = LogHeard::here();
    let kept = KeptLogs::default();
    let (sequencing, another) = (sequencing(&kept), sequencing(&kept));
    let sequence = async |sequencing: &Sequencing, seconds: i64| {
        let now = NOW + Duration::seconds(seconds);
        sequencing.sequence(Shard::of(ours()), now).await.expect("no failure");
        (kept.leaves(ours()).len(), heard.lines().len())
    };
    kept.write(ours(), Some(true));
    kept.hold(ours(), true);
    assert_eq!(sequence(&sequencing, 0).await, (0, 1));
    // Nothing is taken for it and given back meanwhile: that it is free again is not found out.
    kept.hold(ours(), false);
    assert_eq!(sequence(&sequencing, 2).await, (0, 0));
    kept.hold(ours(), true);
    assert_eq!(sequence(&sequencing, 3).await, (0, 0));
    kept.hold(ours(), false);
    assert_eq!(sequence(&sequencing, 5).await, (0, 0));
    assert_eq!(sequence(&sequencing, 6).await, (1, 0));
    // Nor is whoever wants to read the log kept waiting by that, and what has gone on is left alone no more.
    kept.write(ours(), None);
    kept.hold(ours(), true);
    assert_eq!(sequence(&sequencing, 7).await, (1, 1));
    kept.hold(ours(), false);
    sequencing.catch_up(ours(), NOW).await.expect("no failure");
    kept.write(ours(), None);
    assert_eq!(sequence(&sequencing, 8).await, (3, 0));
    // Another node may go on with it.
    kept.write(ours(), None);
    kept.hold(ours(), true);
    assert_eq!(sequence(&sequencing, 9).await, (3, 1));
    kept.hold(ours(), false);
    assert_eq!(sequence(&another, 9).await, (4, 0));
    kept.write(ours(), None);
    kept.hold(ours(), true);
    assert_eq!(sequence(&sequencing, 9 + 60).await, (4, 1));
    assert_eq!(sequencing.broken(), 0);
}

#[tokio::test]
async fn neighbours_of_a_tree_that_is_held_wait_until_the_round_that_found_it_has_let_go_of_the_shard() {
    let neighbour = Some(rollcall_domain::OrganizationId::from_parts(7, &[1; 10]));
    let kept = KeptLogs::default();
    for log in [ours(), neighbour] {
        kept.write(log, Some(true));
    }
    kept.hold(ours(), true);
    kept.linger();
    sequencing(&kept).sequence(Shard::of(ours()), NOW).await.expect("no failure");
    assert_eq!((kept.leaves(ours()).len(), kept.leaves(neighbour).len()), (0, 1));
}

#[tokio::test]
async fn what_the_database_refuses_of_one_log_is_no_matter_of_the_others() {
    let neighbour = Some(rollcall_domain::OrganizationId::from_parts(7, &[1; 10]));
    let kept = KeptLogs::default();
    for log in [ours(), neighbour, ours(), neighbour] {
        kept.write(log, Some(true));
    }
    kept.refuse(ours());
    let sequencing = sequencing(&kept);
    all(&sequencing).await;
    assert_eq!(kept.leaves(neighbour).len(), 2);
    assert_eq!(kept.leaves(ours()).len(), 0);
    assert_eq!(sequencing.broken(), 1);
}
