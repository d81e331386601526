#![no_main]

pushbench_fuzz::target!(csv_trace);
