"""Tables of terms: types I, II and III."""
