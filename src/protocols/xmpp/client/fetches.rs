//! Fetching what a notification only points to.

use std::collections::HashSet;

use crate::contender::Fault;

/// Ids from here on are ours; whoever uses the link counts from 0.
const FIRST: u64 = 1 << 48;
/// Past so many without an answer the server is not to be waited for any longer.
const MOST: usize = 1 << 20;

/// Fetches under way.
#[derive(Default)]
pub struct Fetches {
    begun: u64,
    under_way: HashSet<u64>,
}

impl Fetches {
    /// The id of the next one.
    ///
    /// # Errors
    /// The server answers none of them.
    pub fn begin(&mut self) -> Result<u64, Fault> {
        if self.under_way.len() >= MOST {
            return Err(Fault::protocol("fetching items", format!("{MOST} requests without an answer")));
        }
        let id = FIRST + self.begun;
        self.begun += 1;
        self.under_way.insert(id);
        Ok(id)
    }

    /// Whether this answers one of them.
    pub fn end(&mut self, id: Option<u64>) -> bool {
        id.is_some_and(|id| self.under_way.remove(&id))
    }
}
