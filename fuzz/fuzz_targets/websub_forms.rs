#![no_main]

pushbench_fuzz::target!(websub_forms);
