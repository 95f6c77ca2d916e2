//! Arguments, runtime, exit code.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stderr,
    reason = "without a runtime nothing else can say it"
)]

use std::process::ExitCode;
use std::time::Duration;

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
    let code = runtime.block_on(run(arguments));
    // What still reads a file is not waited for: nothing of it is lost.
    runtime.shutdown_timeout(Duration::from_millis(100));
    code
}
