//! Henderson's mixed model equations at a given theta: the errors of random and fixed effects together.
//!
//! With b = Lambda u and rows weighted by W the errors of (u, beta) have the covariance M^-1 (times sigma^2 where b is
//! relative to sigma),
//!
//! ```text
//!     M = [C                Lambda'Z'WX]
//!         [X'WZ Lambda      X'WX       ].
//! ```
//!
//! M^-1 is never formed. A row t = (z, x) of a leaf, with h = L^-1 z of its block L L', has
//! `t'M^-1 t = h'h + r'S^-1 r`, r what is left of t on the tail and on X; S^-1 comes from the tail's factor or inverse.
//! Unlike in a fit T is taken as it is, not as U S, so that u is the user's own, for a singular theta as for any other.
//!
//! | file | holds |
//! |---|---|
//! | `rows` | rows [Z Lambda, X] in the scale of u, and what is asked of them |
//! | `level` | the columns of one leaf: its panel, and S^-1 times it |
//! | `variances` | quadratic forms of rows |
//! | `covariances` | the same between rows |
//! | `solve` | solutions for right-hand sides over the rows, and projections |
//! | `slopes` | how modes and coefficients move with parameters |

mod covariances;
mod level;
mod rows;
mod slopes;
mod solve;
mod variances;

use std::sync::{Arc, OnceLock};

pub use rows::{Asked, FixedRows, TermRows};
pub use solve::Solved;

use super::elimination::Elimination;
use super::layout::Layout;
use super::parameters::Parameters;
use super::tail::plan::TailPlan;
use super::tail::{self, Tail};
use super::template::Template;
use crate::dense::small::{cholesky, solve_lower, solve_lower_transpose};
use crate::error::EngineError;
use crate::gram::Gram;
use crate::rows::Rows;
use crate::threads;

/// How the tail is factorised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As is predicted to cost least.
    Chosen,
    Dense,
    Sparse,
}

/// What does not change with theta.
struct Frame {
    gram: Gram,
    layout: Layout,
    parameters: Parameters,
    /// First scalar column of each factor in the tail; the leaf has none.
    offsets: Vec<usize>,
}

/// The equations of a model, eliminated down to X.
pub struct Equations {
    frame: Arc<Frame>,
    /// T of every factor for the user's columns, block-diagonal over its terms.
    user: Vec<Vec<f64>>,
    e: Elimination,
    /// Cholesky factor of X'V^-1 X, p x p.
    fixed: Vec<f64>,
    /// The tail's inverse times its columns of X, a row of p numbers for each scalar column of the tail.
    coupling: Vec<f64>,
    inverse: OnceLock<Tail>,
}

impl Equations {
    /// Of the rows' X, Z and weights; their response does not matter.
    pub fn new(rows: &Rows, theta: &[f64], form: Form) -> Result<Self, EngineError> {
        Self::of_frame(Arc::new(Frame::of(rows, form)?), theta)
    }

    /// The same model at another theta.
    pub fn at(&self, theta: &[f64]) -> Result<Self, EngineError> {
        Self::of_frame(Arc::clone(&self.frame), theta)
    }

    /// Number of coefficients.
    pub fn p(&self) -> usize {
        self.frame.gram.p
    }

    /// Levels and effects of every term.
    pub fn shapes(&self) -> Vec<(usize, usize)> {
        let levels = |group: usize| self.frame.gram.factors[group].levels;
        self.frame.parameters.slots().map(|(group, _, k)| (levels(group), k)).collect()
    }

    fn of_frame(frame: Arc<Frame>, theta: &[f64]) -> Result<Self, EngineError> {
        if theta.len() != frame.parameters.count || !theta.iter().all(|v| v.is_finite()) {
            return Err(EngineError::shape(format!("theta must hold {} finite numbers", frame.parameters.count)));
        }
        let shared = Arc::clone(&frame);
        shared.run(|| {
            let mut e = Elimination::new(&frame.gram, &frame.layout);
            let standardised = frame.parameters.moved(theta, |g| frame.gram.standard.factors[g].matrix());
            e.leaves.templates =
                standardised.iter().zip(&frame.gram.factors).map(|(t, f)| Template::exact(t, f.k)).collect();
            e.eliminate(&frame.gram, &frame.layout)?;
            let mut fixed = e.border.x_factor();
            cholesky(&mut fixed, frame.gram.p).map_err(EngineError::RankDeficient)?;
            let coupling = coupling(&e, frame.layout.n_tail, frame.gram.p);
            let user = frame.parameters.templates(theta);
            Ok(Self { frame, user, e, fixed, coupling, inverse: OnceLock::new() })
        })
    }

    /// The tail's inverse, of which a sparse tail has the entries on its pattern; made once.
    fn inverse(&self) -> &Tail {
        self.inverse.get_or_init(|| {
            let mut tail = self.e.tail.clone();
            tail.invert();
            tail
        })
    }

    /// Columns of X in the border's row of a leaf's effect.
    fn leaf_row(&self, level: usize, effect: usize) -> &[f64] {
        let (k, width) = (self.frame.leaf_size(), self.p() + 1);
        let at = (level * k + effect) * width;
        &self.e.leaves.r[at..at + self.p()]
    }

    /// L^-1 z of a level's block.
    fn whiten(&self, level: usize, z: &[f64], out: &mut [f64]) {
        let k = z.len();
        let linv = &self.e.leaves.linv[level * k * k..(level + 1) * k * k];
        for (i, out) in out.iter_mut().enumerate() {
            *out = (0..=i).map(|j| linv[i + j * k] * z[j]).sum();
        }
    }

    /// Squared length of R^-1 x, R R' = X'V^-1 X; x is overwritten by that vector.
    fn fixed_form(&self, x: &mut [f64]) -> f64 {
        solve_lower(&self.fixed, x.len(), x);
        x.iter().map(|v| v * v).sum()
    }

    /// (X'V^-1 X)^-1 x in place.
    fn fixed_solve(&self, x: &mut [f64]) {
        solve_lower(&self.fixed, x.len(), x);
        solve_lower_transpose(&self.fixed, x.len(), x);
    }
}

impl Frame {
    fn of(rows: &Rows, form: Form) -> Result<Self, EngineError> {
        let gram = Gram::of(rows)?;
        let groups: Vec<usize> = rows.terms.iter().map(|t| t.group).collect();
        let sizes: Vec<usize> = rows.terms.iter().map(|t| t.columns.len()).collect();
        let parameters = Parameters::new(&groups, &sizes, rows.groups.len());
        let mut layout = tail::layout(&gram);
        if layout.n_tail > 0 {
            match form {
                Form::Chosen => {}
                Form::Dense => layout.plan = TailPlan::Dense,
                Form::Sparse => layout.plan = tail::sparse_plan(&gram, &layout),
            }
        }
        if layout.plan.is_far(layout.n_tail) {
            return Err(EngineError::OutOfReach("variances of predictions"));
        }
        let mut offsets = vec![0; gram.factors.len()];
        layout.tail.iter().for_each(|&(group, offset)| offsets[group] = offset);
        Ok(Self { gram, layout, parameters, offsets })
    }

    /// Effects of a leaf.
    fn leaf_size(&self) -> usize {
        self.layout.leaf.map_or(0, |leaf| self.gram.factors[leaf].k)
    }

    fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        if self.layout.small { work() } else { threads::run(work) }
    }
}

fn coupling(e: &Elimination, n_tail: usize, p: usize) -> Vec<f64> {
    if p == 0 || n_tail == 0 {
        return Vec::new();
    }
    let mut columns = e.tail_rhs[..n_tail * p].to_vec();
    e.tail.solve_lower_transpose(&mut columns, p);
    (0..n_tail * p).map(|m| columns[m / p + (m % p) * n_tail]).collect()
}
