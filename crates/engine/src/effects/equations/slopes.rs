//! How modes and coefficients move with the parameters that they are computed from.
//!
//! At the modes Lambda'Z's = u, s the derivatives of the rows' log-likelihoods in eta (of a linear model W times the
//! residuals, with b relative to sigma); where beta is solved for together with u, X's = 0 too. A small change of a
//! parameter keeps that true, which gives the change of u and beta as the solution of Henderson's equations:
//!
//! ```text
//!     M d(u, beta) = [dLambda'Z's - Lambda'Z'W Z dLambda u; -X'W Z dLambda u]     of an element of theta,
//!     M d(u, beta) = [Lambda'Z'v; X'v]                     of any other, which changes s by v at given u and beta.
//! ```

use super::Equations;
use super::solve::Solved;
use crate::error::EngineError;
use crate::rows::{Rows, Term};

/// An element of theta: term, row and column of T.
struct Element {
    term: usize,
    row: usize,
    column: usize,
}

impl Equations {
    /// Derivatives of b (for each term levels x k x M, row by row) and of beta (p x M) in the elements of theta and then
    /// in `others` more parameters.
    ///
    /// `score` is s of every row, `u` the modes (for each term levels x k, row by row), `changes` what the other
    /// parameters change of s at given u and beta, n x others row by row.
    pub fn slopes(
        &self,
        rows: &Rows,
        score: &[f64],
        u: &[&[f64]],
        changes: &[f64],
        others: usize,
    ) -> Result<Solved, EngineError> {
        self.check_right(rows, score, 1)?;
        self.check_right(rows, changes, others)?;
        let shapes = self.shapes();
        if u.len() != shapes.len() || !u.iter().zip(&shapes).all(|(u, (levels, k))| u.len() == levels * k) {
            return Err(EngineError::shape("modes must have a part for each term, levels x k"));
        }
        let elements = elements(&shapes);
        let r = elements.len() + others;
        let added = added(rows, score, &elements, &shapes, r);
        let fill = |row: usize, out: &mut [f64]| {
            let weight = rows.weights.map_or(1.0, |w| w[row]);
            for (m, out) in elements.iter().zip(&mut *out) {
                let (term, k) = (&rows.terms[m.term], shapes[m.term].1);
                let u = u[m.term][level(rows, term, row) * k + m.column];
                *out = -weight * term.columns[m.row].at(row) * u;
            }
            out[elements.len()..].copy_from_slice(&changes[row * others..(row + 1) * others]);
        };
        Ok(self.frame.run(|| {
            let mut right = self.right(rows, r, fill);
            let parts: Vec<Option<&[f64]>> = added.iter().map(|a| Some(a.as_slice())).collect();
            self.add_to_terms(&mut right, &parts);
            self.back_and_forth(&mut right);
            let mut b = self.terms_of(&right);
            for (term, du) in b.iter_mut().enumerate() {
                self.turn(term, du, r);
            }
            for (c, m) in elements.iter().enumerate() {
                let (levels, k) = shapes[m.term];
                for level in 0..levels {
                    b[m.term][(level * k + m.row) * r + c] += u[m.term][level * k + m.column];
                }
            }
            Solved { u: b, beta: self.coefficients_of(&right) }
        }))
    }

    /// T du of one term, in place.
    fn turn(&self, term: usize, du: &mut [f64], r: usize) {
        let Some((group, at, k)) = self.frame.parameters.slots().nth(term) else { return };
        let (t, size) = (&self.user[group], self.frame.parameters.sizes[group]);
        for block in du.chunks_exact_mut(k * r) {
            for i in (0..k).rev() {
                for c in 0..r {
                    block[i * r + c] = (0..=i).map(|j| t[at + i + (at + j) * size] * block[j * r + c]).sum();
                }
            }
        }
    }
}

/// Elements of theta: lower triangles by columns, term after term.
fn elements(shapes: &[(usize, usize)]) -> Vec<Element> {
    let of_term = |(term, &(_, k)): (usize, &(usize, usize))| {
        (0..k).flat_map(move |column| (column..k).map(move |row| Element { term, row, column })).collect::<Vec<_>>()
    };
    shapes.iter().enumerate().flat_map(of_term).collect()
}

fn level(rows: &Rows, term: &Term, row: usize) -> usize {
    rows.groups[term.group].codes.at(row)
}

/// dLambda'Z's of every element of theta, for each term levels x k x r.
fn added(rows: &Rows, score: &[f64], elements: &[Element], shapes: &[(usize, usize)], r: usize) -> Vec<Vec<f64>> {
    let mut out: Vec<Vec<f64>> = shapes.iter().map(|(levels, k)| vec![0.0; levels * k * r]).collect();
    for (c, m) in elements.iter().enumerate() {
        let (term, k) = (&rows.terms[m.term], shapes[m.term].1);
        for (row, score) in score.iter().enumerate() {
            out[m.term][(level(rows, term, row) * k + m.column) * r + c] += term.columns[m.row].at(row) * score;
        }
    }
    out
}
