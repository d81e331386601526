#![no_main]

pushbench_fuzz::target!(xmpp_library_guard);
