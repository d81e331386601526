#![no_main]

pushbench_fuzz::target!(xmpp_websocket_session);
