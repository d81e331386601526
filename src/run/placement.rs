//! Which side runs on which cores.

use crate::measure::recording::Role;

/// The cores of a side. One core: all share it. Two: the server has the first, everybody else the second. More: the
/// server has the first, the publishers the second, and the subscribers take turns on the rest. The harness itself
/// stays off the server's core where it can.
pub fn cores(allowed: &[usize], role: Role, index: u32) -> Vec<usize> {
    let core = match (allowed, role) {
        ([], _) => return Vec::new(),
        ([only], _) => *only,
        ([first, ..], Role::Server) => *first,
        ([_, second], _) | ([_, second, ..], Role::Publisher) => *second,
        ([_, _, rest @ ..], Role::Subscriber) => rest[index as usize % rest.len()],
    };
    vec![core]
}

/// The cores of the harness itself.
pub fn harness(allowed: &[usize]) -> Vec<usize> {
    cores(allowed, Role::Publisher, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_is_alone_where_it_can_be() {
        for (allowed, server, publisher, subscribers) in [
            (&[][..], vec![], vec![], [vec![], vec![]]),
            (&[3][..], vec![3], vec![3], [vec![3], vec![3]]),
            (&[0, 1][..], vec![0], vec![1], [vec![1], vec![1]]),
            (&[0, 2, 4, 6][..], vec![0], vec![2], [vec![4], vec![6]]),
        ] {
            assert_eq!(cores(allowed, Role::Server, 0), server);
            assert_eq!(cores(allowed, Role::Publisher, 0), publisher);
            assert_eq!([0, 1].map(|index| cores(allowed, Role::Subscriber, index)), subscribers);
            assert_eq!(harness(allowed), publisher);
        }
    }
}
