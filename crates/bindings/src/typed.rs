//! Results as dictionaries whose keys and types the type stub knows: a struct says both, once.

use numpy::{PyArray1, PyArray2, PyArray3};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// What a value is in Python, as the type stub writes it.
pub(crate) trait Stub {
    fn stub() -> String;
}

macro_rules! stub {
    ($($type:ty => $words:expr),* $(,)?) => { $(impl Stub for $type { fn stub() -> String { $words.to_owned() } })* };
}

stub! {
    f64 => "float", usize => "int", bool => "bool", &'static str => "str", String => "str", Py<PyAny> => "Any",
    Bound<'_, PyArray1<f64>> => "NDArray[np.float64]", Bound<'_, PyArray2<f64>> => "NDArray[np.float64]",
    Bound<'_, PyArray3<f64>> => "NDArray[np.float64]", Bound<'_, PyArray1<bool>> => "NDArray[np.bool_]",
    Bound<'_, PyArray1<i8>> => "NDArray[np.int8]", Bound<'_, PyArray1<i64>> => "NDArray[np.int64]",
}

impl<T: Stub> Stub for Vec<T> {
    fn stub() -> String {
        format!("list[{}]", T::stub())
    }
}

impl<T: Stub> Stub for Option<T> {
    fn stub() -> String {
        format!("{} | None", T::stub())
    }
}

impl<K: Stub, V: Stub> Stub for std::collections::BTreeMap<K, V> {
    fn stub() -> String {
        format!("dict[{}, {}]", K::stub(), V::stub())
    }
}

impl<A: Stub, B: Stub> Stub for (A, B) {
    fn stub() -> String {
        format!("tuple[{}, {}]", A::stub(), B::stub())
    }
}

impl<A: Stub, B: Stub, C: Stub> Stub for (A, B, C) {
    fn stub() -> String {
        format!("tuple[{}, {}, {}]", A::stub(), B::stub(), C::stub())
    }
}

/// A dictionary that the stub describes: its name, what it extends, its documentation, its keys with their types.
pub(crate) struct Description {
    pub name: &'static str,
    pub base: Option<&'static str>,
    pub doc: &'static str,
    pub fields: Vec<(&'static str, String)>,
}

/// A struct that becomes a dictionary, its own entries after those of a `base`.
pub(crate) trait Entries<'py> {
    fn add_to(self, dict: &Bound<'py, PyDict>) -> PyResult<()>;
}

/// Declare such structs; the first lifetime is the interpreter's.
macro_rules! results {
    ($($(#[doc = $doc:literal])+ $name:ident $(: $base:ident)? { $($field:ident: $type:ty),* $(,)? })*) => {
        $(
            $(#[doc = $doc])+
            pub(crate) struct $name<'py> {
                pub py: Python<'py>,
                $(pub base: $base<'py>,)?
                $(pub $field: $type,)*
            }

            impl<'py> $crate::typed::Entries<'py> for $name<'py> {
                fn add_to(self, dict: &Bound<'py, pyo3::types::PyDict>) -> PyResult<()> {
                    $($base::add_to(self.base, dict)?;)?
                    $(dict.set_item(stringify!($field), self.$field)?;)*
                    Ok(())
                }
            }

            impl<'py> IntoPyObject<'py> for $name<'py> {
                type Target = pyo3::types::PyDict;
                type Output = Bound<'py, pyo3::types::PyDict>;
                type Error = PyErr;

                fn into_pyobject(self, _: Python<'py>) -> PyResult<Self::Output> {
                    let dict = pyo3::types::PyDict::new(self.py);
                    $crate::typed::Entries::add_to(self, &dict)?;
                    Ok(dict)
                }
            }

            impl<'py> $name<'py> {
                fn description() -> $crate::typed::Description {
                    $crate::typed::Description {
                        name: stringify!($name),
                        base: [$(stringify!($base))?].into_iter().next(),
                        doc: concat!($($doc, "\n"),+),
                        fields: vec![$((stringify!($field), <$type as $crate::typed::Stub>::stub())),*],
                    }
                }
            }

            impl $crate::typed::Stub for $name<'_> {
                fn stub() -> String {
                    stringify!($name).to_owned()
                }
            }
        )*

        /// All of them, for the type stub.
        pub(crate) fn descriptions() -> Vec<$crate::typed::Description> {
            vec![$($name::description()),*]
        }
    };
}

pub(crate) use results;

/// Name, base, documentation, and keys with their types.
type Described = (&'static str, Option<&'static str>, &'static str, Vec<(&'static str, String)>);

/// Dictionaries that the engine returns: of each its name, what it extends, its documentation, its keys with types.
#[pyfunction]
pub(crate) fn _results() -> Vec<Described> {
    crate::results::descriptions().into_iter().map(|d| (d.name, d.base, d.doc, d.fields)).collect()
}
