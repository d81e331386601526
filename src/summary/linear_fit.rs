//! A straight line through points by least squares, and how well its slope is known.

use super::ratios::student_t;

/// y = intercept + slope × x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// Rise of y for each x.
    pub slope: f64,
    /// y at x = 0.
    pub intercept: f64,
    /// 95 % interval of the slope, Student's t with two degrees of freedom less than points.
    pub interval: (f64, f64),
    /// How many points.
    pub points: usize,
    /// Farthest that a point lies from the line, in y.
    pub largest_residual: f64,
    /// Smallest and largest x.
    pub range: (f64, f64),
}

/// Different x that a line needs: any two lie on one exactly.
pub const FEWEST_SIZES: usize = 3;

impl Line {
    /// The line through points (x, y); `None` with fewer than [`FEWEST_SIZES`] different x.
    pub fn through(points: &[(f64, f64)]) -> Option<Self> {
        let mut sizes: Vec<f64> = points.iter().map(|(x, _)| *x).collect();
        sizes.sort_by(f64::total_cmp);
        sizes.dedup();
        let (smallest, largest) = (*sizes.first()?, *sizes.last()?);
        if sizes.len() < FEWEST_SIZES {
            return None;
        }
        let count = points.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
        let (mean_x, mean_y) = (mean(|point| point.0), mean(|point| point.1));
        let spread: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
        let slope = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>() / spread;
        let intercept = mean_y - slope * mean_x;
        let residuals = || points.iter().map(|(x, y)| y - intercept - slope * x);
        let degrees = points.len() - 2;
        let error = (residuals().map(|residual| residual.powi(2)).sum::<f64>() / degrees as f64 / spread).sqrt();
        let half = student_t(degrees) * error;
        Some(Self {
            slope,
            intercept,
            interval: (slope - half, slope + half),
            points: points.len(),
            largest_residual: residuals().map(f64::abs).fold(0.0, f64::max),
            range: (smallest, largest),
        })
    }

    /// The largest residual as a share of what y rises over the range of x; infinite where it does not rise.
    pub fn unevenness(&self) -> f64 {
        self.largest_residual / (self.slope * (self.range.1 - self.range.0)).abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // x̄ = 2.5, ȳ = 4.75, Sxx = 5, Sxy = 9.5: slope 1.9, intercept 0; residuals 0.1, 0.2, −0.7, 0.4 with a sum of squares of 0.7.
        let line = Line::through(&[(1.0, 2.0), (2.0, 4.0), (3.0, 5.0), (4.0, 8.0)]).unwrap();
        assert!((line.slope - 1.9).abs() < 1e-12 && line.intercept.abs() < 1e-12, "{line:?}");
        assert!((line.largest_residual - 0.7).abs() < 1e-12 && (line.unevenness() - 0.7 / 5.7).abs() < 1e-12, "{line:?}");
        // √(0.7 ÷ 2 ÷ 5) = 0.264575; × 4.303 with two degrees of freedom.
        let half = 4.303 * 0.07_f64.sqrt();
        assert!((line.interval.0 - (1.9 - half)).abs() < 1e-9 && (line.interval.1 - (1.9 + half)).abs() < 1e-9, "{line:?}");
        assert_eq!((line.points, line.range), (4, (1.0, 4.0)));
    }

    #[test]
    fn an_exact_line_is_known_exactly() {
        let line = Line::through(&[(500.0, 15e6), (1_000.0, 20e6), (1_000.0, 20e6), (3_000.0, 40e6)]).unwrap();
        assert!((line.slope - 10_000.0).abs() < 1e-6 && (line.intercept - 10e6).abs() < 1e-3, "{line:?}");
        assert!(line.largest_residual < 1e-6 && line.interval.1 - line.interval.0 < 1e-6);
    }

    #[test]
    fn two_sizes_make_no_line() {
        assert_eq!(Line::through(&[(1.0, 2.0), (2.0, 4.0), (2.0, 4.1), (1.0, 2.1)]), None);
        assert_eq!(Line::through(&[]), None);
    }

    #[test]
    fn a_slope_within_the_noise_has_zero_in_its_interval() {
        let line = Line::through(&[(1.0, 5.0), (2.0, 1.0), (3.0, 6.0), (4.0, 2.0), (5.0, 5.0)]).unwrap();
        assert!(line.interval.0 < 0.0 && line.interval.1 > 0.0 && line.unevenness() > 1.0, "{line:?}");
    }
}
