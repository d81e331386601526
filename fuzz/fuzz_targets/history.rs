#![no_main]

pushbench_fuzz::target!(history);
