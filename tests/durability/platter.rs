//! What a power cut leaves of files: everything synced, and of the rest whatever the disk happened to have written.

use std::collections::BTreeMap;
use std::mem;

use crate::trace::Event;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// The files by their names.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A disk to which a trace is done again.
#[derive(Default)]
pub struct Platter {
    inodes: Vec<Inode>,
    /// The names as they are, and as they were at their last sync.
    names: BTreeMap<String, usize>,
    synced_names: BTreeMap<String, usize>,
}

#[derive(Default)]
struct Inode {
    synced: Vec<u8>,
    unsynced: Vec<Change>,
}

enum Change {
    /// Within one sector.
    Written(usize, Vec<u8>),
    Cut(usize),
}

/// What becomes of that which is not synced.
#[derive(Clone, Copy, Debug)]
pub enum Unsynced {
    Nothing,
    All,
    /// Each sector for itself, by dice that begin with this.
    Some(u64),
}

impl Platter {
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Made(name) => {
                self.names.insert(name.clone(), self.inodes.len());
                self.inodes.push(Inode::default());
            }
            Event::Removed(name) => drop(self.names.remove(name)),
            Event::Written { name, at, bytes } => self.inode(name).unsynced.extend(sectors(*at, bytes)),
            Event::Cut { name, size } => self.inode(name).unsynced.push(Change::Cut(*size)),
            Event::Synced(name) => self.inode(name).sync(),
            Event::NamesSynced => self.synced_names = self.names.clone(),
            Event::Answered(_) => {}
        }
    }

    fn inode(&mut self, name: &str) -> &mut Inode {
        &mut self.inodes[self.names[name]]
    }

    /// The files after a power cut.
    pub fn after_a_cut(&self, unsynced: Unsynced) -> Files {
        let mut dice = Dice(if let Unsynced::Some(seed) = unsynced { seed } else { 0 });
        let mut survives = || match unsynced {
            Unsynced::Nothing => false,
            Unsynced::All => true,
            Unsynced::Some(_) => dice.roll().is_multiple_of(2),
        };
        let names = if survives() { &self.names } else { &self.synced_names };
        names.iter().map(|(name, inode)| (name.clone(), self.inodes[*inode].after_a_cut(&mut survives))).collect()
    }
}

impl Inode {
    fn sync(&mut self) {
        for change in mem::take(&mut self.unsynced) {
            change.apply(&mut self.synced);
        }
    }

    fn after_a_cut(&self, mut survives: impl FnMut() -> bool) -> Vec<u8> {
        let mut bytes = self.synced.clone();
        for change in self.unsynced.iter().filter(|_| survives()) {
            change.apply(&mut bytes);
        }
        bytes
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Written(at, part) => {
                let end = at + part.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[*at..end].copy_from_slice(part);
            }
            Self::Cut(size) => bytes.resize(*size, 0),
        }
    }
}

/// A write, as the disk sees it.
fn sectors(at: usize, bytes: &[u8]) -> impl Iterator<Item = Change> {
    let to_boundary = (SECTOR - at % SECTOR).min(bytes.len());
    let (first, rest) = bytes.split_at(to_boundary);
    let rest = rest.chunks(SECTOR).enumerate();
    let rest = rest.map(move |(index, part)| Change::Written(at + to_boundary + index * SECTOR, part.to_owned()));
    std::iter::once(Change::Written(at, first.to_owned())).chain(rest)
}

/// Numbers that look random and are the same in every run: SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}
