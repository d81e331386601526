#![no_main]

pushbench_fuzz::target!(event_stream);
