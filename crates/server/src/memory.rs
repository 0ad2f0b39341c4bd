//! What the allocator does with what is not needed any more.

/// From how many bytes on a block is a mapping of its own, which the system has back as soon as it is freed.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAPPED_FROM: i32 = 128 * 1024;

/// Makes memory that recordings have come and gone through go back to the system.
///
/// The C library begins like this, but raises the bound to whatever large block was freed last. From then on a megabyte that was
/// sealed, and each half megabyte that was played, is cut from the heap of whichever thread took it, and stays there: after eight
/// transfers at a time nearly six megabytes for each, for good. It is the first thing that `main` does, as no other thread may
/// run meanwhile.
pub(crate) fn give_back_large_blocks() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        #[expect(unsafe_code, reason = "there is no safe way to tell the C library")]
        // SAFETY: no thread has been started, which `mallopt` would race with. It takes two numbers, and only says whether it has
        // taken them.
        let taken = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_FROM) };
        debug_assert_eq!(taken, 1);
    }
}

/// Gives back what only the start needed: routes are described, and passwords' hashing tried, with megabytes that the C library would keep.
pub(crate) fn give_back_what_the_start_took() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        #[expect(unsafe_code, reason = "there is no safe way to tell the C library")]
        // SAFETY: it takes a number, may run beside other threads, and touches nothing that is in use.
        let _given_back = unsafe { libc::malloc_trim(0) };
    }
}
