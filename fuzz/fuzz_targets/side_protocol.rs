#![no_main]

pushbench_fuzz::target!(side_protocol);
