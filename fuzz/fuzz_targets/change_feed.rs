#![no_main]

pushbench_fuzz::target!(change_feed);
