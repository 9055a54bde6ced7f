//! Forgeries: another number in one's own payload.

use crate::block::{Block, Dice, Payload, xor};
use crate::member::{Member, VICTIM};
use crate::oracle::{Inverter, Oracle, Spent};

/// Makes a payload that says `VICTIM`, with whatever the oracle says, and posts it.
///
/// Only blocks up to the second number are new, and each needs one inversion: the last of them stays, the one before it is
/// chosen so that it decrypts as wanted, and so on to the IV.
pub async fn forge(member: &mut Member, oracle: Oracle, dice: Dice, patience: usize) -> Result<(), Spent> {
    let text = member.known_text().replace(&member.number, VICTIM);
    let wanted = |index: usize| -> Block { text.as_bytes()[index * 16..][..16].try_into().unwrap() };
    let mut forged = member.genuine.clone();
    let mut inverse = xor(&member.known_block(3), &forged.blocks[2]);
    let mut inverter = Inverter { member, oracle, dice, patience };
    for index in (0..3).rev() {
        forged.blocks[index] = xor(&inverse, &wanted(index + 1));
        inverse = inverter.invert(&forged.blocks[index]).await?;
    }
    forged.iv = xor(&inverse, &wanted(0));
    inverter.member.post(&forged).await;
    Ok(())
}

/// Posts what might be taken without any oracle, until the member is turned away even after a new login.
pub async fn try_luck(member: &mut Member, foreign: &Payload, dice: &mut Dice) {
    let mut turned_away = 0;
    while turned_away < 2 {
        let payload = lucky(member, foreign, dice);
        if member.post(&payload).await.status == 429 {
            turned_away += 1;
            member.login_again().await;
        }
    }
}

fn lucky(member: &Member, foreign: &Payload, dice: &mut Dice) -> Payload {
    let mut payload = member.genuine.clone();
    let length = payload.blocks.len();
    match dice.below(6) {
        // Another bit pattern anywhere.
        0 => return payload.flipped(dice.below(length + 1), dice.below(16), 1 << dice.below(8)),
        // Somebody else's payload, whole or under one's own IV.
        1 => return foreign.clone(),
        2 => payload.blocks.clone_from(&foreign.blocks),
        // Two taps under one key, joined at a border.
        3 => {
            let border = 1 + dice.below(length - 1);
            payload.blocks[border..].copy_from_slice(&member.tap().blocks[border..]);
        }
        4 => payload.blocks.swap(0, 1 + dice.below(length - 1)),
        // The first blocks are left out; what is then the first says what it must.
        _ => {
            let index = 1 + dice.below(3);
            let inverse = xor(&member.known_block(index), &payload.blocks[index - 1]);
            payload.iv = xor(&inverse, &member.known_block(0));
            payload.blocks.drain(..index);
        }
    }
    payload
}
