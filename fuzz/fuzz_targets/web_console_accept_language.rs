#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rollcall_web_console::fuzzing::accept_language(bytes));
