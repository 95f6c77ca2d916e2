//! Arguments, runtime, exit code.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stderr,
    reason = "without a runtime nothing else can say it"
)]

use std::process::ExitCode;

use clap::Parser;
use wici::cli::{Arguments, run};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("wici: can't start: {error}");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(run(arguments))
}
