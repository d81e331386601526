#![no_main]

pushbench_fuzz::target!(mqtt_packets);
