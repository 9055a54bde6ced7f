#![doc = include_str!("README.md")]

mod edit;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use fastrand::Rng;

/// How long a target goes on in a long run.
const LONG: Duration = Duration::from_secs(30);
/// Inputs of each outcome that are gone on from.
const KEPT: usize = 64;
const NAMED: &str = "an outcome that the target names";

/// What is to be fed, and with what.
pub struct Target<'a> {
    /// The folder of the corpus.
    pub corpus: &'a str,
    /// What edits insert beside bytes: words that the reader knows.
    pub words: &'a [&'a str],
    /// Inputs in a normal run, beside the files themselves.
    pub inputs: u32,
    /// How an input may come out. All of them must be reached.
    pub outcomes: &'a [&'a str],
}

impl Target<'_> {
    /// Feeds `check`, which says how an input came out.
    ///
    /// # Panics
    /// When `check` does, when it says what is not among the outcomes, and when made inputs do not reach one of them.
    pub fn run(&self, mut check: impl FnMut(&[u8]) -> &'static str) {
        let mut check = |input: &[u8]| {
            let shown = Shown(input);
            check(shown.0)
        };
        let files: Vec<_> = files(self.corpus).collect();
        let mut kept: BTreeMap<&str, Kept> = self.outcomes.iter().map(|outcome| (*outcome, Kept::default())).collect();
        for file in &files {
            kept.get_mut(check(file)).expect(NAMED).put(file.clone());
        }
        let (is_long, begun) = (env::var_os("WXGATE_LONG").is_some(), Instant::now());
        let mut dice = if is_long { Rng::new() } else { Rng::with_seed(0) };
        let mut inputs = 0;
        while if is_long { begun.elapsed() < LONG } else { inputs < self.inputs } {
            let [parent, other] = [(); 2].map(|()| pick(&files, &kept, &mut dice));
            let input = edit::edited(parent, other, self.words, &mut dice);
            let kept = kept.get_mut(check(&input)).expect(NAMED);
            kept.made += 1;
            kept.put(input);
            inputs += 1;
        }
        let made: BTreeMap<_, _> = kept.iter().map(|(outcome, kept)| (outcome, kept.made)).collect();
        report(self.corpus, inputs, &made);
        assert!(made.values().all(|made| *made > 0), "not all reached: {made:?}");
    }
}

/// The last inputs that came out in one way.
#[derive(Default)]
struct Kept {
    inputs: VecDeque<Vec<u8>>,
    made: u32,
}

impl Kept {
    fn put(&mut self, input: Vec<u8>) {
        self.inputs.truncate(KEPT - 1);
        self.inputs.push_front(input);
    }
}

/// A file, or an input that came out in one of the ways: each way is as likely, however rare it is.
fn pick<'a>(files: &'a [Vec<u8>], kept: &'a BTreeMap<&str, Kept>, dice: &mut Rng) -> &'a [u8] {
    let way = dice.choice(kept.values()).filter(|_| dice.bool());
    match way.and_then(|kept| dice.choice(&kept.inputs)) {
        Some(input) => input,
        None => &files[dice.usize(..files.len())],
    }
}

/// The files of a corpus, in the order of their names.
fn files(corpus: &str) -> impl Iterator<Item = Vec<u8>> {
    let entries = fs::read_dir(corpus).expect("a folder of files");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).expect("a file"))
}

#[expect(clippy::print_stdout, reason = "`--nocapture` shows the figures")]
fn report(corpus: &str, inputs: u32, made: &BTreeMap<&&str, u32>) {
    println!("{corpus}: {inputs} inputs, {made:?}");
}

/// An input that is shown if the check of it panics.
struct Shown<'a>(&'a [u8]);

impl Drop for Shown<'_> {
    #[expect(clippy::print_stderr, reason = "a failed test says with what it failed")]
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("with the input b\"{}\"", self.0.escape_ascii());
        }
    }
}
