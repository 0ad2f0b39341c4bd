//! How often a token, or a character, is looked at: what tests compare between a text and one twice as long. Elsewhere nothing is counted.

#[cfg(test)]
thread_local! {
    static LOOKS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Counts so many looks.
#[inline(always)]
pub(crate) fn look(times: usize) {
    #[cfg(test)]
    LOOKS.with(|looks| looks.set(looks.get() + times as u64));
    #[cfg(not(test))]
    let _ = times;
}

/// How many there were in this thread since this was asked last.
#[cfg(test)]
pub(crate) fn looks() -> u64 {
    LOOKS.take()
}
