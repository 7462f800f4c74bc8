//! The user's theta seen from the optimiser's templates. A derivative of the user's T is M dT Q' there: M standardises
//! the columns, Q turns the user's triangular factor into the optimiser's square one.

use super::chart::Chart;
use super::parameters::{Direction, Parameters};
use crate::dense::small::{lower_factor, multiply};
use crate::dense::view::{View, ViewMut};
use crate::gram::FactorStandard;

/// dT of every element of theta, at the templates of phi.
pub(crate) fn directions(
    parameters: &Parameters,
    chart: &Chart,
    standard: &[FactorStandard],
    phi: &[f64],
    theta: &[f64],
) -> Vec<Direction> {
    let templates = chart.templates(phi);
    let turned = |g: usize| {
        let k = parameters.sizes[g];
        let mut original = vec![0.0; k * k];
        multiply(&standard[g].inverse(), &templates[g], k, &mut original);
        (standard[g].matrix(), rotation(parameters, g, &original))
    };
    let turned: Vec<(Vec<f64>, Vec<f64>)> = (0..templates.len()).map(turned).collect();
    parameters
        .directions(theta)
        .into_iter()
        .map(|direction| {
            let (g, k) = (direction.group, parameters.sizes[direction.group]);
            let (mut moved, mut dt) = (vec![0.0; k * k], vec![0.0; k * k]);
            let (matrix, q) = &turned[g];
            multiply(matrix, &direction.dt, k, &mut moved);
            multiply(&moved, q, k, &mut dt);
            Direction { group: g, dt }
        })
        .collect()
}

/// Components of these directions along the chart's own.
pub(crate) fn along(chart: &Chart, sizes: &[usize], phi: &[f64], directions: &[Direction]) -> Vec<Vec<f64>> {
    let (_, basis) = chart.directions(phi);
    directions
        .iter()
        .map(|m| {
            let whole: Vec<Vec<f64>> = (0..sizes.len())
                .map(|g| if g == m.group { m.dt.clone() } else { vec![0.0; sizes[g] * sizes[g]] })
                .collect();
            let v = chart.phi_of(&whole);
            basis.chunks_exact(v.len()).map(|q| q.iter().zip(&v).map(|(q, v)| q * v).sum()).collect()
        })
        .collect()
}

/// Q of A = L Q, block by block of the terms on a factor.
fn rotation(parameters: &Parameters, group: usize, a: &[f64]) -> Vec<f64> {
    let size = parameters.sizes[group];
    let mut q = vec![0.0; size * size];
    for (at, k) in parameters.of_group(group) {
        let (_, own) = lower_factor(&View::square(a, size).cut(at, k), k);
        ViewMut::square(&mut q, size).put(at, k, own);
    }
    q
}
