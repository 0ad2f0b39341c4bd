//! Who may do what, as `permissions.csv` has it. Nothing of the service's own policy is asked.

use std::collections::BTreeSet;

const WRITTEN: &str = include_str!("../../../crates/domain/permissions.csv");

/// The roles, in the order of the table's columns.
pub(super) const ROLES: [&str; 5] = ["owner", "admin", "member", "customer_support_agent", "viewer"];

/// The table.
pub(super) struct Table {
    rows: Vec<Row>,
}

struct Row {
    permission: &'static str,
    roles: BTreeSet<&'static str>,
    for_programs: bool,
}

impl Table {
    /// Reads it.
    pub(super) fn read() -> Self {
        let rows = WRITTEN.lines().skip(1).map(|line| {
            // The last column is prose, and what comes before it holds no quotes.
            let cells: Vec<&str> = line.splitn(8, ',').collect();
            let yes = |cell: &str| match cell {
                "yes" => true,
                "no" => false,
                other => panic!("{other:?} is neither yes nor no"),
            };
            let roles = ROLES.iter().zip(&cells[1..6]).filter(|(_, cell)| yes(cell)).map(|(role, _)| *role);
            Row { permission: cells[0], roles: roles.collect(), for_programs: yes(cells[6]) }
        });
        Self { rows: rows.collect() }
    }

    /// Whether a role carries a permission.
    pub(super) fn may(&self, role: &str, permission: &str) -> bool {
        self.rows.iter().any(|row| row.permission == permission && row.roles.contains(role))
    }

    /// What a role carries.
    pub(super) fn of_role(&self, role: &str) -> BTreeSet<&'static str> {
        self.rows.iter().filter(|row| row.roles.contains(role)).map(|row| row.permission).collect()
    }

    /// Every permission.
    pub(super) fn all(&self) -> Vec<&'static str> {
        self.rows.iter().map(|row| row.permission).collect()
    }

    /// Those that a program can be given.
    pub(super) fn for_programs(&self) -> Vec<&'static str> {
        self.rows.iter().filter(|row| row.for_programs).map(|row| row.permission).collect()
    }
}
