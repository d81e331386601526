#![no_main]

pushbench_fuzz::target!(bosh_bodies);
