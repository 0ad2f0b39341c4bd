//! Finds out whether the cluster is running already.

use std::{
    fs,
    io::{Read, Write},
    os::unix::net::UnixStream,
    time::Duration,
};

use rustix::process::{Pid, test_kill_process};

use crate::layout::Layout;

/// The longest wait for an answer on the socket.
const PATIENCE: Duration = Duration::from_secs(2);
/// Asks whether TLS is spoken: the shortest question that PostgreSQL answers before anything else.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// What is going on in a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Nothing runs in it.
    Stopped,
    /// A PostgreSQL runs in it, and takes connections.
    Ready(Pid),
    /// A PostgreSQL is there, but it is starting up or shutting down.
    Busy(Pid),
}

/// Looks what is going on. A file that names a process proves nothing: after a crash the number may be another
/// program's. Only an answer on the socket, from that very process, counts.
pub(crate) fn condition(layout: &Layout) -> Condition {
    let Ok(text) = fs::read_to_string(layout.cluster.join("postmaster.pid")) else {
        return Condition::Stopped;
    };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let pid = lines.first().and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw);
    let (Some(pid), Some(folder)) = (pid, lines.get(1)) else { return Condition::Stopped };
    let of_this_cluster = *folder == layout.cluster.to_string_lossy();
    if !of_this_cluster || test_kill_process(pid).is_err() {
        return Condition::Stopped;
    }
    match answers(layout, pid) {
        Some(true) if lines.get(7) == Some(&"ready") => Condition::Ready(pid),
        Some(true) => Condition::Busy(pid),
        // Another process serves the socket, so the one with this number is not our PostgreSQL.
        Some(false) => Condition::Stopped,
        None if is_postgres(pid) => Condition::Busy(pid),
        None => Condition::Stopped,
    }
}

/// Whether the process that serves the socket is the expected one; none if nobody answers.
fn answers(layout: &Layout, expected: Pid) -> Option<bool> {
    let mut stream = UnixStream::connect(layout.socket()).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(&SSL_REQUEST).ok()?;
    stream.read_exact(&mut [0]).ok()?;
    Some(serving(&stream).is_none_or(|pid| pid == expected))
}

#[cfg(target_os = "linux")]
fn serving(stream: &UnixStream) -> Option<Pid> {
    rustix::net::sockopt::socket_peercred(stream).ok().map(|credentials| credentials.pid)
}

#[cfg(not(target_os = "linux"))]
fn serving(_: &UnixStream) -> Option<Pid> {
    None
}

/// Whether a process is a PostgreSQL, as far as this system tells.
#[cfg(target_os = "linux")]
fn is_postgres(pid: Pid) -> bool {
    let name = fs::read_to_string(format!("/proc/{}/comm", pid.as_raw_nonzero()));
    name.is_ok_and(|name| name.trim() == "postgres")
}

#[cfg(not(target_os = "linux"))]
fn is_postgres(_: Pid) -> bool {
    true
}
