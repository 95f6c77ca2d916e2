//! Build, run, drain; one file per loop.
