#![no_main]

pushbench_fuzz::target!(sasl_client);
