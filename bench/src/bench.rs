//! What is measured, one at a time.

use std::{
    future::Future,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::time::sleep_until;

use crate::{
    Result, Run, agents,
    answers::Answers,
    data::Data,
    database::{Cluster, Database},
    floors::{self, Floor},
    load::{Calls, Window, saturate, saturate_at_least, watch, watch_at},
    mail_sink,
    peer::{self, Peer},
    process::{Cpu, Memory},
    proofs,
    rows::{Row, Size, Work},
    searching, sequencing,
    server::{self, Server},
    streams::{self, Streams},
    summary::{Measure, Sample, median},
    transfers, verification,
};

/// More cold sessions than a second can use up.
const SESSIONS_PER_SECOND: f64 = 25_000.0;
/// How often a start is measured in one round.
const STARTS: u64 = 5;
/// How long a service is left alone before it counts as idle.
const REST: Duration = Duration::from_secs(1);
/// How often a piece of code in this process is run, in one round.
const REPETITIONS: u64 = 50_000_000;

/// Everything that measuring needs.
pub(crate) struct Bench<'a> {
    cluster: &'a mut Cluster,
    rollcall: PathBuf,
    seconds: Duration,
    /// Whether this is to find out no more than whether everything works.
    small: bool,
    whole: Database,
    hundredth: Option<Database>,
    floors: Database,
    peer: Option<Peer>,
    mail: SocketAddr,
    log: PathBuf,
    folder: TempDir,
    /// With little data, the service that answered the calls before, and what it works on.
    kept: Option<(Database, Server)>,
}

impl<'a> Bench<'a> {
    /// Makes the data that these rows need.
    pub(crate) async fn prepare(arguments: &Run, rows: &[Row], cluster: &'a mut Cluster) -> Result<Self> {
        eprintln!("making the data");
        // A warm-up uses sessions too.
        let seconds = arguments.seconds.as_secs_f64() + 1.0;
        let sessions = (seconds * SESSIONS_PER_SECOND).ceil() as u64;
        let whole = if arguments.small { Data::hundredth(sessions) } else { Data::whole(sessions) };
        let rollcall = arguments.rollcall.clone();
        let peer = match &arguments.peer {
            Some(folder) => Some(Peer::prepare(folder, cluster.create("peer", whole.clone()).await?)?),
            None => None,
        };
        let whole = cluster.fill("whole", &rollcall, whole).await?;
        let needs_hundredth =
            |row: &Row| matches!(row.work, Work::Slowdown { than: (Size::Hundredth, _), .. });
        let hundredth = match rows.iter().any(needs_hundredth) {
            // It would hold the very same.
            true if arguments.small => Some(whole.clone()),
            true => Some(cluster.fill("hundredth", &rollcall, Data::hundredth(sessions)).await?),
            false => None,
        };
        let floors = cluster.create("floors", Data::hundredth(0)).await?;
        floors::make_tables(&floors.url).await?;
        let folder = tempfile::Builder::new().prefix("rollcall-bench-").tempdir()?;
        Ok(Self {
            cluster,
            rollcall,
            seconds: arguments.seconds,
            small: arguments.small,
            whole,
            hundredth,
            floors,
            peer,
            mail: mail_sink::start().await?,
            log: arguments.output.join("server.log"),
            folder,
            kept: None,
        })
    }

    /// So many, or a hundredth of that, and one at least, with little data.
    fn share(&self, all: u64) -> u64 {
        if self.small { (all / 100).max(1) } else { all }
    }

    /// Leaves a service alone until it counts as idle.
    async fn rest(&self) {
        let rest = if self.small { REST / 100 } else { REST };
        tokio::time::sleep(rest).await;
    }

    /// Measures a floor.
    pub(crate) async fn floor(&mut self, floor: Floor) -> Result<Measure> {
        let database = self.floors.clone();
        let Some((name, calls)) = floor.served() else {
            let answers = match floor {
                Floor::Argon2 => {
                    let length = self.seconds;
                    let answers = tokio::task::spawn_blocking(move || floors::hash(length)).await??;
                    return Ok(Measure::of(answers, self.seconds));
                }
                Floor::Sha256 => {
                    let length = self.seconds;
                    let rate = tokio::task::spawn_blocking(move || floors::sha256(length)).await??;
                    return Ok(Measure { per_second: rate, ..Measure::of(Answers::default(), length) });
                }
                Floor::Constant | Floor::Select | Floor::Insert => floors::insert,
            };
            let window = Window::of(self.seconds);
            return self.observe(None, &database, window, answers(&database.url, window)).await;
        };
        let mut command = std::process::Command::new(std::env::current_exe()?);
        command.args(["floor", name]);
        if floor == Floor::Select {
            command.arg(&database.url);
        }
        let server = Server::start(command, &self.log).await?;
        let window = Window::of(self.seconds);
        let answers = saturate(server.address, &database.data, calls, window);
        let measure = self.observe(Some(&server), &database, window, answers).await?;
        server.stop().await?;
        Ok(measure)
    }

    /// Measures a row.
    pub(crate) async fn row(&mut self, row: &Row) -> Result<Sample> {
        match row.work {
            Work::Throughput(calls) => {
                let measure = self.throughput(Size::Whole, calls).await?;
                Ok(Sample { figure: measure.per_second, measure: Some(measure), beside: None })
            }
            Work::Proofs(calls) => {
                proofs::fill(&self.whole.url, &self.whole.data).await?;
                let measure = self.throughput(Size::Whole, calls).await?;
                Ok(Sample { figure: measure.per_second, measure: Some(measure), beside: None })
            }
            Work::Agents(calls) => {
                let database = self.whole.clone();
                let server = self.serve(&database).await?;
                agents::come(server.address, &database.data).await?;
                let window = Window::of(self.seconds);
                let answers = saturate(server.address, &database.data, calls, window);
                let measure = self.observe(Some(&server), &database, window, answers).await?;
                server.stop().await?;
                Ok(Sample { figure: measure.per_second, measure: Some(measure), beside: None })
            }
            Work::Claims => {
                let database = self.whole.clone();
                agents::line_up(&database.url).await?;
                let server = self.serve(&database).await?;
                let window = Window::of(self.seconds);
                let answers = agents::claims(server.address, &database.data, window);
                let mut measure = self.observe(Some(&server), &database, window, answers).await?;
                // It was used for what lies between the claims too.
                (measure.cpu, measure.database_cpu) = (None, None);
                server.stop().await?;
                Ok(Sample { figure: measure.p99.as_secs_f64() * 1e3, measure: Some(measure), beside: None })
            }
            Work::FanOut => {
                let database = self.whole.clone();
                streams::prepare(&database.url, &database.data).await?;
                let server = self.serve(&database).await?;
                let mut streams = Streams::open(server.address, &database.data).await?;
                let window = Window::of(self.seconds);
                let answers = streams.fan_out(server.address, &database.data, window);
                let measure = self.observe(Some(&server), &database, window, answers).await?;
                drop(streams);
                server.stop().await?;
                Ok(Sample { figure: measure.p99.as_secs_f64() * 1e3, measure: Some(measure), beside: None })
            }
            Work::StreamMemory => {
                let database = self.whole.clone();
                streams::prepare(&database.url, &database.data).await?;
                let server = self.serve(&database).await?;
                let streams = Streams::open(server.address, &database.data).await?;
                self.rest().await;
                let memory = resident(&server)?;
                drop(streams);
                server.stop().await?;
                Ok(Sample { figure: memory, measure: None, beside: None })
            }
            Work::Slowdown { of, than } => {
                let beside = self.throughput(than.0, than.1).await?;
                let measure = self.throughput(of.0, of.1).await?;
                let figure = beside.per_second / measure.per_second;
                Ok(Sample { figure, measure: Some(measure), beside: Some(beside) })
            }
            Work::TailBeside { calls, beside } => {
                let database = self.whole.clone();
                let server = self.serve(&database).await?;
                let window = Window::of(self.seconds);
                let both = async {
                    let others = saturate(server.address, &database.data, beside, window);
                    let (answers, _) =
                        tokio::try_join!(watch(server.address, &database.data, calls, window), others)?;
                    Ok(answers)
                };
                let mut measure = self.observe(Some(&server), &database, window, both).await?;
                // It was used for the others.
                (measure.cpu, measure.database_cpu) = (None, None);
                server.stop().await?;
                Ok(Sample { figure: measure.p99.as_secs_f64() * 1e3, measure: Some(measure), beside: None })
            }
            Work::Start => {
                let mut times = Vec::new();
                for _ in 0..self.share(STARTS) {
                    let server = self.serve(&self.whole.clone()).await?;
                    times.push(server.started_in.as_secs_f64() * 1e3);
                    server.stop().await?;
                }
                Ok(Sample { figure: median(&times), measure: None, beside: None })
            }
            Work::IdleMemory => {
                let server = self.serve(&self.whole.clone()).await?;
                self.rest().await;
                let memory = resident(&server)?;
                server.stop().await?;
                Ok(Sample { figure: memory, measure: None, beside: None })
            }
            Work::TransferMemory => {
                let database = self.whole.clone();
                transfers::prepare(&database.url).await?;
                // They are gone with the folder.
                let folder = tempfile::Builder::new().prefix("rollcall-bench-").tempdir()?;
                let server = self.serve_from(&database, folder.path()).await?;
                let size = if self.small { transfers::SMALL } else { transfers::WHOLE };
                let memory = transfers::memory(server.address, &database.data, server.pid(), size).await?;
                server.stop().await?;
                Ok(Sample { figure: memory, measure: None, beside: None })
            }
            Work::Sequencing(logs) => {
                let database = self.whole.clone();
                // A few events may all have their places by the time at which a service says that it serves.
                let before = if self.small { Some(sequencing::placed(&database.url).await?) } else { None };
                let events = self.share(sequencing::events(self.seconds));
                sequencing::write(&database.url, self.share(logs), events).await?;
                let server = self.serve(&database).await?;
                let rate = sequencing::rate(&database.url, Window::of(self.seconds), before).await?;
                sequencing::finish(&database.url).await?;
                server.stop().await?;
                Ok(Sample { figure: rate, measure: None, beside: None })
            }
            Work::Verification => {
                let (length, events) = (self.seconds, self.share(verification::EVENTS));
                let rate = tokio::task::spawn_blocking(move || verification::rate(length, events)).await??;
                Ok(Sample { figure: rate, measure: None, beside: None })
            }
            Work::Search(calls) => {
                let database = self.whole.clone();
                searching::write(&database.url, database.data.large(), self.small).await?;
                let server = self.serve(&database).await?;
                searching::sketched(&database.url).await?;
                let window = Window::of(self.seconds);
                let rate = searching::PER_SECOND;
                let answers = watch_at(rate, server.address, &database.data, calls, window);
                let measure = self.observe(Some(&server), &database, window, answers).await?;
                server.stop().await?;
                Ok(Sample { figure: measure.p99.as_secs_f64() * 1e3, measure: Some(measure), beside: None })
            }
            Work::InProcess(code) => {
                let repetitions = self.share(REPETITIONS);
                let nanoseconds = tokio::task::spawn_blocking(move || {
                    let begun = Instant::now();
                    code(repetitions);
                    begun.elapsed().as_nanos() as f64 / repetitions as f64
                });
                Ok(Sample { figure: nanoseconds.await?, measure: None, beside: None })
            }
        }
    }

    async fn throughput(&mut self, size: Size, calls: Calls) -> Result<Measure> {
        let database = match size {
            Size::Whole => self.whole.clone(),
            Size::Hundredth => self.hundredth.clone().ok_or("the small database was not made")?,
        };
        let server = match self.kept.take() {
            Some((kept, server)) if kept.url == database.url => server,
            kept => {
                self.kept = kept;
                self.serve(&database).await?
            }
        };
        let window = Window::of(self.seconds);
        let answers = saturate(server.address, &database.data, calls, window);
        let measure = self.observe(Some(&server), &database, window, answers).await?;
        // Figures that mean little may come from one that has answered other calls before.
        if self.small {
            self.kept = Some((database.clone(), server));
        } else {
            server.stop().await?;
        }
        database.forget_letters().await?;
        Ok(measure)
    }

    /// The same row at the peer, if it is there and has anything like it.
    pub(crate) async fn peer(&mut self, row: &Row) -> Result<Option<Sample>> {
        let (Some(peer), Some(work)) = (&self.peer, peer::work(row.name)) else { return Ok(None) };
        let (database, command) = (peer.database.clone(), || peer.serve());
        let sample = |figure| Sample { figure, measure: None, beside: None };
        let mut server = Server::start(command(), &self.log).await?;
        let sample = match work {
            peer::Work::Throughput(calls, answered) => {
                peer::check(server.address, &database.data, calls, answered).await?;
                let window = Window::of(self.seconds);
                let least = peer::LEAST_PER_SECOND;
                let answers = saturate_at_least(least, server.address, &database.data, calls, window);
                let measure = self.observe(Some(&server), &database, window, answers).await?;
                Sample { measure: Some(measure), ..sample(measure.per_second) }
            }
            peer::Work::Start => {
                let mut times = vec![server.started_in.as_secs_f64() * 1e3];
                while (times.len() as u64) < self.share(STARTS) {
                    server.stop().await?;
                    server = Server::start(command(), &self.log).await?;
                    times.push(server.started_in.as_secs_f64() * 1e3);
                }
                sample(median(&times))
            }
            peer::Work::IdleMemory => {
                self.rest().await;
                sample(resident(&server)?)
            }
        };
        server.stop().await?;
        Ok(Some(sample))
    }

    /// A service that has just been started.
    async fn serve(&mut self, database: &Database) -> Result<Server> {
        let folder = self.folder.path().to_owned();
        self.serve_from(database, &folder).await
    }

    /// The same, with its files in another folder.
    async fn serve_from(&mut self, database: &Database, folder: &Path) -> Result<Server> {
        // What is measured has the machine to itself.
        self.stop_kept().await?;
        let mut command = server::rollcall(&self.rollcall, &database.url);
        command
            .arg("serve")
            .env("ROLLCALL__DATA_DIR", folder)
            .env("ROLLCALL__EMAIL__SMTP_URL", format!("smtp://{}", self.mail));
        Server::start(command, &self.log).await
    }

    /// Stops the service that was kept, if there is one.
    pub(crate) async fn stop_kept(&mut self) -> Result {
        match self.kept.take() {
            Some((_, server)) => server.stop().await,
            None => Ok(()),
        }
    }

    /// Takes answers in, and looks meanwhile what server and database use.
    async fn observe(
        &mut self,
        server: Option<&Server>,
        database: &Database,
        window: Window,
        answers: impl Future<Output = Result<Answers>>,
    ) -> Result<Measure> {
        let used = async {
            sleep_until(window.from.into()).await;
            let before = server.and_then(|server| Cpu::of(server.pid()));
            let database_before = self.cluster.cpu(database).await?;
            sleep_until(window.until.into()).await;
            let after = server.and_then(|server| Cpu::of(server.pid()));
            let database_after = self.cluster.cpu(database).await?;
            let memory = server.and_then(|server| Memory::of(server.pid()));
            Ok((Cpu::between(before, after), Cpu::between(database_before, database_after), memory))
        };
        let (answers, (cpu, database_cpu, memory)) = tokio::try_join!(answers, used)?;
        let each = |cpu: Duration| cpu.div_f64(answers.count().max(1) as f64);
        let (cpu, database_cpu) = (cpu.map(each), database_cpu.map(each));
        Ok(Measure { cpu, database_cpu, memory, ..Measure::of(answers, window.length()) })
    }
}

/// What a server holds of the memory, in megabytes.
fn resident(server: &Server) -> Result<f64> {
    let memory = Memory::of(server.pid()).ok_or("this system does not tell about memory")?;
    Ok(memory.resident as f64 / 1e6)
}
