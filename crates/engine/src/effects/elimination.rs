//! The blocked Cholesky factorisation of `[C, Lambda'Z'[X y]; ., [X y]'[X y]]`: leaves first, then the tail, then X
//! and y. It yields everything that the criterion needs and leaves behind what score and information use.

use super::border::Border;
use super::layout::Layout;
use super::leaves::Leaves;
use super::tail::Tail;
use super::template::Template;
use crate::error::EngineError;
use crate::gram::Gram;

/// State of one evaluation; buffers are kept from one evaluation to the next.
#[derive(Clone)]
pub(crate) struct Elimination {
    pub leaves: Leaves,
    pub tail: Tail,
    /// The tail's rows of the factor's border, n_tail x (p + 1) column-major.
    pub tail_rhs: Vec<f64>,
    pub border: Border,
    pub logdet_u: f64,
}

impl Elimination {
    pub(crate) fn new(gram: &Gram, layout: &Layout) -> Self {
        Self {
            leaves: Leaves::new(gram, layout),
            tail: Tail::new(layout),
            tail_rhs: vec![0.0; layout.n_tail * (gram.p + 1)],
            border: Border::new(gram.p),
            logdet_u: 0.0,
        }
    }

    /// Factorise at the given templates (one for each factor, k x k column-major).
    pub(crate) fn factorise(
        &mut self,
        gram: &Gram,
        layout: &Layout,
        templates: &[Vec<f64>],
    ) -> Result<(), EngineError> {
        self.leaves.templates = templates.iter().zip(&gram.factors).map(|(t, f)| Template::of(t, f.k)).collect();
        self.eliminate(gram, layout)?;
        self.border.finish()
    }

    /// Eliminate the random effects at the templates that are set; the border then holds `[X y]'V^-1[X y]`.
    pub(crate) fn eliminate(&mut self, gram: &Gram, layout: &Layout) -> Result<(), EngineError> {
        self.border.matrix.copy_from_slice(&gram.fixed);
        self.logdet_u = 0.0;
        if let Some(leaf) = layout.leaf {
            self.logdet_u = self.leaves.eliminate(gram, leaf, &mut self.border)?;
        }
        if layout.n_tail > 0 {
            self.eliminate_tail(gram, layout)?;
        }
        Ok(())
    }

    /// Another border for the same factorisation: everything of [`Self::eliminate`] that depends on `[X y]`. The
    /// number of columns may differ.
    pub(crate) fn eliminate_border(&mut self, gram: &Gram, layout: &Layout) {
        if self.border.p != gram.p {
            self.set_width(gram, layout);
        }
        self.border.matrix.copy_from_slice(&gram.fixed);
        if let Some(leaf) = layout.leaf {
            self.leaves.project_border(gram, leaf, &mut self.border);
        }
        if layout.n_tail > 0 {
            let rhs = &mut self.tail_rhs;
            self.leaves.start_rhs(gram, layout, rhs);
            self.leaves.update_rhs(gram, layout, rhs);
            self.tail.solve_lower(rhs, gram.p + 1);
            self.border.subtract_products(rhs, layout.n_tail);
        }
    }

    /// Make room for a border of another width.
    pub(crate) fn set_width(&mut self, gram: &Gram, layout: &Layout) {
        self.border = Border::new(gram.p);
        self.leaves.set_width(gram, layout);
        self.tail_rhs.resize(layout.n_tail * (gram.p + 1), 0.0);
    }

    /// Steps 2 to 4: the Schur complement on the tail and its border, their factorisation.
    fn eliminate_tail(&mut self, gram: &Gram, layout: &Layout) -> Result<(), EngineError> {
        let (leaves, tail, rhs) = (&self.leaves, &mut self.tail, &mut self.tail_rhs);
        leaves.start_rhs(gram, layout, rhs);
        if layout.small {
            tail.assemble(gram, layout, leaves);
            leaves.update_rhs(gram, layout, rhs);
        } else {
            rayon::join(|| tail.assemble(gram, layout, leaves), || leaves.update_rhs(gram, layout, rhs));
        }
        tail.cholesky().map_err(|_| EngineError::NotFinite)?;
        self.logdet_u += tail.logdet();
        tail.solve_lower(rhs, gram.p + 1);
        self.border.subtract_products(rhs, layout.n_tail);
        Ok(())
    }
}
