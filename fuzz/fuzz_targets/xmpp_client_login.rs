#![no_main]

pushbench_fuzz::target!(xmpp_client_login);
