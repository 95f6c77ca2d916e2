//! What is remembered, in the domain's verbs.
