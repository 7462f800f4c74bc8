//! Laplace's approximation at one point: value, exact gradient, and the curvature of the working linear mixed model.
//!
//! With f(u) = -l(eta) + u'u / 2 and H its second derivative at the mode, F = f + log|H| / 2 is minus the
//! log-likelihood. As for a linear mixed model everything depends on T through Sigma alone, and
//! dF = <D, dSigma> / 2 with
//!
//! D = sum over levels of [Z'V^-1 Z]_ll - s s' + t s' + s t',
//!
//! V^-1 = W - W Z Lambda H^-1 Lambda'Z'W, s = Z'g, t = (I + Z'WZ Sigma)^-1 Z'c / 2 and c_i = tr(S_i dW_i/d eta): the
//! first two terms are those of a linear mixed model, the others say how the mode moves the determinant.

use super::blocks::{
    UNKNOWN, add_effects, add_fixed, bordered, fill_border, fill_matrix, fixed_products, fixed_sums, leading_products,
    leading_sums, run, weighted_columns,
};
use super::data::Data;
use super::inner::Inner;
use super::likelihood::Likelihood;
use super::marginal::{self, Marginal};
use super::mode::{Mode, TIGHT, effects};
use super::penalty::Penalty;
use super::point::{At, Shapes, State};
use super::quadrature::{self, Rule};
use super::restricted::Restricted;
use crate::dense::small::{cholesky, solve_lower};
use crate::dense::view::View;
use crate::effects::elimination::Elimination;
use crate::effects::information::{add_curvature, products};
use crate::effects::parameters::Direction;
use crate::effects::score::{LevelParts, back_substitute, trace_sums};
use crate::effects::template::Template;
use crate::family::pair;
use crate::gram::Gram;

/// What is computed of the likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Method {
    /// Whether log|H| is that of the expected information.
    pub expected: bool,
    /// Points of adaptive quadrature for each effect; 1 is Laplace's approximation, 0 the same with beta at the joint
    /// mode of beta and the random effects.
    pub points: usize,
    /// Whether the soft penalty is added.
    pub penalised: bool,
    /// Whether the mean's fixed effects are integrated out too, under a flat prior.
    pub restricted: bool,
}

/// Laplace's approximation at the observed information.
pub(crate) const LAPLACE: Method = Method { expected: false, points: 1, penalised: false, restricted: false };

/// Buffers of an evaluation.
pub(crate) struct Work {
    pub inner: Inner,
    /// Blocks and factorisation at the expected weights, where log|H| is to be that of the expected information.
    expected: Option<(Gram, Elimination)>,
    third: Vec<f64>,
    rule: Option<Rule>,
    penalties: Vec<Box<dyn Penalty>>,
    /// What a restricted likelihood needs of the design.
    restricted: Option<Restricted>,
}

impl Work {
    pub(crate) fn new(data: &Data, method: Method, penalties: Vec<Box<dyn Penalty>>) -> Self {
        let expected = method.expected;
        let rule = (method.points > 1).then(|| Rule::new(method.points));
        let second = expected.then(|| {
            let gram = Gram::clone(&data.pattern);
            let elimination = Elimination::new(&gram, &data.layout);
            (gram, elimination)
        });
        let restricted = method.restricted.then(|| Restricted::of(data));
        let whole = if method.points == 0 { data.x.len() } else { 0 };
        let inner = Inner::new(data, restricted.as_ref().map_or(whole, |r| r.count));
        Self { inner, expected: second, third: Vec::new(), rule, penalties, restricted }
    }

    /// The mode at a point, from the effects of `start`.
    pub(crate) fn mode(&mut self, likelihood: Likelihood, at: At, start: &Mode, tolerance: f64) -> Option<Mode> {
        self.inner.solve(likelihood, at.templates, at.psi, at.beta, start, tolerance)
    }

    /// Everything, along the given directions of T.
    pub(crate) fn evaluate(
        &mut self,
        likelihood: Likelihood,
        at: At,
        directions: &[Direction],
        start: &Mode,
        tolerance: f64,
    ) -> Option<State> {
        let tolerance = self.tolerance(tolerance);
        let mode = self.mode(likelihood, at, start, tolerance)?;
        self.state(likelihood, at, Some(directions), mode)
    }

    /// A grid needs the mode itself: nothing is put right to first order.
    fn tolerance(&self, tolerance: f64) -> f64 {
        if self.rule.is_some() { TIGHT } else { tolerance }
    }

    /// The same without curvature.
    pub(crate) fn slope(&mut self, likelihood: Likelihood, at: At, start: &Mode, tolerance: f64) -> Option<State> {
        let tolerance = self.tolerance(tolerance);
        let mode = self.mode(likelihood, at, start, tolerance)?;
        self.state(likelihood, at, None, mode)
    }

    /// What follows from the mode: the buffers of the inner problem must be those that found it.
    fn state(&mut self, likelihood: Likelihood, at: At, directions: Option<&[Direction]>, mode: Mode) -> Option<State> {
        let (data, psi) = (likelihood.data, at.psi);
        let (n, m) = (data.n, data.predictors);
        let s = sums(&mode.s, &self.inner.step_of_s);
        let shapes = Shapes::of(likelihood, &mode.eta, psi);
        let expected = self.expected_weights(likelihood, &mode, psi);
        let past = self.restricted.as_ref().map(|r| r.at(data, &self.inner));
        // 1. Columns of X and of the shapes past the random effects.
        let curvature = directions.map(|directions| self.curvature(likelihood, at, directions, &shapes, &s));
        // 2. The determinant and its derivatives in the weights.
        let mut determinant = self.determinant(likelihood, psi, &mode, expected.as_ref())?;
        if let Some(past) = &past {
            past.add_to(&mut determinant.logdet, &mut determinant.variances, &mut determinant.scale);
        }
        let dw = expected.as_ref().map_or(&self.third, |w| &w.dw);
        let c = contract(&determinant.variances, dw, n, m);
        // 3. How the mode moves the determinant: one more solve with the factor of f's own Hessian.
        let (t, eta_t) = self.movement(data, &c);
        let gradient = self.gradient(data, &shapes, expected.as_ref(), &determinant.variances, &c, &eta_t);
        let Determinant { logdet, scale, .. } = determinant;
        let d = score_matrices(&scale, &s, &t, data);
        // 4. The step that the inner problem still promises, to first order.
        let left = dot(&c, &self.inner.step) - self.inner.decrement;
        let criterion = mode.penalty - 2.0 * mode.value + logdet + left;
        let (fixed, hessian) = (Vec::new(), Vec::new());
        let mut state = State { criterion, added: 0.0, mode, logdet, gradient, d, scale, fixed, hessian };
        if let Some(rule) = &self.rule {
            quadrature::refine(rule, likelihood, at, &mut state)?;
        }
        if let (Some(c), Some(directions)) = (curvature, directions) {
            state.hessian = c.hessian(data, directions, &state.d);
            state.fixed = c.fixed;
        }
        for penalty in &self.penalties {
            penalty.apply(likelihood, at, directions, &mut state)?;
        }
        let numbers = state.criterion.is_finite() && state.gradient.iter().all(|g| g.is_finite());
        numbers.then_some(state)
    }

    /// log|H| at the observed or the expected weights, with what its derivatives need.
    fn determinant(
        &mut self,
        likelihood: Likelihood,
        psi: &[f64],
        mode: &Mode,
        expected: Option<&ExpectedWeights>,
    ) -> Option<Determinant> {
        let data = likelihood.data;
        let (n, m) = (data.n, data.predictors);
        // The selected inverse takes the place of a factor that is needed again, unless it is that of the other weights.
        let factor = expected.is_none().then(|| self.inner.elimination.tail.clone());
        let logdet = match expected {
            Some(weights) => self.eliminate_expected(data, &weights.w)?,
            None => self.inner.elimination.logdet_u,
        };
        self.third.resize(m * (m + 1) / 2 * m * n, 0.0);
        if expected.is_none() {
            likelihood.third(&mode.eta, psi, &mut self.third);
        }
        let (gram, e) = match &mut self.expected {
            Some((gram, e)) if expected.is_some() => (&*gram, e),
            _ => (&self.inner.gram, &mut self.inner.elimination),
        };
        e.tail.invert();
        let Marginal { variances, inverse_blocks } = marginal::of(data, gram, e);
        let by_difference =
            |(t, f): (&Template, usize)| t.score_by_inverse_blocks(data.factors[f].levels, &inverse_blocks[f]);
        let templates = &e.leaves.templates;
        let scale: Vec<Vec<f64>> =
            templates.iter().zip(0..).map(by_difference).collect::<Option<_>>().unwrap_or_else(|| {
                let sums = trace_sums(gram, &data.layout, e);
                templates.iter().zip(&sums).map(|(t, s)| t.score_matrix(s)).collect()
            });
        if let Some(factor) = factor {
            self.inner.elimination.tail = factor;
        }
        Some(Determinant { logdet, variances, scale })
    }

    /// t and the linear predictors that belong to it.
    fn movement(&mut self, data: &Data, c: &[f64]) -> (Vec<Vec<f64>>, Vec<f64>) {
        let (t, alpha) = self.adjoint(data, c);
        let templates = &self.inner.elimination.leaves.templates;
        let bt: Vec<Vec<f64>> = t.iter().zip(templates).map(|(t, template)| effects(template, t)).collect();
        let mut eta_t = vec![0.0; data.predictors * data.n];
        add_effects(data, &bt, &mut eta_t);
        add_fixed(data, &alpha, &mut eta_t);
        (t, eta_t)
    }

    /// In beta, then psi.
    fn gradient(
        &self,
        data: &Data,
        shapes: &Shapes,
        expected: Option<&ExpectedWeights>,
        variances: &[f64],
        c: &[f64],
        eta_t: &[f64],
    ) -> Vec<f64> {
        let (n, m) = (data.n, data.predictors);
        let mut gradient = fixed_sums(data, &self.residual(c, eta_t, n, m));
        for (j, shape) in shapes.list.iter().enumerate() {
            let dw =
                expected.map_or(&shape.w[..], |w| View::new(&w.by_shape, variances.len(), shapes.list.len()).col(j));
            gradient.push(-shape.l + 0.5 * traces(variances, dw, n, m) + dot(eta_t, &shape.g));
        }
        gradient.iter_mut().for_each(|g| *g *= 2.0);
        gradient[..self.inner.joint].fill(0.0); // these are where they are by the inner problem
        gradient
    }

    /// Products of the working linear mixed model.
    fn curvature(
        &mut self,
        likelihood: Likelihood,
        at: At,
        directions: &[Direction],
        shapes: &Shapes,
        s: &[Vec<f64>],
    ) -> Curvature {
        let data = likelihood.data;
        let outer = data.x.len() + at.psi.len();
        let (parts, mut fixed) = self.fixed_columns(data, shapes, s);
        symmetrise(&mut fixed, outer);
        let (wvw, mut cross) =
            products(&self.inner.gram, &data.layout, &self.inner.elimination, &parts, at.templates, directions);
        cross.iter_mut().for_each(|c| c.truncate(outer));
        Curvature { fixed, wvw, cross }
    }

    /// T_x of X and the shapes' columns with s in place of the response, and the Schur complement of their products.
    fn fixed_columns(&mut self, data: &Data, shapes: &Shapes, s: &[Vec<f64>]) -> (Vec<LevelParts>, Vec<f64>) {
        let (p, q, n, m) = (data.x.len(), shapes.list.len(), data.n, data.predictors);
        let width = p + q + 1;
        let mut products = vec![0.0; width * width];
        let xx = fixed_products(data, &self.inner.w);
        for j in 0..p {
            products[j * width..j * width + p].copy_from_slice(&xx[j * p..(j + 1) * p]);
        }
        for (j, shape) in shapes.list.iter().enumerate() {
            for (i, value) in fixed_sums(data, &shape.g).iter().enumerate() {
                products[p + j + i * width] = -value;
                products[i + (p + j) * width] = -value;
            }
            for i in 0..q {
                products[p + i + (p + j) * width] = -shapes.curvature[i + j * q];
            }
        }
        let inner = &mut self.inner;
        inner.gram.p = p + q;
        inner.gram.fixed = products;
        let w = &inner.w;
        fill_border(data, width, &mut inner.gram, &|from, to, out| {
            let len = to - from;
            weighted_columns(data, &data.x, w, (from, to), width, out);
            for r in 0..m {
                for (j, shape) in shapes.list.iter().enumerate() {
                    let out = &mut out[(r * width + p + j) * len..][..len];
                    out.iter_mut().zip(&run(&shape.g, r, n)[from..to]).for_each(|(o, g)| *o = -g);
                }
                out[(r * width + p + q) * len..][..len].fill(0.0);
            }
        });
        inner.elimination.eliminate_border(&inner.gram, &data.layout);
        let beta = vec![0.0; p + q];
        let mut parts = back_substitute(&inner.gram, &data.layout, &inner.elimination, &beta);
        for (part, s) in parts.iter_mut().zip(s) {
            part.s.clone_from(s);
        }
        let matrix = &inner.elimination.border.matrix;
        let fixed = View::square(matrix, width).cut(0, p + q);
        (parts, fixed)
    }

    /// t = (I + Z'WZ Sigma)^-1 Z'c / 2. In the joint problem beta answers too: its share, else nothing.
    fn adjoint(&mut self, data: &Data, c: &[f64]) -> (Vec<Vec<f64>>, Vec<f64>) {
        let inner = &mut self.inner;
        let (n, m) = (data.n, data.predictors);
        let p = inner.joint;
        let (width, w) = (p + 1, &inner.w);
        inner.gram.fixed = vec![0.0];
        if p > 0 {
            let half: Vec<f64> = leading_sums(data, p, c).iter().map(|v| 0.5 * v).collect();
            inner.gram.fixed = bordered(&leading_products(data, p, w), &half, UNKNOWN);
        }
        inner.gram.p = p;
        fill_border(data, width, &mut inner.gram, &|from, to, out| {
            let len = to - from;
            weighted_columns(data, &data.x[..p], w, (from, to), width, out);
            for r in 0..m {
                let out = &mut out[(r * width + p) * len..][..len];
                out.iter_mut().zip(&run(c, r, n)[from..to]).for_each(|(o, c)| *o = 0.5 * c);
            }
        });
        inner.elimination.eliminate_border(&inner.gram, &data.layout);
        let mut alpha = Vec::new();
        if p > 0 && inner.elimination.border.finish().is_ok() {
            alpha = inner.elimination.border.beta();
        }
        let parts = back_substitute(&inner.gram, &data.layout, &inner.elimination, &alpha);
        (parts.into_iter().map(|p| p.s).collect(), alpha)
    }

    /// r = -g + c / 2 - W eta_t at the mode (g moved by the step that is left).
    fn residual(&self, c: &[f64], eta_t: &[f64], n: usize, m: usize) -> Vec<f64> {
        let mut r: Vec<f64> = self.inner.g.iter().zip(c).map(|(g, c)| 0.5 * c - g).collect();
        for s in 0..m {
            for t in 0..m {
                let (w, eta, step) = (run(&self.inner.w, pair(s, t), n), run(eta_t, t, n), run(&self.inner.step, t, n));
                for (((r, w), e), d) in r[s * n..(s + 1) * n].iter_mut().zip(w).zip(eta).zip(step) {
                    *r -= w * (e - d);
                }
            }
        }
        r
    }

    fn expected_weights(&self, likelihood: Likelihood, mode: &Mode, psi: &[f64]) -> Option<ExpectedWeights> {
        self.expected.as_ref()?;
        let (pairs, m) = (self.inner.w.len(), likelihood.data.predictors);
        let mut out =
            ExpectedWeights { w: vec![0.0; pairs], dw: vec![0.0; pairs * m], by_shape: vec![0.0; pairs * psi.len()] };
        likelihood.expected(&mode.eta, psi, &mut out.w, &mut out.dw, &mut out.by_shape).then_some(out)
    }

    /// log|H| at the expected weights.
    fn eliminate_expected(&mut self, data: &Data, w: &[f64]) -> Option<f64> {
        let (gram, e) = self.expected.as_mut()?;
        fill_matrix(data, w, gram);
        e.leaves.templates.clone_from(&self.inner.elimination.leaves.templates);
        gram.factors.iter_mut().for_each(|f| f.zr = vec![0.0; f.levels * f.k]);
        e.eliminate(gram, &data.layout).ok()?;
        Some(e.logdet_u)
    }
}

/// Products of the working linear mixed model: profile curvature in (beta, psi), w_l'Z'V^-1 Z w_m over pairs of directions
/// (the lower triangle counts), and those of either kind.
struct Curvature {
    fixed: Vec<f64>,
    wvw: Vec<f64>,
    cross: Vec<Vec<f64>>,
}

/// log|H| and what its derivatives are made of.
struct Determinant {
    logdet: f64,
    /// S_i of every row, in runs of its pairs.
    variances: Vec<f64>,
    /// sum of [Z'V^-1 Z]_ll of every factor.
    scale: Vec<Vec<f64>>,
}

struct ExpectedWeights {
    w: Vec<f64>,
    dw: Vec<f64>,
    by_shape: Vec<f64>,
}

/// c_r = sum over s, t of S_st dW_st / d eta_r.
fn contract(s_rows: &[f64], dw: &[f64], n: usize, m: usize) -> Vec<f64> {
    let mut out = vec![0.0; m * n];
    for t in 0..m {
        for s in 0..=t {
            let twice = if s == t { 1.0 } else { 2.0 };
            let variances = run(s_rows, pair(s, t), n);
            for r in 0..m {
                let dw = run(dw, pair(s, t) * m + r, n);
                for ((o, v), d) in out[r * n..(r + 1) * n].iter_mut().zip(variances).zip(dw) {
                    *o += twice * v * d;
                }
            }
        }
    }
    out
}

/// Sum over rows of tr(S_i dW_i).
fn traces(s_rows: &[f64], dw: &[f64], n: usize, m: usize) -> f64 {
    let of = |s: usize, t: usize| {
        let twice = if s == t { 1.0 } else { 2.0 };
        twice * dot(run(s_rows, pair(s, t), n), run(dw, pair(s, t), n))
    };
    (0..m).flat_map(|t| (0..=t).map(move |s| (s, t))).map(|(s, t)| of(s, t)).sum()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn sums(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<f64>> {
    a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a + b).collect()).collect()
}

/// D of every factor.
fn score_matrices(scale: &[Vec<f64>], s: &[Vec<f64>], t: &[Vec<f64>], data: &Data) -> Vec<Vec<f64>> {
    let one = |f: usize| {
        let k = data.factors[f].k();
        let mut d = scale[f].clone();
        for (s, t) in s[f].chunks_exact(k).zip(t[f].chunks_exact(k)) {
            for b in 0..k {
                for a in 0..k {
                    d[a + b * k] += t[a] * s[b] + s[a] * t[b] - s[a] * s[b];
                }
            }
        }
        d
    };
    (0..data.factors.len()).map(one).collect()
}

/// The lower triangle is copied to the upper one.
fn symmetrise(a: &mut [f64], k: usize) {
    for j in 0..k {
        for i in j + 1..k {
            a[j + i * k] = a[i + j * k];
        }
    }
}

impl Curvature {
    /// Second derivatives of the working linear mixed model in (beta, directions of T, psi): exact in (beta, psi) with the
    /// random effects profiled out and between them and T; in T the average information, so that past beta and psi it is
    /// that of a linear mixed model, with the curvature of T -> T T'.
    fn hessian(&self, data: &Data, directions: &[Direction], d: &[Vec<f64>]) -> Vec<f64> {
        let Self { fixed, wvw, cross } = self;
        let (p, count, outer) = (data.x.len(), directions.len(), fixed.len().isqrt());
        let size = count + outer;
        let place = |j: usize| if j < p { j } else { j + count };
        let mut out = vec![0.0; size * size];
        for j in 0..outer {
            for i in 0..outer {
                out[place(i) + place(j) * size] = 2.0 * fixed[i + j * outer];
            }
        }
        let mut inner_block = vec![0.0; count * count];
        for m in 0..count {
            for l in m..count {
                inner_block[l + m * count] = wvw[l + m * count];
                inner_block[m + l * count] = wvw[l + m * count];
            }
        }
        let mut factor = fixed.clone();
        if cholesky(&mut factor, outer).is_ok() {
            let half: Vec<Vec<f64>> = cross
                .iter()
                .map(|c| {
                    let mut c = c.clone();
                    solve_lower(&factor, outer, &mut c);
                    c
                })
                .collect();
            for m in 0..count {
                for l in 0..count {
                    inner_block[l + m * count] += dot(&half[l], &half[m]);
                }
            }
        }
        add_curvature(&mut inner_block, directions, d, |m| data.factors[m.group].k());
        for (m, cross) in cross.iter().enumerate() {
            for l in 0..count {
                out[p + l + (p + m) * size] = inner_block[l + m * count];
            }
            for (j, value) in cross.iter().enumerate() {
                out[place(j) + (p + m) * size] = 2.0 * value;
                out[p + m + place(j) * size] = 2.0 * value;
            }
        }
        out
    }
}
