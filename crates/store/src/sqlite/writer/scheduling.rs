use rustix::process::getpriority_process;
use thread_priority::{
    Error, NormalThreadSchedulePolicy, ThreadPriority, ThreadPriorityOsValue, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id, thread_schedule_policy,
};

const USUAL: ThreadSchedulePolicy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Other);
const BATCH: ThreadSchedulePolicy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Batch);

/// Has the system let whoever runs go on when something comes for this thread (`SCHED_BATCH`, sched(7)). It gets as much time
/// as before, in fewer pieces: where it shares a core with the thread of HTTP, what that one brings meanwhile is committed
/// together, and no check waits in the midst of its work.
///
/// A process to which its operator gave another rank keeps it, and so does one that may not ask: it does the same, slower.
pub(super) fn give_way() {
    if let Ok(USUAL) = thread_schedule_policy()
        && getpriority_process(None) == Ok(0)
        && let Err(error) = batch()
    {
        tracing::debug!(error = %error, "the writer's thread is scheduled as any other");
    }
}

fn batch() -> Result<(), Error> {
    let as_before = ThreadPriority::Os(ThreadPriorityOsValue::default());
    set_thread_priority_and_policy(thread_native_id(), as_before, BATCH)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_thread_gives_way_unless_the_process_has_a_rank_of_its_own() {
        let before = (thread_schedule_policy().unwrap(), getpriority_process(None).unwrap());
        let after = thread::spawn(|| {
            give_way();
            (thread_schedule_policy().unwrap(), getpriority_process(None).unwrap())
        });
        let expected = if before == (USUAL, 0) { (BATCH, 0) } else { before };
        assert_eq!(after.join().unwrap(), expected);
    }
}
