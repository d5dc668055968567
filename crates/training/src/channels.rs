//! How the ranks of a group reach each other where each is a thread: over channels of the standard library.

use std::sync::mpsc::{Receiver, Sender, channel};

use crate::{AllToAll, GroupError, Received};

/// One rank's ends of the channels to and from every other, by rank.
#[derive(Debug, Default)]
pub struct Channels {
    to: Vec<Sender<Vec<f32>>>,
    from: Vec<Receiver<Vec<f32>>>,
}

impl AllToAll for Channels {
    fn all_to_all<'a>(&'a mut self, outgoing: &'a [Vec<&'a [f32]>]) -> Received<'a> {
        let lost = || GroupError("its thread has ended".into());
        let send =
            |(to, pieces): (&Sender<Vec<f32>>, &Vec<&[f32]>)| to.send(pieces.concat()).map_err(|_| lost());
        let sent: Result<(), _> = self.to.iter().zip(outgoing).try_for_each(send);
        let received =
            sent.and_then(|()| self.from.iter().map(|from| from.recv().map_err(|_| lost())).collect());
        Box::pin(core::future::ready(received))
    }
}

/// The ends for every rank of a group of `ranks`, by rank.
pub fn channels(ranks: usize) -> Vec<Channels> {
    let mut all: Vec<Channels> = (0..ranks).map(|_| Channels::default()).collect();
    for (from, to) in (0..ranks).flat_map(|from| (0..ranks).map(move |to| (from, to))) {
        if from != to {
            let (sender, receiver) = channel();
            all[from].to.push(sender);
            all[to].from.push(receiver);
        }
    }
    all
}
