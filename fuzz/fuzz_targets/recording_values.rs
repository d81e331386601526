#![no_main]

pushbench_fuzz::target!(recording_values);
