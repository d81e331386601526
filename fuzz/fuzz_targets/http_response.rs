#![no_main]

pushbench_fuzz::target!(http_response);
