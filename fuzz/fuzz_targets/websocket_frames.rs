#![no_main]

pushbench_fuzz::target!(websocket_frames);
