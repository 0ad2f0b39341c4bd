//! What the system says about a process. On systems without `/proc` it says nothing.

use std::{fs, time::Duration};

use serde::{Deserialize, Serialize};

/// How much a process has used of the processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cpu(Duration);

impl Cpu {
    /// Of the process with this number.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let ticks = ticks(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
        Some(Self(Duration::from_secs(ticks) / u32::try_from(rustix::param::clock_ticks_per_second()).ok()?))
    }

    /// What was used in the meantime.
    pub(crate) fn between(before: Option<Self>, after: Option<Self>) -> Option<Duration> {
        Some(after?.0.saturating_sub(before?.0))
    }
}

impl std::iter::Sum for Cpu {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        Self(all.map(|cpu| cpu.0).sum())
    }
}

/// Its own and the system's ticks on its behalf, out of proc_pid_stat(5). The second field is a name, which may hold
/// anything but ends with the last parenthesis.
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

/// How much memory a process has, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// At this moment.
    pub(crate) resident: u64,
    /// At the most, since it has started.
    pub(crate) peak: u64,
}

impl Memory {
    /// Of the process with this number.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        Self::read(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
    }

    /// Has a process's peak begin anew with what it has now (proc_pid_clear_refs(5)).
    pub(crate) fn forget_peak(pid: u32) -> std::io::Result<()> {
        fs::write(format!("/proc/{pid}/clear_refs"), "5")
    }

    /// Out of proc_pid_status(5).
    fn read(status: &str) -> Option<Self> {
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
        };
        Some(Self { resident: bytes("VmRSS")?, peak: bytes("VmHWM")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_a_process_are_read_whatever_its_name_looks_like() {
        let stat = "7 (a) b 1 2) S 1 7 7 0 -1 4194560 2143 0 0 0 120 35 0 0 20 0 3 0 1 1 1";
        assert_eq!(ticks(stat), Some(155));
        assert_eq!(ticks("7 (a) S 1"), None);
    }

    #[test]
    fn memory_is_read_in_bytes() {
        let status = "Name:\ta\nVmHWM:\t   20 kB\nVmRSS:\t   10 kB\nVmRSSx:\t 1 kB\n";
        assert_eq!(Memory::read(status), Some(Memory { resident: 10_240, peak: 20_480 }));
        assert_eq!(Memory::read("Name:\tkthreadd\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_memory_and_uses_the_processor() {
        let pid = std::process::id();
        Memory::forget_peak(pid).expect("forgotten");
        let memory = Memory::of(pid).expect("memory");
        assert!(memory.resident > 0 && memory.peak >= memory.resident);
        assert!(Cpu::of(pid).is_some());
    }
}
