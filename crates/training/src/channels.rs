//! How the ranks of a team hear each other where each is a thread: over channels of the standard library.

use std::sync::mpsc::{Receiver, Sender, channel};

use crate::{Exchange, Exchanged, TeamError};

/// One rank's ends of the channels to and from every other, by rank.
#[derive(Debug, Default)]
pub struct Channels {
    to: Vec<Sender<Vec<f32>>>,
    from: Vec<Receiver<Vec<f32>>>,
}

impl Exchange for Channels {
    fn exchange<'a>(&'a mut self, outgoing: &'a [Vec<&'a [f32]>]) -> Exchanged<'a> {
        let lost = || TeamError("its thread has ended".into());
        let send =
            |(to, pieces): (&Sender<Vec<f32>>, &Vec<&[f32]>)| to.send(pieces.concat()).map_err(|_| lost());
        let sent: Result<(), _> = self.to.iter().zip(outgoing).try_for_each(send);
        let heard =
            sent.and_then(|()| self.from.iter().map(|from| from.recv().map_err(|_| lost())).collect());
        Box::pin(core::future::ready(heard))
    }
}

/// The ends for every rank of a team of so many, by rank.
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
