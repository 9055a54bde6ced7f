//! The ways in which a payload fails after the key is used, made from one genuine payload.

use crate::block::{Dice, Payload};
use crate::member::Member;
use crate::support::{At, Bench};

/// One way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Padding,
    Utf8,
    Json,
    Schema,
    Garbage,
    Stale,
    WrongAppid,
    Replay,
}

impl Class {
    pub const ALL: [Self; 8] = [
        Self::Padding,
        Self::Utf8,
        Self::Json,
        Self::Schema,
        Self::Garbage,
        Self::Stale,
        Self::WrongAppid,
        Self::Replay,
    ];
    /// Those that need nothing but the genuine payload: what an attacker calibrates with.
    pub const BARE: [Self; 4] = [Self::Padding, Self::Utf8, Self::Json, Self::Schema];

    /// A payload of the member that fails so. [`Class::Replay`] needs one from [`replayer`].
    pub fn payload(self, member: &Member, bench: &Bench, dice: &mut Dice) -> Payload {
        let (genuine, now) = (&member.genuine, bench.sandbox.now());
        match self {
            // The padding's last byte becomes larger than any padding is.
            Self::Padding => genuine.flipped(genuine.blocks.len() - 1, 15, 0x40),
            // All blocks but the last two become noise: of one alone chance might make text.
            Self::Utf8 => {
                (1..genuine.blocks.len() - 1).fold(genuine.clone(), |noise, block| noise.flipped(block, 0, 1))
            }
            // `{` becomes `z`.
            Self::Json => genuine.flipped(0, 0, 1),
            // `phoneNumber` becomes `qhoneNumber`.
            Self::Schema => genuine.flipped(0, 2, 1),
            Self::Garbage => {
                Payload { iv: dice.block(), blocks: genuine.blocks.iter().map(|_| dice.block()).collect() }
            }
            Self::Stale => member.sealed(&member.number_for(bench.appid(), now - 10_000), dice.block()),
            Self::WrongAppid => member.sealed(&member.number_for("wxffffffffffffffff", now), dice.block()),
            Self::Replay => member.spent.clone().unwrap(),
        }
    }
}

/// A member of whom one payload was accepted in an earlier session.
pub async fn replayer(bench: &Bench, server: &At) -> Member {
    let mut member = Member::new(bench, server).await;
    let spent = member.genuine.clone();
    assert_eq!(member.post(&spent).await.status, 200);
    member.login_again().await;
    member.genuine = member.tap();
    member.spent = Some(spent);
    member
}
