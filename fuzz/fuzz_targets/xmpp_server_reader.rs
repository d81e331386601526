#![no_main]

pushbench_fuzz::target!(xmpp_server_reader);
