//! Acknowledgements of stanzas (XEP-0198), without resumption: either end counts what it has sent and handled.

use std::cell::Cell;

use super::namespaces as ns;

/// Asks the other end how many stanzas it has handled.
pub const ASK: &str = "<r xmlns='urn:xmpp:sm:3'/>";
/// Turns acknowledgements on.
pub const ENABLE: &str = "<enable xmlns='urn:xmpp:sm:3'/>";

/// One end's counts, modulo 2^32 as the XEP has them.
#[derive(Debug)]
pub struct Acks {
    /// Ask after so many stanzas sent.
    every: u32,
    enabled: Cell<bool>,
    handled: Cell<u32>,
    sent: Cell<u32>,
    confirmed: Cell<u32>,
}

impl Acks {
    /// Not in force yet; asks after each `every` stanzas.
    pub fn new(every: u32) -> Self {
        Self { every: every.max(1), enabled: Cell::new(false), handled: Cell::default(), sent: Cell::default(), confirmed: Cell::default() }
    }

    /// In force from now on; `false` where they are already.
    pub fn enable(&self) -> bool {
        !self.enabled.replace(true)
    }

    /// A stanza has come, and is handled.
    pub fn came(&self) {
        if self.enabled.get() {
            self.handled.set(self.handled.get().wrapping_add(1));
        }
    }

    /// A stanza goes; whether to ask behind it.
    pub fn goes(&self) -> bool {
        if !self.enabled.get() {
            return false;
        }
        self.sent.set(self.sent.get().wrapping_add(1));
        self.sent.get().is_multiple_of(self.every)
    }

    /// The other end has handled so many; `false` where that is more than were sent.
    pub fn confirm(&self, handled: u32) -> bool {
        let outstanding = self.sent.get().wrapping_sub(self.confirmed.get());
        let newly = handled.wrapping_sub(self.confirmed.get());
        if newly > outstanding {
            return false;
        }
        self.confirmed.set(handled);
        true
    }

    /// How many stanzas have been handled.
    pub fn handled(&self) -> u32 {
        self.handled.get()
    }

    /// What to answer when asked.
    pub fn answer(&self) -> String {
        format!("<a xmlns='{}' h='{}'/>", ns::SM, self.handled.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_begin_when_they_are_enabled_and_are_asked_for_now_and_then() {
        let acks = Acks::new(3);
        acks.came();
        assert!(!acks.goes() && acks.answer().contains("h='0'"));
        assert!(acks.enable() && !acks.enable());
        acks.came();
        assert!(acks.answer().contains("h='1'"));
        assert_eq!([acks.goes(), acks.goes(), acks.goes(), acks.goes()], [false, false, true, false]);
        assert!(acks.confirm(3) && acks.confirm(3) && !acks.confirm(2) && !acks.confirm(5) && acks.confirm(4));
    }

    #[test]
    fn counts_run_over() {
        let acks = Acks::new(1);
        acks.enable();
        acks.sent.set(u32::MAX);
        acks.confirmed.set(u32::MAX);
        acks.goes();
        assert!(acks.confirm(0) && !acks.confirm(1));
    }
}
