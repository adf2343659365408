//! What has to happen in one step. Each script works on keys of one slot.

use std::sync::LazyLock;
use std::time::Duration;

use deadpool_redis::redis::Script;

/// KEYS: entry. ARGV: step, milliseconds. Gives the total as text (numbers of Lua end at 2^53) and what is left.
pub(crate) static INCREMENT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local fresh = redis.call('EXISTS', KEYS[1]) == 0
         redis.call('INCRBY', KEYS[1], ARGV[1])
         if fresh then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
         return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}",
    )
});

/// KEYS: entry. ARGV: what it costs (0 only looks) and what may be owed at most, in microseconds. Gives whether it is granted,
/// and what is owed then. The entry says when all is paid back, by the server's clock, behind a letter that keeps it
/// apart from counters.
pub(crate) static ASK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local time = redis.call('TIME')
         local now = time[1] * 1000000 + time[2]
         local debt = 0
         local kept = redis.call('GET', KEYS[1])
         if kept then
           local due = tonumber(string.match(kept, '^t(%d+)$'))
           if not due then return redis.error_reply('WRONGTYPE the entry is no debt') end
           debt = math.max(due - now, 0)
         end
         local cost = tonumber(ARGV[1])
         if cost == 0 then return {1, debt} end
         local after = debt + cost
         if after > tonumber(ARGV[2]) then return {0, debt} end
         redis.call('SET', KEYS[1], string.format('t%.0f', now + after), 'PX', math.ceil(after / 1000))
         return {1, after}",
    )
});

/// KEYS: entry. ARGV: whether something is expected (1) or nothing (0), what, whether something is to be there,
/// what, milliseconds. Gives 1 when it was replaced.
pub(crate) static COMPARE_AND_SET: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local present = redis.call('GET', KEYS[1])
         if ARGV[1] == '1' then
           if present ~= ARGV[2] then return 0 end
         elseif present then
           return 0
         end
         if ARGV[3] == '1' then
           redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5])
         else
           redis.call('DEL', KEYS[1])
         end
         return 1",
    )
});

/// KEYS: tag. ARGV: a generation that no tag has had, milliseconds. Gives the tag's generation.
pub(crate) static GENERATION: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local present = redis.call('GET', KEYS[1])
         if present then return present end
         redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
         return ARGV[1]",
    )
});

/// KEYS: revision. ARGV: the ticket of its place, the revision. Keeps the time that the place has left, so that a value
/// is never told for longer after it was read than the place was given for.
pub(crate) static FILL: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
         redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
         return 1",
    )
});

/// KEYS: revision. ARGV: the mark of a raise that is over. Takes away everything but another's mark.
pub(crate) static RAISED: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local present = redis.call('GET', KEYS[1])
         if present and present ~= ARGV[1] and string.sub(present, 1, 1) == 'r' then return 0 end
         redis.call('DEL', KEYS[1])
         return 1",
    )
});

/// KEYS: holder, counter. ARGV: milliseconds. Gives the token, or nothing when somebody holds it. Tokens start at
/// the server's clock, so that they grow even when the counter was lost with the server's memory.
pub(crate) static ACQUIRE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('EXISTS', KEYS[1]) == 1 then return false end
         local now = redis.call('TIME')
         local token = now[1] * 1000000 + now[2]
         local last = tonumber(redis.call('GET', KEYS[2]) or '0')
         if last >= token then token = last + 1 end
         local text = string.format('%.0f', token)
         redis.call('SET', KEYS[2], text)
         redis.call('SET', KEYS[1], text, 'PX', ARGV[1])
         return text",
    )
});

/// KEYS: holder. ARGV: token, milliseconds. Gives 1 when the lease was still the caller's.
pub(crate) static RENEW: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
         return redis.call('PEXPIRE', KEYS[1], ARGV[2])",
    )
});

/// KEYS: holder. ARGV: token.
pub(crate) static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
         return redis.call('DEL', KEYS[1])",
    )
});

/// The server knows no shorter time than a millisecond.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).clamp(1, i64::MAX as u64 / 2)
}
