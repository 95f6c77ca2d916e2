//! Letters a second to Postfix's `smtp-sink`, beside its own `smtp-source`, in one run.
//!
//! `cargo bench --bench smtp [-- LETTERS [CONNECTIONS]]`. Wants `smtp-sink` and `smtp-source`
//! (Debian: `postfix`). The last figure is taken
//! behind a line that delays each direction by 10 ms.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark stands outside the daemon: it prints, and has tasks of its own"
)]

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, tcp};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wici::config::{MailServer, Place, Protocol, Security};
use wici::domain::{Address, DeliveryKey, Outcome, RunKey, SubscriberKey};
use wici::mail::{Gate, Letter, Mailer, ServerMailer, queue};

const SIZE: usize = 4096;
const IN_FLIGHT: usize = 256;

struct Everybody;

impl Gate for Everybody {
    async fn admit(&self, _: DeliveryKey) -> bool {
        true
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut numbers = std::env::args()
        .skip(1)
        .filter_map(|word| word.parse().ok());
    let letters: u64 = numbers.next().unwrap_or(100_000);
    let connections = numbers.next().unwrap_or(10) as usize;

    let port = free_port()?;
    let mut sink = Sink::start(port).await?;
    println!("{letters} letters of {SIZE} bytes, {connections} connections, to smtp-sink");
    let reconnecting = source(port, letters, connections, &[])?;
    show("smtp-source", letters, reconnecting, sink.cpu()?);
    let keeping = source(port, letters, connections, &["-d"])?;
    show("smtp-source -d", letters, keeping, sink.cpu()?);
    let before = processor_time("self")?;
    let ours = wici(port, letters, connections).await?;
    show("wici", letters, ours, sink.cpu()?);
    let own = processor_time("self")?.saturating_sub(before);
    println!(
        "wici itself took {:.0} µs of processor a letter",
        own.as_micros() as f64 / letters as f64
    );
    println!(
        "wici: {:.2} × smtp-source -d",
        keeping.as_secs_f64() / ours.as_secs_f64()
    );

    let far = delayed(port, Duration::from_millis(10)).await?;
    let round_trip = round_trip(far).await?;
    let few = letters / 20;
    let ours = wici(far.port(), few, connections).await?;
    let rate = few as f64 / ours.as_secs_f64();
    let limit = connections as f64 / round_trip.as_secs_f64();
    println!(
        "behind a line with a round trip of {round_trip:.1?}: wici {rate:.0}/s, {:.2} × one round \
         trip a letter",
        rate / limit
    );
    Ok(())
}

fn show(who: &str, letters: u64, took: Duration, sink: Duration) {
    let rate = letters as f64 / took.as_secs_f64();
    let busy = 100.0 * sink.as_secs_f64() / took.as_secs_f64();
    println!("{who:>16}: {rate:>7.0}/s   (smtp-sink busy {busy:.0} % of the time)");
}

async fn wici(port: u16, letters: u64, connections: usize) -> anyhow::Result<Duration> {
    let settings = MailServer {
        place: Place::Tcp {
            host: "127.0.0.1".to_owned(),
            port,
        },
        protocol: Protocol::Smtp,
        security: Security::None,
        roots: Vec::new(),
        credentials: None,
    };
    let mailer = ServerMailer::new(&settings, connections, "portal.example")?;
    let mailer = Arc::new(Mailer::Server(Box::new(mailer)));
    let (sender, receiver) = queue(IN_FLIGHT);
    let (reports, mut received) = mpsc::channel(IN_FLIGHT);
    let began = Instant::now();
    for _ in 0..mailer.workers() {
        let (mailer, receiver, reports) = (mailer.clone(), receiver.clone(), reports.clone());
        tokio::spawn(async move {
            let cancel = CancellationToken::new();
            mailer.work(receiver, &Everybody, reports, cancel).await;
        });
    }
    drop(reports);
    let from = Address::parse("wici@portal.example")?;
    let text = "Words and words and words that fill a line of the usual length, and a dot.\r\n"
        .repeat(SIZE / 76);
    tokio::spawn(async move {
        for n in 0..letters {
            // Each has a copy of its own, as letters with personal links do.
            let letter = Letter {
                key: DeliveryKey {
                    run: RunKey(1),
                    subscriber: SubscriberKey(n),
                },
                from: from.clone(),
                to: Address::parse(&format!("reader{n}@example.org"))?,
                text: text.clone(),
            };
            sender.send(letter).await?;
        }
        anyhow::Ok(())
    });
    let mut accepted = 0;
    while let Some(report) = received.recv().await {
        ensure!(report.outcome == Outcome::Accepted, "{report:?}");
        accepted += 1;
        if accepted == letters {
            break;
        }
    }
    ensure!(accepted == letters, "{accepted} reports");
    Ok(began.elapsed())
}

fn source(port: u16, letters: u64, connections: usize, more: &[&str]) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let status = Command::new(program("smtp-source"))
        .args(more)
        .args(["-s", &connections.to_string()])
        .args(["-l", &SIZE.to_string()])
        .args(["-m", &letters.to_string()])
        .arg(format!("127.0.0.1:{port}"))
        .status()
        .context("smtp-source (Debian: `postfix`)")?;
    ensure!(status.success(), "smtp-source: {status}");
    Ok(began.elapsed())
}

/// Debian keeps them where not every user's path leads.
fn program(name: &str) -> String {
    let full = format!("/usr/sbin/{name}");
    if std::path::Path::new(&full).exists() {
        full
    } else {
        name.to_owned()
    }
}

struct Sink {
    child: Child,
    before: Duration,
}

impl Sink {
    async fn start(port: u16) -> anyhow::Result<Sink> {
        let mut command = Command::new(program("smtp-sink"));
        if is_root() {
            command.args(["-u", "nobody"]);
        }
        let child = command
            .args([&format!("127.0.0.1:{port}"), "1000"])
            .stdout(Stdio::null())
            .spawn()
            .context("smtp-sink (Debian: `postfix`)")?;
        let sink = Sink {
            child,
            before: Duration::ZERO,
        };
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Ok(sink);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        anyhow::bail!("smtp-sink does not listen")
    }

    /// Processor time since the last call.
    fn cpu(&mut self) -> anyhow::Result<Duration> {
        let total = processor_time(&self.child.id().to_string())?;
        let spent = total.saturating_sub(self.before);
        self.before = total;
        Ok(spent)
    }
}

/// What a process has spent so far, user and system, as proc(5) counts it.
fn processor_time(process: &str) -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("a process's stat")?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// smtp-sink, started by root, wants to be told whom to become.
fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port())
}

/// A line to `port` on which every byte takes `delay` each way.
async fn delayed(port: u16, delay: Duration) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let far = TcpStream::connect(("127.0.0.1", port)).await?;
            near.set_nodelay(true)?;
            far.set_nodelay(true)?;
            let (near_in, near_out) = near.into_split();
            let (far_in, far_out) = far.into_split();
            carry(near_in, far_out, delay);
            carry(far_in, near_out, delay);
        }
        anyhow::Ok(())
    });
    Ok(address)
}

/// The line's round trip, timers and all: of a NOOP, on the average.
async fn round_trip(line: SocketAddr) -> anyhow::Result<Duration> {
    const TIMES: u32 = 50;
    let tcp = TcpStream::connect(line).await?;
    tcp.set_nodelay(true)?;
    let mut tcp = BufReader::new(tcp);
    let mut answer = String::new();
    tcp.read_line(&mut answer).await?;
    let began = Instant::now();
    for _ in 0..TIMES {
        tcp.write_all(b"NOOP\r\n").await?;
        tcp.read_line(&mut answer).await?;
    }
    Ok(began.elapsed() / TIMES)
}

fn carry(mut from: tcp::OwnedReadHalf, mut to: tcp::OwnedWriteHalf, delay: Duration) {
    let (sender, mut receiver) = mpsc::unbounded_channel::<(tokio::time::Instant, Vec<u8>)>();
    tokio::spawn(async move {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            let due = tokio::time::Instant::now() + delay;
            if sender.send((due, buffer[..read].to_vec())).is_err() {
                return;
            }
        }
    });
    tokio::spawn(async move {
        while let Some((due, bytes)) = receiver.recv().await {
            tokio::time::sleep_until(due).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
}
