//! What the compared runs reach together, by settings.

use experiments::{GroupSummary, RunRecord, alike_but_for_the_seed, differing_columns};
use leptos::prelude::*;
use train_config::{Experiment, TrainConfig};

use super::Choice;
use crate::{lab::Lab, words};

/// A row for each configuration: mean, deviation, best and worst of its seeds, beside what was published.
#[component]
pub(super) fn Summary(choice: Choice) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let rows = move || {
        let records = choice.records(&lab);
        let all: Vec<&RunRecord> = records.iter().collect();
        let groups = alike_but_for_the_seed(&all);
        let firsts: Vec<TrainConfig> = groups
            .iter()
            .filter_map(|group| group.first())
            .map(|record| TrainConfig { seed: 1, ..record.config.clone() })
            .collect();
        let columns = differing_columns(&firsts.iter().collect::<Vec<_>>());
        let row = |(index, group): (usize, &Vec<&RunRecord>)| {
            let title = title(
                group,
                &columns.iter().map(|column| (column.name, &column.values[index])).collect::<Vec<_>>(),
            );
            let validation = GroupSummary::of(group, RunRecord::validation_accuracy);
            let test = GroupSummary::of(group, RunRecord::test_accuracy);
            let published = group.first().and_then(|record| published(&record.config));
            let deciding = validation.as_ref().or(test.as_ref());
            let best = deciding.map(|summary| {
                format!("{} {}", words::share_in_percent(Some(summary.best.1)), summary.best.0)
            });
            let worst = deciding.map(|summary| {
                format!("{} {}", words::share_in_percent(Some(summary.worst.1)), summary.worst.0)
            });
            view! {
                <tr>
                    <th scope="row">{title}</th>
                    <td>{group.len()}</td>
                    <td>{mean(validation.as_ref())}</td>
                    <td>{mean(test.as_ref())}</td>
                    <td>{words::share_in_percent(deciding.map(|summary| summary.median))}</td>
                    <td>{best}</td>
                    <td>{worst}</td>
                    <td>{words::share_in_percent(published)}</td>
                </tr>
            }
        };
        groups.iter().enumerate().map(row).collect_view()
    };
    view! {
        <section class="card" aria-label="Results">
            <h2>"Results"</h2>
            <p class="hint">"Runs that differ only in their seed share a row. Median, best and worst are validation accuracy, or test accuracy if there is no validation part."</p>
            <div class="scroll" tabindex="0" role="region" aria-label="Results, table">
                <table aria-label="Results">
                    <thead><tr>
                        <th scope="col">"Settings"</th><th scope="col">"Runs"</th>
                        <th scope="col">"Validation"</th><th scope="col">"Test"</th><th scope="col">"Median"</th>
                        <th scope="col">"Best"</th><th scope="col">"Worst"</th><th scope="col">"Published"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

/// What a group is, for people: its experiment, or what differs from the others.
fn title(group: &[&RunRecord], columns: &[(&str, &String)]) -> String {
    let Some(first) = group.first() else { return String::new() };
    if let Some(known) = experiment(&first.config) {
        return known.title.into();
    }
    let differing: Vec<String> = columns.iter().map(|(name, value)| format!("{name} {value}")).collect();
    match &first.group {
        _ if !differing.is_empty() => differing.join(", "),
        Some(group) => group.title.clone(),
        None => first.name.clone(),
    }
}

/// The experiment that a configuration follows, whatever its seed.
fn experiment(config: &TrainConfig) -> Option<&'static Experiment> {
    train_config::EXPERIMENTS.iter().find(|known| {
        let own = known.config();
        let as_known =
            TrainConfig { seed: own.seed, test_every_epoch: own.test_every_epoch, ..config.clone() };
        as_known == own
    })
}

fn published(config: &TrainConfig) -> Option<f64> {
    experiment(config)?.published.map(|published| published.validation)
}

fn mean(summary: Option<&GroupSummary>) -> String {
    match summary {
        None => "-".into(),
        Some(GroupSummary { mean, deviation: None, .. }) => words::share_in_percent(Some(*mean)),
        Some(GroupSummary { mean, deviation: Some(deviation), .. }) => {
            format!("{:.2} ± {:.2} %", 100.0 * mean, 100.0 * deviation)
        }
    }
}
