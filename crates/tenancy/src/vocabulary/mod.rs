//! Lists of words that the world or the wire has fixed.
