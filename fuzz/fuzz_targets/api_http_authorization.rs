#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rollcall_api_http::fuzzing::authorization(bytes));
