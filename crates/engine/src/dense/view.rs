//! Column-major matrices over slices that others own.

/// A matrix; where the slice is longer, the first of several of one shape that follow each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a, T = f64> {
    data: &'a [T],
    pub rows: usize,
    pub cols: usize,
}

impl<'a, T: Copy> View<'a, T> {
    #[inline(always)]
    pub(crate) fn new(data: &'a [T], rows: usize, cols: usize) -> Self {
        Self { data, rows, cols }
    }

    #[inline(always)]
    pub(crate) fn square(data: &'a [T], k: usize) -> Self {
        Self::new(data, k, k)
    }

    /// The element in row i and column j.
    #[inline(always)]
    pub(crate) fn at(self, i: usize, j: usize) -> T {
        self.data[i + j * self.rows]
    }

    #[inline(always)]
    pub(crate) fn col(self, j: usize) -> &'a [T] {
        &self.data[j * self.rows..(j + 1) * self.rows]
    }

    /// The matrix number l of those that follow each other.
    #[inline(always)]
    pub(crate) fn block(self, l: usize) -> Self {
        let size = self.rows * self.cols;
        Self { data: &self.data[l * size..(l + 1) * size], ..self }
    }

    /// The k x k block on the diagonal that begins at `first`.
    #[inline]
    pub(crate) fn cut(self, first: usize, k: usize) -> Vec<T> {
        positions(k, k).map(|(i, j)| self.at(first + i, first + j)).collect()
    }

    /// The transpose, which has the columns that are rows here.
    #[inline]
    pub(crate) fn transposed(self) -> Vec<T> {
        positions(self.cols, self.rows).map(|(i, j)| self.at(j, i)).collect()
    }
}

/// The same to be written to.
#[derive(Debug)]
pub(crate) struct ViewMut<'a, T = f64> {
    data: &'a mut [T],
    rows: usize,
    cols: usize,
}

impl<'a, T: Copy> ViewMut<'a, T> {
    #[inline(always)]
    pub(crate) fn new(data: &'a mut [T], rows: usize, cols: usize) -> Self {
        Self { data, rows, cols }
    }

    #[inline(always)]
    pub(crate) fn square(data: &'a mut [T], k: usize) -> Self {
        Self::new(data, k, k)
    }

    #[inline(always)]
    pub(crate) fn at(&mut self, i: usize, j: usize) -> &mut T {
        &mut self.data[i + j * self.rows]
    }

    #[inline(always)]
    pub(crate) fn col(&mut self, j: usize) -> &mut [T] {
        &mut self.data[j * self.rows..(j + 1) * self.rows]
    }

    #[inline(always)]
    pub(crate) fn block(&mut self, l: usize) -> ViewMut<'_, T> {
        let size = self.rows * self.cols;
        ViewMut { data: &mut self.data[l * size..(l + 1) * size], rows: self.rows, cols: self.cols }
    }

    /// Write a k x k block, column by column, onto the diagonal from `first` on.
    #[inline]
    pub(crate) fn put(&mut self, first: usize, k: usize, block: impl IntoIterator<Item = T>) {
        positions(k, k).zip(block).for_each(|((i, j), value)| *self.at(first + i, first + j) = value);
    }
}

/// Rows and columns of all elements, column by column.
#[inline(always)]
pub(crate) fn positions(rows: usize, cols: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..cols).flat_map(move |j| (0..rows).map(move |i| (i, j)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_blocks_and_transposes_are_where_they_belong() {
        let data: Vec<f64> = (0..12).map(f64::from).collect();
        let a = View::new(&data, 2, 3);
        assert_eq!((a.at(1, 2), a.col(1)), (5.0, &[2.0, 3.0][..]));
        assert_eq!(a.block(1).at(1, 2), 11.0);
        assert_eq!(a.transposed(), [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
    }

    #[test]
    fn what_is_put_is_cut() {
        let mut data = [0.0; 9];
        let mut a = ViewMut::square(&mut data, 3);
        a.put(1, 2, [1.0, 2.0, 3.0, 4.0]);
        *a.at(2, 0) = 5.0;
        assert_eq!(data, [0.0, 0.0, 5.0, 0.0, 1.0, 2.0, 0.0, 3.0, 4.0]);
        assert_eq!(View::square(&data, 3).cut(1, 2), [1.0, 2.0, 3.0, 4.0]);
    }
}
