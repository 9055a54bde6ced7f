use proptest::prelude::*;

use crate::model::Effect;

const DAY: i64 = 86_400;

/// One thing that happens, so many seconds after the one before.
#[derive(Clone, Debug)]
pub struct Step {
    /// Seconds since the step before.
    pub passed: i64,
    /// Whether it is done a second time at once.
    pub again: bool,
    /// What happens.
    pub act: Act,
}

/// What happens. `person`, `session` and the like are taken modulo those there are or were; no person is the session's own.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are those of the store's own arguments")]
pub enum Act {
    Login {
        person: usize,
        has_smaller_id: bool,
        unionid: Option<u8>,
        name: Option<u8>,
        most: u32,
        idle: i64,
        life: i64,
    },
    /// A login with the id of another session.
    Clash {
        person: usize,
        session: usize,
    },
    Touch {
        session: usize,
        ago: i64,
        idle: i64,
    },
    Refresh {
        session: usize,
        is_stale: bool,
        idle: i64,
    },
    End {
        person: Option<usize>,
        session: usize,
    },
    EndAll {
        person: usize,
    },
    Change {
        person: usize,
        name: u8,
    },
    Begin {
        subject: i64,
        times: u32,
    },
    Fail {
        opening: usize,
    },
    Release {
        opening: usize,
    },
    Bind {
        person: Option<usize>,
        session: usize,
        number: i64,
        proof: i64,
        usable: i64,
        trust: usize,
        may_replace: bool,
        opening: usize,
    },
    Erase {
        person: usize,
    },
    /// WeChat's push: an event, and perhaps one that came before in another envelope.
    Push {
        person: usize,
        event: i64,
        url: i64,
        message: i64,
        effect: Effect,
    },
    Keep {
        token: u8,
    },
    Create {
        token: i64,
        hash: i64,
    },
    Revoke {
        token: i64,
    },
    Purge {
        limit: u32,
    },
    /// An operator's change, perhaps of a revision that they saw.
    Manage {
        person: usize,
        is_blocked: Option<bool>,
        note: Option<u8>,
        attributes: Option<u8>,
        revision: Option<i64>,
    },
    /// An operator ends one session or all.
    Oust {
        person: Option<usize>,
        session: Option<usize>,
    },
    Export {
        person: usize,
    },
    Restart {
        is_crash: bool,
    },
}

/// Histories of at most `most` steps.
pub fn histories(most: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..=most)
}

fn step() -> impl Strategy<Value = Step> {
    // The ends of a key's time, of a budget's windows and of a session's life are met exactly, or missed by a second.
    let passed = prop_oneof![
        6 => Just(0),
        4 => 1..60_i64,
        3 => prop::sample::select(vec![299, 300, 360, 361, 599, 600, 601, 3600]),
        1 => prop::sample::select(vec![DAY - 1, DAY, 7 * DAY, 30 * DAY]),
    ];
    (passed, prop::bool::weighted(0.1), act()).prop_map(|(passed, again, act)| Step { passed, again, act })
}

fn effect() -> impl Strategy<Value = Effect> {
    prop_oneof![
        2 => Just(Effect::Keep),
        3 => any::<(bool, bool)>().prop_map(|(phone, profile)| Effect::Withdraw { phone, profile }),
        1 => Just(Effect::ClearProfile),
        1 => Just(Effect::Erase),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let (person, session, number) = (0..4_usize, 0..64_usize, 0..4_i64);
    let idle = prop::sample::select(vec![0, 60, 600, 3600, 7 * DAY]);
    let life = prop::sample::select(vec![60, 3600, 30 * DAY]);
    let other = prop::option::weighted(0.2, person.clone());
    let usable = prop::sample::select(vec![0, 60, 360]);
    let few = || prop::option::of(0..3_u8);
    let revision = prop::option::weighted(0.3, 0..3_i64);
    let login = (person.clone(), prop::bool::weighted(0.1), prop::option::of(0..3_u8), prop::option::of(0..3_u8));
    prop_oneof![
        8 => (login, 0..5_u32, idle.clone(), life).prop_map(|((person, has_smaller_id, unionid, name), most, idle, life)| {
            Act::Login { person, has_smaller_id, unionid, name, most, idle, life }
        }),
        1 => (person.clone(), session.clone()).prop_map(|(person, session)| Act::Clash { person, session }),
        4 => (session.clone(), -1..2_i64, idle.clone()).prop_map(|(session, ago, idle)| Act::Touch { session, ago, idle }),
        4 => (session.clone(), prop::bool::weighted(0.2), idle)
            .prop_map(|(session, is_stale, idle)| Act::Refresh { session, is_stale, idle }),
        3 => (other.clone(), session.clone()).prop_map(|(person, session)| Act::End { person, session }),
        1 => person.clone().prop_map(|person| Act::EndAll { person }),
        2 => (person.clone(), 0..3_u8).prop_map(|(person, name)| Act::Change { person, name }),
        5 => (0..2_i64, 1..5_u32).prop_map(|(subject, times)| Act::Begin { subject, times }),
        4 => (0..32_usize).prop_map(|opening| Act::Fail { opening }),
        2 => (0..32_usize).prop_map(|opening| Act::Release { opening }),
        5 => (other, session, number.clone(), 0..8_i64, usable, 0..3_usize, any::<bool>(), 0..32_usize).prop_map(
            |(person, session, number, proof, usable, trust, may_replace, opening)| {
                Act::Bind { person, session, number, proof, usable, trust, may_replace, opening }
            },
        ),
        1 => person.clone().prop_map(|person| Act::Erase { person }),
        3 => (person.clone(), 0..6_i64, 0..8_i64, 0..2_i64, effect()).prop_map(|(person, event, url, message, effect)| {
            Act::Push { person, event, url, message, effect }
        }),
        1 => (0..3_u8).prop_map(|token| Act::Keep { token }),
        1 => (number.clone(), 0..2_i64).prop_map(|(token, hash)| Act::Create { token, hash }),
        1 => number.prop_map(|token| Act::Revoke { token }),
        4 => prop::sample::select(vec![1, 2, 128, 1000]).prop_map(|limit| Act::Purge { limit }),
        4 => (person.clone(), prop::option::weighted(0.4, prop::bool::weighted(0.3)), few(), few(), revision).prop_map(
            |(person, is_blocked, note, attributes, revision)| {
                Act::Manage { person, is_blocked, note, attributes, revision }
            },
        ),
        1 => (prop::option::of(person.clone()), prop::option::of(0..64_usize))
            .prop_map(|(person, session)| Act::Oust { person, session }),
        1 => person.prop_map(|person| Act::Export { person }),
        2 => any::<bool>().prop_map(|is_crash| Act::Restart { is_crash }),
    ]
}
