//! The Pareto front: who is beaten by nobody in two figures of which less is better. Pictures and slides draw the same.

use crate::summary::Cell;

/// From dot to dot among those that no other beats in both, by the first figure, in steps, since between two nothing was measured. Nothing where one
/// beats all. Dots that are not to be trusted have no part in it: they are not to be handed in.
pub fn front(dots: impl IntoIterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let dots: Vec<(f64, f64)> = dots.into_iter().collect();
    let beaten = |dot: &(f64, f64)| dots.iter().any(|other| other.0 <= dot.0 && other.1 <= dot.1 && other != dot);
    let mut best: Vec<(f64, f64)> = dots.iter().filter(|dot| !beaten(dot)).copied().collect();
    best.sort_by(|one, other| one.0.total_cmp(&other.0));
    best.dedup();
    let mut line: Vec<(f64, f64)> = Vec::new();
    for dot in best {
        if let Some(last) = line.last().copied() {
            line.push((dot.0, last.1));
        }
        line.push(dot);
    }
    if line.len() > 1 { line } else { Vec::new() }
}

/// Whether a cell was run with the workload of this load point. Settings of a contender are choices, and compete with each other; another workload is another
/// question.
pub fn competes(cell: &Cell<'_>, load_point: &str) -> bool {
    let here = |part: &str| part.is_empty() || part.starts_with("contender.") || load_point.split(';').any(|other| other == part);
    cell.load_point.split(';').all(here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_joins_those_that_no_other_beats() {
        assert_eq!(front([(1.0, 9.0), (5.0, 5.0), (9.0, 1.0), (6.0, 6.0)]), [(1.0, 9.0), (5.0, 9.0), (5.0, 5.0), (9.0, 5.0), (9.0, 1.0)]);
        assert!(front([(1.0, 1.0), (5.0, 5.0)]).is_empty(), "one beats all");
        assert!(front([(1.0, 1.0), (1.0, 1.0)]).is_empty(), "two in one place are one");
        assert!(front([]).is_empty());
    }
}
