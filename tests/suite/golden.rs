//! The matrix of who may do what, as somebody last agreed to it.

use rollcall_domain::{
    Permission, Role,
    policy::{Decision, Grant, Target, decide},
};
use rollcall_tests::compare_with_golden;

/// Roles × permissions × targets, a line each.
#[test]
fn golden_the_whole_policy() {
    let mut lines = String::from("permission,role,organization,elsewhere");
    for target in Role::ALL {
        lines.push_str(&format!(",seat of {target}"));
    }
    lines.push('\n');
    for permission in Permission::ALL {
        for role in Role::ALL {
            let grant = Grant::Member { role };
            let seats = Role::ALL.map(|role| Target::Seat { role });
            let targets = [Target::Organization, Target::Elsewhere].into_iter().chain(seats);
            let decisions = targets.map(|target| match decide(&grant, permission, target) {
                Decision::Allowed => "allowed".to_owned(),
                Decision::Forbidden { required } => format!("needs {required}"),
                Decision::Hidden => "hidden".to_owned(),
            });
            let decisions: Vec<String> = decisions.collect();
            lines.push_str(&format!("{permission},{role},{}\n", decisions.join(",")));
        }
    }
    compare_with_golden("policy.csv", &lines);
}

/// What happens to seats: who acts × whom it is done to × what they would become.
#[test]
fn golden_the_rules_about_the_team() {
    use rollcall_domain::{
        UserId,
        members::{Departure, Membership, RoleChange, TeamRefusal},
    };
    let told = |result: Result<(), TeamRefusal>| match result {
        Ok(()) => "yes".to_owned(),
        Err(TeamRefusal::Forbidden { required }) => format!("needs {required}"),
        Err(TeamRefusal::LastOwner) => "last owner".to_owned(),
    };
    let mut lines = String::from("acting,on,owners");
    for to in Role::ALL {
        lines.push_str(&format!(",to {to}"));
    }
    lines.push_str(",remove\n");
    for acting in Role::ALL {
        for (whom, role) in Role::ALL.into_iter().map(|role| ("a", role)).chain([("themselves", acting)]) {
            for owners in [1, 2] {
                let user = |number: u8| UserId::from_parts(0, &[number; 10]);
                let actor = Membership { user: user(1), role: acting };
                let target = Membership { user: user(if whom == "a" { 2 } else { 1 }), role };
                let changes =
                    Role::ALL.map(|to| told(RoleChange::decide(actor, target, to, owners).map(|_| ())));
                let removal = told(Departure::removal(actor, target, owners).map(|_| ()));
                let on = if whom == "a" { format!("a {role}") } else { whom.to_owned() };
                lines.push_str(&format!("{acting},{on},{owners},{},{removal}\n", changes.join(",")));
            }
        }
    }
    compare_with_golden("team.csv", &lines);
}
