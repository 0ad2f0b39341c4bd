#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rollcall_client::fuzzing::forwarded_for(bytes));
