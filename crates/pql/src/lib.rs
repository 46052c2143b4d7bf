//! pql
