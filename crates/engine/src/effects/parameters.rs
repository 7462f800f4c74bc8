//! The user's theta of all terms <-> templates of all factors. theta holds, term by term, the parameters of T for the
//! columns as they came; for standardised columns T becomes M T.

use crate::covariance::{Structure, Unstructured};
use crate::dense::small::multiply;
use crate::dense::view::{View, ViewMut};
use crate::gram::FactorStandard;

/// Where the parameters of one term live.
struct TermMap {
    group: usize,
    /// First column of the term among its factor's columns.
    at: usize,
    k: usize,
    first: usize,
    count: usize,
    structure: Box<dyn Structure>,
}

/// A derivative of the template of one factor.
pub(crate) struct Direction {
    pub group: usize,
    pub dt: Vec<f64>,
}

pub(crate) struct Parameters {
    terms: Vec<TermMap>,
    /// Columns of each factor.
    pub sizes: Vec<usize>,
    pub count: usize,
}

impl Parameters {
    /// `term_groups` and `term_sizes` list, term by term, the factor and the number of effects.
    pub(crate) fn new(term_groups: &[usize], term_sizes: &[usize], factors: usize) -> Self {
        let mut sizes = vec![0; factors];
        let (mut terms, mut count) = (Vec::new(), 0);
        for (&group, &k) in term_groups.iter().zip(term_sizes) {
            let structure: Box<dyn Structure> = Box::new(Unstructured);
            let parameters = structure.parameters(k);
            terms.push(TermMap { group, at: sizes[group], k, first: count, count: parameters, structure });
            sizes[group] += k;
            count += parameters;
        }
        Self { terms, sizes, count }
    }

    /// Block-diagonal templates of all factors.
    pub(crate) fn templates(&self, phi: &[f64]) -> Vec<Vec<f64>> {
        let mut out: Vec<Vec<f64>> = self.sizes.iter().map(|k| vec![0.0; k * k]).collect();
        for term in &self.terms {
            let mut t = vec![0.0; term.k * term.k];
            term.structure.template(&phi[term.first..term.first + term.count], term.k, &mut t);
            self.place(term, &t, &mut out[term.group]);
        }
        out
    }

    /// dT / dphi of every parameter.
    pub(crate) fn directions(&self, phi: &[f64]) -> Vec<Direction> {
        let mut out = Vec::with_capacity(self.count);
        for term in &self.terms {
            for m in 0..term.count {
                let mut t = vec![0.0; term.k * term.k];
                term.structure.derivative(&phi[term.first..term.first + term.count], m, term.k, &mut t);
                let size = self.sizes[term.group];
                let mut dt = vec![0.0; size * size];
                self.place(term, &t, &mut dt);
                out.push(Direction { group: term.group, dt });
            }
        }
        out
    }

    /// 2 tr(D d2T T') for every pair of parameters, added to `hessian`.
    pub(crate) fn add_map_curvature(&self, phi: &[f64], d: &[Vec<f64>], templates: &[Vec<f64>], hessian: &mut [f64]) {
        for term in &self.terms {
            let size = self.sizes[term.group];
            let mut t = vec![0.0; term.k * term.k];
            for l in 0..term.count {
                for m in 0..term.count {
                    let own = &phi[term.first..term.first + term.count];
                    if term.structure.second_derivative(own, l, m, term.k, &mut t) {
                        let mut d2t = vec![0.0; size * size];
                        self.place(term, &t, &mut d2t);
                        let value = super::template::inner(&d2t, &d[term.group], &templates[term.group], size);
                        hessian[term.first + l + (term.first + m) * self.count] += 2.0 * value;
                    }
                }
            }
        }
    }

    fn place(&self, term: &TermMap, t: &[f64], out: &mut [f64]) {
        let size = self.sizes[term.group];
        ViewMut::square(out, size).put(term.at, term.k, t.iter().copied());
    }

    fn cut(&self, term: &TermMap, from: &[f64]) -> Vec<f64> {
        View::square(from, self.sizes[term.group]).cut(term.at, term.k)
    }

    /// Parameters of given templates (their block-diagonal parts).
    pub(crate) fn theta_of(&self, templates: &[Vec<f64>]) -> Vec<f64> {
        self.terms.iter().flat_map(|t| t.structure.parameters_of(&self.cut(t, &templates[t.group]), t.k)).collect()
    }

    /// Templates with each factor's multiplied from the left by a matrix.
    pub(crate) fn moved(&self, phi: &[f64], by: impl Fn(usize) -> Vec<f64>) -> Vec<Vec<f64>> {
        let templates = self.templates(phi);
        templates
            .iter()
            .enumerate()
            .map(|(g, t)| {
                let mut out = vec![0.0; t.len()];
                multiply(&by(g), t, self.sizes[g], &mut out);
                out
            })
            .collect()
    }

    /// Factor and column range of every term, in the terms' order: (factor, first column, effects).
    pub(crate) fn slots(&self) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        self.terms.iter().map(|t| (t.group, t.at, t.k))
    }

    /// M of every term, with b_standardised = M b: k x k row by row.
    pub(crate) fn standards(&self, factors: &[FactorStandard]) -> Vec<Vec<f64>> {
        self.slots()
            .map(|(g, at, k)| {
                let block = View::square(&factors[g].matrix(), self.sizes[g]).cut(at, k);
                View::square(&block, k).transposed()
            })
            .collect()
    }

    /// The terms of one factor: (first column, effects, first parameter, parameters).
    pub(crate) fn of_group(&self, group: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.terms.iter().filter(move |t| t.group == group).map(|t| (t.at, t.k))
    }
}
