//! HTML: cleaning, plain text, summaries.
