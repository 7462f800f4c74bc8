//! Cross products of one grouping factor, and how many rows go into them at a time.

/// Rows handled at a time: their standardised columns stay in the cache.
pub(crate) const CHUNK: usize = 1024;

/// Cross products of one grouping factor, level by level.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorBlocks {
    pub levels: usize,
    /// Columns of all terms on this factor together.
    pub k: usize,
    /// Z'Z of each level, k x k column-major, both triangles: `levels * k * k`.
    pub zz: Vec<f64>,
    /// Z'[X y] of each level, k rows of p + 1: `levels * k * (p + 1)`.
    pub zr: Vec<f64>,
}
