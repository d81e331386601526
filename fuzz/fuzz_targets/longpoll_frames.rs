#![no_main]

pushbench_fuzz::target!(longpoll_frames);
