//! Exact power traces tr M^j, j <= 2h, and the entries of M, ..., M^(2h - 1) on the pattern of M, row by row: h steps
//! of row i outwards reach the neighbourhood N^h(i), and h steps back need values on ever smaller neighbourhoods only.

use rayon::prelude::*;

use super::matrix::Matrix;
use super::pattern::Pattern;
use crate::stop;

const MOST_STEPS: usize = 4;
const ROWS_PER_TASK: usize = 64;

/// How many steps h so many multiplications allow, at least one; walks bound what the neighbourhoods hold.
pub(super) fn steps(pattern: &Pattern, budget: f64) -> usize {
    let all = pattern.index.len() as f64;
    let mut walks: Vec<f64> = (0..pattern.n).map(|i| pattern.row(i).len() as f64).collect();
    let mut total = 0.0;
    for h in 1..MOST_STEPS {
        let mut longer = vec![0.0; pattern.n];
        for (i, longer) in longer.iter_mut().enumerate() {
            *longer = pattern.index[pattern.row(i)].iter().map(|&j| walks[j as usize]).sum::<f64>().min(all);
        }
        total += 2.0 * longer.iter().sum::<f64>();
        if total > budget {
            return h;
        }
        walks = longer;
    }
    MOST_STEPS
}

struct Scratch {
    now: Vec<f64>,
    next: Vec<f64>,
    seen: Vec<bool>,
    /// Neighbourhoods N^1, ..., N^h of the row.
    lists: Vec<Vec<u32>>,
    powers: Vec<f64>,
}

/// tr M^j for j = 0 ..= 2h. With `derivative`, sum over j of weight[j] M^(j-1) is stored on the pattern, too.
pub(super) fn traces(
    pattern: &Pattern,
    matrix: &Matrix,
    h: usize,
    weight: &[f64],
    derivative: Option<&mut [f64]>,
) -> Vec<f64> {
    let scratch = || Scratch {
        now: vec![0.0; pattern.n],
        next: vec![0.0; pattern.n],
        seen: vec![false; pattern.n],
        lists: vec![Vec::new(); h],
        powers: vec![0.0; 2 * h + 1],
    };
    let tasks = pattern.n.div_ceil(ROWS_PER_TASK);
    let mut pieces: Vec<Option<&mut [f64]>> = Vec::with_capacity(tasks);
    let mut rest = derivative;
    for task in 0..tasks {
        let (first, last) = (task * ROWS_PER_TASK, ((task + 1) * ROWS_PER_TASK).min(pattern.n));
        let count = pattern.start[last] - pattern.start[first];
        pieces.push(rest.take().map(|slice| {
            let (piece, after) = slice.split_at_mut(count);
            rest = Some(after);
            piece
        }));
    }
    let sums: Vec<Vec<f64>> = pieces
        .into_par_iter()
        .enumerate()
        .map_init(scratch, |s, (task, mut piece)| {
            let (first, last) = (task * ROWS_PER_TASK, ((task + 1) * ROWS_PER_TASK).min(pattern.n));
            let mut sum = vec![0.0; 2 * h + 1];
            for i in first..last {
                stop::large(20 * h * pattern.row(i).len().pow(2));
                let begin = pattern.start[i] - pattern.start[first];
                let out = piece.as_deref_mut().map(|p| &mut p[begin..begin + pattern.row(i).len()]);
                one_row(pattern, matrix, i, h, weight, out, s);
                for (sum, power) in sum.iter_mut().zip(&s.powers) {
                    *sum += power;
                }
            }
            sum
        })
        .collect();
    let mut total = vec![0.0; 2 * h + 1];
    for sum in sums {
        for (a, b) in total.iter_mut().zip(&sum) {
            *a += b;
        }
    }
    total
}

fn one_row(
    pattern: &Pattern,
    matrix: &Matrix,
    i: usize,
    h: usize,
    weight: &[f64],
    mut out: Option<&mut [f64]>,
    s: &mut Scratch,
) {
    let own = pattern.row(i);
    s.powers[0] = 1.0;
    for list in &mut s.lists {
        list.clear();
    }
    s.lists[0].extend_from_slice(&pattern.index[own.clone()]);
    for (&j, &value) in pattern.index[own.clone()].iter().zip(&matrix.m[own.clone()]) {
        s.now[j as usize] = value;
    }
    if let Some(out) = out.as_deref_mut() {
        out.fill(0.0);
    }
    // Outwards: row i of M^(j + 1), scattered.
    for j in 1..h {
        record(&mut s.powers, &s.now, i, j, &s.lists[0], weight, out.as_deref_mut());
        let (before, after) = s.lists.split_at_mut(j);
        for &m in &before[j - 1] {
            let factor = s.now[m as usize];
            let row = pattern.row(m as usize);
            for (&c, &value) in pattern.index[row.clone()].iter().zip(&matrix.m[row]) {
                let c = c as usize;
                if !s.seen[c] {
                    s.seen[c] = true;
                    after[0].push(c as u32);
                }
                s.next[c] += factor * value;
            }
        }
        for &m in &before[j - 1] {
            s.now[m as usize] = 0.0;
        }
        for &c in &after[0] {
            s.seen[c as usize] = false;
        }
        std::mem::swap(&mut s.now, &mut s.next);
    }
    record(&mut s.powers, &s.now, i, h, &s.lists[0], weight, out.as_deref_mut());
    // Back: gathered on the smaller neighbourhoods.
    for j in h + 1..2 * h {
        let (wanted, known) = (2 * h - j - 1, 2 * h - j);
        for &m in &s.lists[wanted] {
            s.next[m as usize] = gather(pattern, matrix, m as usize, &s.now);
        }
        for &m in &s.lists[known] {
            s.now[m as usize] = 0.0;
        }
        std::mem::swap(&mut s.now, &mut s.next);
        record(&mut s.powers, &s.now, i, j, &s.lists[0], weight, out.as_deref_mut());
    }
    s.powers[2 * h] = gather(pattern, matrix, i, &s.now);
    for &m in &s.lists[0] {
        s.now[m as usize] = 0.0;
    }
}

/// Row m of M times a dense vector.
#[inline]
fn gather(pattern: &Pattern, matrix: &Matrix, m: usize, x: &[f64]) -> f64 {
    let row = pattern.row(m);
    pattern.index[row.clone()].iter().zip(&matrix.m[row]).map(|(&c, v)| v * x[c as usize]).sum()
}

/// `row` is row i of M^j: its diagonal element, and its share of the derivative.
fn record(powers: &mut [f64], row: &[f64], i: usize, j: usize, list: &[u32], weight: &[f64], out: Option<&mut [f64]>) {
    powers[j] = row[i];
    let Some(out) = out else { return };
    let w = weight[j + 1];
    for (o, &c) in out.iter_mut().zip(list) {
        *o += w * row[c as usize];
    }
}
