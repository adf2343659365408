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
