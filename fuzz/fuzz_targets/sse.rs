#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    arcgate_fuzz::run("sse", data);
});
