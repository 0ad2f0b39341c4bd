//! A run: rounds of measurements, floors and service in turn.

use std::fs;

use crate::{
    Result, Run,
    bench::Bench,
    cores,
    database::Cluster,
    floors::Floor,
    peer, pictures,
    report::{Circumstances, MeasuredFloor, MeasuredRow, Report},
    rows::{self, Row},
    summary::Measure,
};

/// Measures, prints the report and writes it.
pub(crate) async fn run(arguments: &Run) -> Result {
    let rows = rows::chosen(&arguments.rows)?;
    fs::create_dir_all(&arguments.output)?;
    let mut cluster = Cluster::connect(&arguments.database_url).await?;
    let measured = measured(arguments, &rows, &mut cluster).await;
    // Also after a failure, which is told first.
    let dropped = cluster.drop_all().await;
    let mut report = measured?;
    dropped?;
    let kept = arguments.output.join("report.json");
    if arguments.join && kept.exists() {
        report = Report::join([Report::open(&kept)?, report])?;
    }
    let text = report.markdown();
    println!("{text}");
    fs::write(arguments.output.join("report.md"), &text)?;
    fs::write(kept, report.json()?)?;
    pictures::write(&pictures::of(&report), &arguments.output)
}

async fn measured(arguments: &Run, rows: &[Row], cluster: &mut Cluster) -> Result<Report> {
    let (postgres, durable, at) = cluster.describe().await?;
    let circumstances = Circumstances {
        at,
        postgres,
        durable,
        cores: cores(),
        load_before: fs::read_to_string("/proc/loadavg").ok().map(|text| text.trim().to_owned()),
        rounds: arguments.rounds,
        seconds: arguments.seconds.as_secs_f64(),
        small: arguments.small,
        peer: arguments.peer.as_deref().map(peer::describe).transpose()?,
    };
    let mut bench = Bench::prepare(arguments, rows, cluster).await?;
    let at = &circumstances.at;
    let measured =
        |row: &Row| MeasuredRow { row: *row, at: at.clone(), rounds: Vec::new(), peer: Vec::new() };
    let mut found: Vec<MeasuredRow> = rows.iter().map(measured).collect();
    let mut floors: Vec<MeasuredFloor> = Vec::new();
    for round in 1..=arguments.rounds {
        let mut floor_of_round: Option<(Floor, Measure)> = None;
        for MeasuredRow { row, rounds, peer, .. } in &mut found {
            if let Some(floor) = row.floor.filter(|floor| floor_of_round.is_none_or(|last| last.0 != *floor))
            {
                let measure =
                    bench.floor(floor).await.map_err(|error| format!("{}: {error}", floor.name()))?;
                eprintln!("round {round}: {:<20} {:>12.1}", floor.name(), measure.per_second);
                floor_of_round = Some((floor, measure));
                match floors.iter_mut().find(|known| known.floor == floor) {
                    Some(known) => known.rounds.push(measure),
                    None => floors.push(MeasuredFloor { floor, at: at.clone(), rounds: vec![measure] }),
                }
            }
            let mut sample = bench.row(row).await.map_err(|error| format!("{}: {error}", row.name))?;
            if row.floor.is_some() {
                sample.beside = floor_of_round.map(|(_, measure)| measure);
            }
            eprintln!("round {round}: {:<20} {:>12.1}", row.name, sample.figure);
            rounds.push(sample);
            if let Some(sample) = bench.peer(row).await.map_err(|error| format!("{}: {error}", row.name))? {
                eprintln!("round {round}: {:<20} {:>12.1}", "the peer", sample.figure);
                peer.push(sample);
            }
        }
    }
    bench.stop_kept().await?;
    Ok(Report { runs: vec![circumstances], rows: found, floors })
}
