//! The plans of the tutorials' networks, written down: speed cannot slip unnoticed.

#[cfg(all(feature = "cpu", not(target_arch = "wasm32")))]
use model_spec::NamedNetwork;
use model_spec::{NAMED_NETWORKS, NetworkSpec};

use crate::{Fusion, Plan};

/// The plans, or how to take new ones.
#[cfg(all(feature = "cpu", not(target_arch = "wasm32")))]
#[test]
fn plans_are_those_that_were_written_down() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/plans.txt");
    let plan =
        |named: &NamedNetwork| format!("# {}\n{}\n", named.id, Plan::lower(&named.spec(), Fusion::Cpu));
    let plans: String = NAMED_NETWORKS.iter().map(plan).collect();
    if std::env::var_os("INKLING_WRITE_PLANS").is_some() {
        std::fs::write(path, &plans).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    assert!(plans == written, "plans have changed; set INKLING_WRITE_PLANS=1 to write these down:\n{plans}");
}

#[test]
fn without_fusion_every_layer_is_an_operation() {
    let network = NetworkSpec::from_json(
        r#"{"layers":[{"kind":"conv2d","out_channels":6,"kernel_size":3},{"kind":"batch_norm"},{"kind":"relu"},
        {"kind":"max_pool2d"},{"kind":"flatten"},{"kind":"dense","units":10}]}"#,
    )
    .unwrap();
    let expected = "   1  conv, stock\n      relayout to channels last, stock\n   2  batch_norm, stock\n   3  relu, stock\n\
        \u{20}     relayout to channels first, stock\n   4  max_pool, stock\n   5  flatten, stock\n   6  dense, stock\n";
    assert_eq!(Plan::lower(&network, Fusion::None).to_string(), expected);
    for named in NAMED_NETWORKS {
        let plan = Plan::lower(&named.spec(), Fusion::None);
        let layers = plan.steps.iter().map(|step| step.layers.len()).sum::<usize>();
        assert_eq!(layers, named.spec().layers().len());
        assert!(!plan.takes_offset);
    }
}
