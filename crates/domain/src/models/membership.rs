//! The team: whoever does whatever to whomever, an Owner stays, and nobody gets what nobody could give them.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::{
    Permission, Role, UserId,
    members::{Departure, Membership, RoleChange, TeamRefusal},
};

#[derive(Debug, Clone, Copy)]
enum Command {
    ChangeRole { actor: usize, target: usize, to: Role },
    Remove { actor: usize, target: usize },
    Leave { actor: usize },
    Join { role: Role },
}

fn role() -> impl Strategy<Value = Role> {
    (0..Role::ALL.len()).prop_map(|at| Role::ALL[at])
}

fn command() -> impl Strategy<Value = Command> {
    let somebody = || 0..6_usize;
    prop_oneof![
        4 => (somebody(), somebody(), role())
            .prop_map(|(actor, target, to)| Command::ChangeRole { actor, target, to }),
        2 => (somebody(), somebody()).prop_map(|(actor, target)| Command::Remove { actor, target }),
        1 => somebody().prop_map(|actor| Command::Leave { actor }),
        2 => role().prop_map(|role| Command::Join { role }),
    ]
}

/// The team, as a list of who is what; people are numbers, in the order in which they came.
struct Team {
    roles: BTreeMap<u8, Role>,
    came: u8,
}

/// What the contract says of a change: an Owner may do everything, an Admin everything that is not about an Owner, others nothing; and the
/// last Owner stays.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Done,
    Lacks(Permission),
    LastOwner,
}

impl Team {
    fn member(&self, place: usize) -> Membership {
        let place = place % self.roles.len();
        let (number, role) =
            self.roles.iter().nth(place).map(|(number, role)| (*number, *role)).expect("a member");
        Membership { user: user(number), role }
    }

    fn number(&self, place: usize) -> u8 {
        self.roles.keys().nth(place % self.roles.len()).copied().expect("a member")
    }

    fn owners(&self) -> usize {
        self.roles.values().filter(|role| **role == Role::Owner).count()
    }

    fn says(&self, actor: Role, permission: Permission, about: &[Role], ends_an_owner: bool) -> Said {
        let about_owners = about.contains(&Role::Owner);
        match actor {
            Role::Member | Role::CustomerSupportAgent | Role::Viewer => Said::Lacks(permission),
            Role::Admin if about_owners => Said::Lacks(Permission::OwnersManage),
            Role::Admin | Role::Owner if ends_an_owner && self.owners() == 1 => Said::LastOwner,
            Role::Admin | Role::Owner => Said::Done,
        }
    }
}

fn user(number: u8) -> UserId {
    UserId::from_parts(u64::from(number), &[number; 10])
}

fn said<T>(decided: &Result<T, TeamRefusal>) -> Said {
    match decided {
        Ok(_) => Said::Done,
        Err(TeamRefusal::Forbidden { required }) => Said::Lacks(*required),
        Err(TeamRefusal::LastOwner) => Said::LastOwner,
    }
}

proptest! {
    #![proptest_config(super::always_the_same())]

    #[test]
    fn an_owner_stays_admins_have_no_say_about_owners_and_nobody_raises_themselves(
        commands in prop::collection::vec(command(), 1..60),
    ) {
        let mut team = Team { roles: [(0, Role::Owner)].into(), came: 0 };
        for command in commands {
            let owners_before: Vec<u8> = owners(&team);
            match command {
                Command::Join { role } => {
                    team.came += 1;
                    team.roles.insert(team.came, role);
                }
                Command::ChangeRole { actor, target, to } => {
                    let (acting, whom) = (team.member(actor), team.member(target));
                    let decided = RoleChange::decide(acting, whom, to, team.owners());
                    let ends = whom.role == Role::Owner && to != Role::Owner;
                    let expected = team.says(acting.role, Permission::TeamUpdateRole, &[whom.role, to], ends);
                    prop_assert_eq!(said(&decided), expected);
                    if let Ok(change) = decided {
                        prop_assert_eq!((change.user(), change.from(), change.to()), (whom.user, whom.role, to));
                        prop_assert!(acting.user != whom.user || !to.outranks(acting.role));
                        team.roles.insert(team.number(target), to);
                    }
                    prop_assert!(acting.role == Role::Owner || owners(&team) == owners_before);
                }
                Command::Remove { actor, target } => {
                    let (acting, whom) = (team.member(actor), team.member(target));
                    let decided = Departure::removal(acting, whom, team.owners());
                    let ends = whom.role == Role::Owner;
                    prop_assert_eq!(
                        said(&decided),
                        team.says(acting.role, Permission::TeamRemove, &[whom.role], ends)
                    );
                    if let Ok(departure) = decided {
                        prop_assert_eq!(departure.membership(), whom);
                        team.roles.remove(&team.number(target));
                    }
                    prop_assert!(acting.role == Role::Owner || owners(&team) == owners_before);
                }
                Command::Leave { actor } => {
                    let acting = team.member(actor);
                    let decided = Departure::leave(acting, team.owners());
                    let is_last = acting.role == Role::Owner && team.owners() == 1;
                    prop_assert_eq!(said(&decided), if is_last { Said::LastOwner } else { Said::Done });
                    if decided.is_ok() {
                        team.roles.remove(&team.number(actor));
                    }
                }
            }
            prop_assert!(team.owners() >= 1, "nobody owns the organization any more");
        }
    }
}

fn owners(team: &Team) -> Vec<u8> {
    team.roles.iter().filter(|(_, role)| **role == Role::Owner).map(|(number, _)| *number).collect()
}
