//! Dense symmetric positive definite matrices in packed tiles.
//!
//! The lower triangle of an `n x n` matrix is cut into square tiles of `nb x nb` numbers;
//! tile columns lie one after another, each tile is column-major and contiguous:
//!
//! ```text
//! tile (I, J), I >= J, of N tile rows starts at (J (2N - J - 1) / 2 + I) nb^2
//! entry (i, j) = column_base(j) + row_offset(i)          (both known apart)
//! ```
//!
//! Memory is `n^2 / 2 + O(n nb)` numbers and everything happens in place. A matrix of at
//! most one tile is a plain column-major square, for which nothing is allocated and no
//! thread is woken.
//!
//! * `cholesky`: right-looking, `A_IJ -= L_IK L_JK'` for K ascending.
//! * `invert`: backward over tile columns K, with `R` the rows below,
//!   `Y = L_RK L_KK^-1`, `Z_RK = -Z_RR Y`, `Z_KK = (L_KK L_KK')^-1 - Y' Z_RK`,
//!   which is the selected inverse (Takahashi et al. 1973) of a full pattern: `2/3 n^3`
//!   operations, all of them matrix products that overwrite a single tile column.

use super::fronts_small;
use super::kernels::{self, view, view_mut};
use faer::prelude::{Reborrow, ReborrowMut};
use rayon::prelude::*;

/// Log2 of the tile size, and of the size used from `LARGE` rows on.
const SHIFT: u32 = 7;
const SHIFT_LARGE: u32 = 8;
const LARGE: usize = 6000;

/// Largest order that plain loops factorise and invert.
const SMALL: usize = 64;

/// Right-hand sides handled by one task; fixed, so that threads do not change rounding.
const RHS_CHUNK: usize = 64;

/// Columns of a diagonal tile of the inverse handled by one task.
const STRIP: usize = 32;

/// A dense symmetric matrix, its Cholesky factor or its inverse (lower triangle by tiles).
#[derive(Clone, Debug)]
pub struct Tiled {
    n: usize,
    /// Tile size; the column stride within a tile.
    nb: usize,
    /// `i >> shift` is the tile of row `i`.
    shift: u32,
    /// Number of tile rows.
    nt: usize,
    data: Vec<f64>,
    /// Scratch of `invert`, kept so that repeated evaluations allocate once.
    work: Vec<f64>,
}

impl Tiled {
    /// The zero matrix of order `n`.
    pub fn new(n: usize) -> Self {
        Self::with_tiles(n, shift_for(n))
    }

    /// The zero matrix in tiles of `2^shift` rows, or in one square if it fits a tile.
    fn with_tiles(n: usize, shift: u32) -> Self {
        // A single tile needs no tile arithmetic: a shift that sends every row to tile 0.
        let (shift, nb) = if n <= 1 << shift { (usize::BITS - 1, n) } else { (shift, 1 << shift) };
        let nt = if n == 0 { 0 } else { n.div_ceil(nb) };
        let data = vec![0.0; nt * (nt + 1) / 2 * nb * nb];
        Self { n, nb, shift, nt, data, work: Vec::new() }
    }

    /// Order of the matrix.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Numbers stored.
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether the matrix has order zero.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// Numbers that a matrix of order `n` would store.
    pub fn predicted_len(n: usize) -> usize {
        let nb = n.min(1 << shift_for(n));
        let nt = n.div_ceil(nb.max(1));
        nt * (nt + 1) / 2 * nb * nb
    }

    /// The storage, addressed by [`index`](Self::index).
    pub fn values(&self) -> &[f64] {
        &self.data
    }

    /// The storage, to scatter into.
    pub fn values_mut(&mut self) -> &mut [f64] {
        &mut self.data
    }

    /// Sets every entry to zero.
    pub fn fill_zero(&mut self) {
        self.data.fill(0.0);
    }

    /// First half of the address of an entry in column `j`; see [`row_offset`](Self::row_offset).
    #[inline]
    pub fn column_base(&self, j: usize) -> usize {
        let tile = j >> self.shift;
        // (2N - J - 1) is odd exactly when J is even: the product is always even.
        let before = tile * (2 * self.nt - tile - 1) / 2;
        before * self.nb * self.nb + (j & self.mask()) * self.nb
    }

    /// Second half of the address: entry `(i, j)`, `i >= j`, is at
    /// `column_base(j) + row_offset(i)`.
    ///
    /// The two halves are independent, so a caller that scatters many columns on the same
    /// rows computes each once.
    #[inline]
    pub fn row_offset(&self, i: usize) -> usize {
        (i >> self.shift) * (self.nb * self.nb) + (i & self.mask())
    }

    /// Address of entry `(i, j)`, `i >= j`.
    #[inline]
    pub fn index(&self, i: usize, j: usize) -> usize {
        debug_assert!(j <= i && i < self.n);
        self.column_base(j) + self.row_offset(i)
    }

    /// Stretches `(first row, numbers)` of column `j` from its diagonal down, one a tile.
    pub fn column_mut(&mut self, j: usize) -> impl Iterator<Item = (usize, &mut [f64])> {
        let (n, nb, nt) = (self.n, self.nb, self.nt);
        let (tile, within) = (j >> self.shift, j & self.mask());
        let start = self.tile_start(tile);
        let end = start + (nt - tile) * nb * nb;
        self.data[start..end].chunks_exact_mut(nb * nb).enumerate().map(move |(t, values)| {
            let (top, skip) = ((tile + t) * nb, if t == 0 { within } else { 0 });
            let height = nb.min(n - top);
            (top + skip, &mut values[within * nb + skip..within * nb + height])
        })
    }

    /// Entry `(i, j)`, in either triangle.
    #[inline]
    pub fn get(&self, i: usize, j: usize) -> f64 {
        self.data[self.index(i.max(j), i.min(j))]
    }

    /// Adds `v` to entry `(i, j)`, `i >= j`.
    #[inline]
    pub fn add(&mut self, i: usize, j: usize, v: f64) {
        let at = self.index(i, j);
        self.data[at] += v;
    }

    /// Adds `v` to every diagonal entry.
    pub fn diag_add(&mut self, v: f64) {
        for i in 0..self.n {
            self.add(i, i, v);
        }
    }

    /// `S := S + alpha H H'` for a column-major panel `H` of `n x m`.
    pub fn rank_update(&mut self, alpha: f64, panel: &[f64], m: usize) {
        if self.n == 0 || m == 0 {
            return;
        }
        let (n, nb) = (self.n, self.nb);
        let shape = self.shape();
        let h = view(panel, n, m, n);
        shape.each_tile(&mut self.data, 0, |i, j, tile| {
            let (rows, columns) = (shape.height(i), shape.height(j));
            let tile = view_mut(tile, rows, columns, nb);
            let hi = h.subrows(i * nb, rows);
            if i == j {
                kernels::add_square(tile, alpha, hi);
            } else {
                kernels::add_product(tile, alpha, hi, h.subrows(j * nb, columns).transpose());
            }
        });
    }

    /// Overwrites the lower triangle of `S` by its factor, `S = L L'`.
    ///
    /// # Errors
    /// The index of the first pivot that is not positive; the contents are then undefined.
    pub fn cholesky(&mut self) -> Result<(), usize> {
        let (nb, shape) = (self.nb, self.shape());
        if self.nt <= 1 && self.n <= SMALL {
            return fronts_small::eliminate(&mut self.data, &mut [], nb, 0);
        }
        if self.nt == 1 {
            return kernels::cholesky(view_mut(&mut self.data, nb, nb, nb));
        }
        for k in 0..self.nt {
            let width = shape.height(k);
            let (head, trailing) = self.data.split_at_mut(shape.start(k + 1));
            let (diagonal, below) = head[shape.start(k)..].split_at_mut(nb * nb);
            kernels::cholesky(view_mut(diagonal, width, width, nb)).map_err(|e| k * nb + e)?;
            let diagonal = view(diagonal, width, width, nb);
            shape.each_chunk(below, |t, tile| {
                let tile = view_mut(tile, shape.height(k + 1 + t), width, nb);
                kernels::divide_by_transpose(tile, diagonal);
            });
            let panel = |i: usize| {
                let start = (i - k - 1) * nb * nb;
                view(&below[start..start + nb * nb], shape.height(i), width, nb)
            };
            shape.each_tile(trailing, k + 1, |i, j, tile| {
                let tile = view_mut(tile, shape.height(i), shape.height(j), nb);
                if i == j {
                    kernels::add_square(tile, -1.0, panel(i));
                } else {
                    kernels::add_product(tile, -1.0, panel(i), panel(j).transpose());
                }
            });
        }
        Ok(())
    }

    /// `log |L L'| = 2 sum log L_ii` of the factor.
    pub fn logdet(&self) -> f64 {
        2.0 * (0..self.n).map(|i| self.data[self.index(i, i)].ln()).sum::<f64>()
    }

    /// `X := L^-1 X` for column-major `X` of `n x columns`.
    pub fn solve_lower(&self, rhs: &mut [f64], columns: usize) {
        self.each_rhs_chunk(rhs, columns, |rhs, columns| {
            let (n, nb, shape) = (self.n, self.nb, self.shape());
            let mut rest = view_mut(rhs, n, columns, n);
            for k in 0..self.nt {
                let (mut x, mut below) = rest.split_at_row_mut(shape.height(k));
                kernels::solve_lower(self.tile(k, k), x.rb_mut());
                for i in k + 1..self.nt {
                    let y = below.rb_mut().subrows_mut((i - k - 1) * nb, shape.height(i));
                    kernels::add_product(y, -1.0, self.tile(i, k), x.rb());
                }
                rest = below;
            }
        });
    }

    /// `X := L^-T X` for column-major `X` of `n x columns`.
    pub fn solve_lower_transpose(&self, rhs: &mut [f64], columns: usize) {
        self.each_rhs_chunk(rhs, columns, |rhs, columns| {
            let (n, nb, shape) = (self.n, self.nb, self.shape());
            let mut all = view_mut(rhs, n, columns, n);
            for k in (0..self.nt).rev() {
                let (upper, below) = all.rb_mut().split_at_row_mut(k * nb + shape.height(k));
                let mut x = upper.subrows_mut(k * nb, shape.height(k));
                for i in k + 1..self.nt {
                    let y = below.rb().subrows((i - k - 1) * nb, shape.height(i));
                    kernels::add_product(x.rb_mut(), -1.0, self.tile(i, k).transpose(), y);
                }
                kernels::solve_lower_transpose(self.tile(k, k), x);
            }
        });
    }

    /// Overwrites the factor `L` by the lower triangle of `(L L')^-1`.
    pub fn invert(&mut self) {
        let (nb, shape) = (self.nb, self.shape());
        self.work.resize(self.nt * nb * nb, 0.0);
        if self.nt <= 1 && self.n <= SMALL {
            return fronts_small::invert(&mut self.data, &mut [], &mut self.work, nb, 0);
        }
        for k in (0..self.nt).rev() {
            let width = shape.height(k);
            let (head, z) = self.data.split_at_mut(shape.start(k + 1));
            let (diagonal, below) = head[shape.start(k)..].split_at_mut(nb * nb);
            let (w, y) = self.work.split_at_mut(nb * nb);
            let y = &mut y[..below.len()];
            let l = view(diagonal, width, width, nb);
            shape.each_chunk(y, |t, y| {
                let from = &below[t * nb * nb..(t + 1) * nb * nb];
                y.copy_from_slice(from);
                kernels::divide(view_mut(y, shape.height(k + 1 + t), width, nb), l);
            });
            let y = |i: usize| {
                let start = (i - k - 1) * nb * nb;
                view(&y[start..start + nb * nb], shape.height(i), width, nb)
            };

            shape.each_chunk(below, |t, out| {
                let i = k + 1 + t;
                let mut out = view_mut(out, shape.height(i), width, nb);
                out.fill(0.0);
                for j in k + 1..shape.nt {
                    let (row, column) = (i.max(j), i.min(j));
                    let start = shape.start(column) - shape.start(k + 1) + (row - column) * nb * nb;
                    let (rows, columns) = (shape.height(row), shape.height(column));
                    let zij = view(&z[start..start + nb * nb], rows, columns, nb);
                    let zij = if i >= j { zij } else { zij.transpose() };
                    kernels::add_product(out.rb_mut(), -1.0, zij, y(j));
                }
            });

            let scratch = view_mut(w, width, width, nb);
            kernels::invert_square(view_mut(diagonal, width, width, nb), scratch);
            let below = &*below;
            let strips = &mut diagonal[..width * nb];
            shape.each_strip(strips, |s, strip| {
                let columns = strip.len() / nb;
                let mut out = view_mut(strip, width, columns, nb);
                for i in k + 1..shape.nt {
                    let start = (i - k - 1) * nb * nb;
                    let zik = view(&below[start..start + nb * nb], shape.height(i), width, nb);
                    let zik = zik.subcols(s * STRIP, columns);
                    kernels::add_product(out.rb_mut(), -1.0, y(i).transpose(), zik);
                }
            });
            // Y' Z Y is symmetric in exact arithmetic only; the lower triangle is the one kept.
            kernels::mirror(view_mut(diagonal, width, width, nb));
        }
    }

    fn mask(&self) -> usize {
        (1usize << self.shift) - 1
    }

    fn shape(&self) -> Shape {
        Shape { n: self.n, nb: self.nb, nt: self.nt }
    }

    fn tile_start(&self, tile: usize) -> usize {
        self.shape().start(tile)
    }

    fn tile(&self, i: usize, j: usize) -> faer::MatRef<'_, f64> {
        let (shape, area) = (self.shape(), self.nb * self.nb);
        let start = shape.start(j) + (i - j) * area;
        view(&self.data[start..start + area], shape.height(i), shape.height(j), self.nb)
    }

    fn each_rhs_chunk(&self, rhs: &mut [f64], columns: usize, task: impl Fn(&mut [f64], usize) + Sync) {
        let n = self.n;
        if n == 0 || columns == 0 {
            return;
        }
        let rhs = &mut rhs[..n * columns];
        let task = |chunk: &mut [f64]| task(chunk, chunk.len() / n);
        if columns <= RHS_CHUNK || self.nt == 1 || rayon::current_num_threads() == 1 {
            rhs.chunks_mut(n * RHS_CHUNK).for_each(task);
        } else {
            rhs.par_chunks_mut(n * RHS_CHUNK).with_max_len(1).for_each(task);
        }
    }
}

/// Log2 of the tile size for order `n`.
fn shift_for(n: usize) -> u32 {
    if n < LARGE { SHIFT } else { SHIFT_LARGE }
}

/// The tiling, apart from the numbers: where tiles start, and loops over them.
#[derive(Clone, Copy)]
struct Shape {
    n: usize,
    nb: usize,
    nt: usize,
}

impl Shape {
    /// Start of tile column `k`; of its diagonal tile too.
    fn start(self, k: usize) -> usize {
        (k * (2 * self.nt + 1 - k) / 2) * self.nb * self.nb
    }

    /// Rows of tile row `i`; the last may be ragged.
    fn height(self, i: usize) -> usize {
        self.nb.min(self.n - i * self.nb)
    }

    /// Runs `task(i, j, tile)` over the tiles of columns `first..` that `data` holds.
    fn each_tile(self, data: &mut [f64], first: usize, task: impl Fn(usize, usize, &mut [f64]) + Sync) {
        self.each_chunk(data, |mut t, tile| {
            let mut j = first;
            while t >= self.nt - j {
                t -= self.nt - j;
                j += 1;
            }
            task(j + t, j, tile);
        });
    }

    /// Runs `task(t, tile)` over consecutive tiles.
    fn each_chunk(self, data: &mut [f64], task: impl Fn(usize, &mut [f64]) + Sync) {
        spread(data, self.nb * self.nb, task);
    }

    /// Runs `task(s, strip)` over strips of columns of one tile.
    fn each_strip(self, data: &mut [f64], task: impl Fn(usize, &mut [f64]) + Sync) {
        spread(data, self.nb * STRIP, task);
    }
}

/// Chunks of `size` numbers over the current pool; each chunk is written by one task.
fn spread(data: &mut [f64], size: usize, task: impl Fn(usize, &mut [f64]) + Sync) {
    if data.len() <= size || rayon::current_num_threads() == 1 {
        data.chunks_mut(size).enumerate().for_each(|(t, chunk)| task(t, chunk));
    } else {
        data.par_chunks_mut(size).with_max_len(1).enumerate().for_each(|(t, chunk)| task(t, chunk));
    }
}

#[cfg(test)]
mod tests;
