//! Small designs of every shape, with numbers from a fixed generator.

use mixedmodels_engine::rows::{Column, Grouping, Rows, Term};

/// A linear congruential generator (Knuth's constants): the same numbers everywhere.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(3_037_000_493))
    }

    /// Uniform on (0, 1).
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// Roughly standard normal: twelve uniforms.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.uniform() * n as f64) as usize
    }

    pub fn normals(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.normal()).collect()
    }
}

/// Columns of their own; `None` is a column of ones.
pub type Columns = Vec<Option<Vec<f64>>>;

/// A model's rows with the arrays that they borrow.
#[derive(Clone)]
pub struct Data {
    pub y: Vec<f64>,
    pub x: Columns,
    pub groups: Vec<(Vec<i32>, usize)>,
    pub terms: Vec<(usize, Columns)>,
    pub weights: Option<Vec<f64>>,
}

fn column(values: &Option<Vec<f64>>) -> Column<'_> {
    values.as_ref().map_or(Column::Ones, |v| Column::Values(v))
}

impl Data {
    pub fn n(&self) -> usize {
        self.y.len()
    }

    pub fn rows(&self) -> Rows<'_> {
        Rows {
            y: &self.y,
            x: self.x.iter().map(column).collect(),
            groups: self
                .groups
                .iter()
                .map(|(codes, levels)| Grouping { codes: codes.as_slice().into(), levels: *levels })
                .collect(),
            terms: self
                .terms
                .iter()
                .map(|(group, columns)| Term { group: *group, columns: columns.iter().map(column).collect() })
                .collect(),
            weights: self.weights.as_deref(),
        }
    }

    /// The rows `from..to`, with all levels.
    pub fn part(&self, from: usize, to: usize) -> Self {
        let cut = |columns: &Columns| columns.iter().map(|c| c.as_ref().map(|v| v[from..to].to_vec())).collect();
        Self {
            y: self.y[from..to].to_vec(),
            x: cut(&self.x),
            groups: self.groups.iter().map(|(codes, levels)| (codes[from..to].to_vec(), *levels)).collect(),
            terms: self.terms.iter().map(|(group, columns)| (*group, cut(columns))).collect(),
            weights: self.weights.as_ref().map(|w| w[from..to].to_vec()),
        }
    }

    /// Parameters of all terms.
    pub fn n_theta(&self) -> usize {
        self.terms.iter().map(|(_, c)| c.len() * (c.len() + 1) / 2).sum()
    }

    /// A theta of moderate size; `signs` lets elements be negative.
    pub fn theta(&self, dice: &mut Dice, signs: bool) -> Vec<f64> {
        (0..self.n_theta()).map(|_| if signs { 0.7 * dice.normal() } else { 0.1 + dice.uniform() }).collect()
    }

    /// Add to y what effects drawn with standard deviation `sd` would add through every column of every term.
    pub fn stir(mut self, dice: &mut Dice, sd: f64) -> Self {
        for (group, columns) in &self.terms {
            let (codes, levels) = &self.groups[*group];
            for column in columns {
                let b: Vec<f64> = (0..*levels).map(|_| sd * dice.normal()).collect();
                for (row, y) in self.y.iter_mut().enumerate() {
                    *y += b[codes[row] as usize] * column.as_ref().map_or(1.0, |c| c[row]);
                }
            }
        }
        self
    }
}

/// Codes of `levels` levels in random order, each level at least once.
pub fn codes(dice: &mut Dice, n: usize, levels: usize) -> (Vec<i32>, usize) {
    let mut codes: Vec<i32> = (0..n).map(|i| if i < levels { i } else { dice.below(levels) } as i32).collect();
    for i in (1..n).rev() {
        codes.swap(i, dice.below(i + 1));
    }
    (codes, levels)
}

/// Noise about an intercept and two covariates. Means stay small beside the spread: the twin does not centre.
fn fixed_part(dice: &mut Dice, n: usize) -> (Vec<f64>, Columns) {
    let a = dice.normals(n);
    let b: Vec<f64> = (0..n).map(|_| 3.0 + 2.0 * dice.normal()).collect();
    let y = (0..n).map(|i| 10.0 + 3.0 * a[i] - 0.5 * b[i] + dice.normal()).collect();
    (y, vec![None, Some(a), Some(b)])
}

/// An intercept and `k - 1` covariates.
pub fn effects(dice: &mut Dice, n: usize, k: usize) -> Columns {
    (0..k).map(|j| (j > 0).then(|| (0..n).map(|_| 2.0 + dice.normal()).collect())).collect()
}

/// One factor for each of `sizes` = (levels, effects), crossed at random.
pub fn crossed(seed: u64, n: usize, sizes: &[(usize, usize)]) -> Data {
    let mut dice = Dice::new(seed);
    let (y, x) = fixed_part(&mut dice, n);
    let groups = sizes.iter().map(|&(levels, _)| codes(&mut dice, n, levels)).collect();
    let terms = sizes.iter().enumerate().map(|(g, &(_, k))| (g, effects(&mut dice, n, k))).collect();
    Data { y, x, groups, terms, weights: None }.stir(&mut dice, 0.8)
}

/// `rows` rows in each of `inner` units within `middle` units within `outer` ones.
pub fn nested(seed: u64, (outer, middle, inner, rows): (usize, usize, usize, usize)) -> Data {
    let mut dice = Dice::new(seed);
    let n = outer * middle * inner * rows;
    let (y, x) = fixed_part(&mut dice, n);
    let code = |size: usize| (0..n).map(|i| (i / size) as i32).collect::<Vec<i32>>();
    let groups =
        vec![(code(rows), n / rows), (code(rows * inner), outer * middle), (code(rows * inner * middle), outer)];
    let terms = (0..3).map(|g| (g, vec![None])).collect();
    Data { y, x, groups, terms, weights: None }.stir(&mut dice, 0.8)
}

/// Levels of a few kinds, all of one kind with the same rows of Z: `kinds` gives rows and levels of each.
pub fn alike(seed: u64, kinds: &[(usize, usize)], k: usize) -> Data {
    let mut dice = Dice::new(seed);
    let (mut level, mut codes, mut within) = (0, Vec::new(), Vec::new());
    for &(rows, levels) in kinds {
        for _ in 0..levels {
            codes.extend(std::iter::repeat_n(level, rows));
            within.extend((0..rows).map(|r| r as f64 / 4.0 - 1.0));
            level += 1;
        }
    }
    let (y, x) = fixed_part(&mut dice, codes.len());
    let power = |j: usize| within.iter().map(|v| v.powi(j as i32)).collect();
    let columns = (0..k).map(|j| (j > 0).then(|| power(j))).collect();
    let groups = vec![(codes, level as usize)];
    Data { y, x, groups, terms: vec![(0, columns)], weights: None }.stir(&mut dice, 0.8)
}

/// Every shape that the engine treats in its own way, small enough for the dense twin.
pub fn designs() -> Vec<(&'static str, Data)> {
    let mut out = vec![
        ("one effect", crossed(1, 96, &[(12, 1)])),
        ("two effects", crossed(2, 96, &[(12, 2)])),
        ("three effects", crossed(3, 96, &[(12, 3)])),
        ("four effects", crossed(4, 96, &[(12, 4)])),
        ("five effects", crossed(5, 120, &[(12, 5)])),
        ("crossed", crossed(6, 130, &[(18, 1), (11, 1)])),
        ("crossed slopes", crossed(7, 150, &[(9, 2), (15, 3)])),
        ("three crossed", crossed(8, 180, &[(20, 1), (8, 2), (5, 1)])),
        ("wide tail", crossed(9, 400, &[(90, 1), (80, 1)])),
        ("nested, sparse tail", nested(10, (20, 4, 2, 2))),
    ];
    let mut slope_alone = crossed(11, 96, &[(12, 2)]);
    slope_alone.terms[0].1.remove(0);
    out.push(("a slope without an intercept", slope_alone));

    let mut two_terms = crossed(12, 150, &[(14, 2), (9, 1)]);
    let slope = two_terms.terms[0].1.pop().into_iter().collect();
    two_terms.terms.push((0, slope));
    out.push(("two terms on one factor, apart", two_terms.clone()));
    two_terms.terms.remove(1);
    two_terms.groups.pop();
    out.push(("two terms on the only factor", two_terms));

    let mut nested_slopes = nested(13, (20, 5, 2, 2));
    let n = nested_slopes.n();
    nested_slopes.terms[2].1 = effects(&mut Dice::new(99), n, 2);
    out.push(("nested, slopes in the tail", nested_slopes));

    let mut no_intercept = crossed(14, 96, &[(12, 2), (7, 1)]);
    no_intercept.x.remove(0);
    out.push(("no intercept", no_intercept));

    out.push(("levels alike, one effect", alike(16, &[(6, 9), (4, 7), (9, 1)], 1)));
    out.push(("levels alike, two effects", alike(17, &[(6, 11), (5, 7)], 2)));
    out.push(("levels alike, three effects", alike(18, &[(7, 12), (9, 12)], 3)));
    out.push(("levels alike, four effects", alike(19, &[(9, 12)], 4)));

    let mut dice = Dice::new(15);
    for (name, design) in [("weights, one factor", 2), ("weights, crossed", 7), ("weights, sparse tail", 9)] {
        let mut weighted = out[design - 1].1.clone();
        if design == 9 {
            weighted = nested(10, (20, 4, 2, 2));
        }
        weighted.weights = Some((0..weighted.n()).map(|_| 0.2 + 3.0 * dice.uniform()).collect());
        out.push((name, weighted));
    }
    out
}
