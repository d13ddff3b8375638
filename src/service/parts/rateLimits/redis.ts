import type { RateLimitStore } from './store.ts'

/** Runs a Lua script in Redis, by the command EVAL; resolves to what the script returns. */
export type RedisEval = (script: string, keys: string[], args: string[]) => Promise<unknown>

/** One step, by Redis' clock. An unused key expires by itself. */
const script = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local tat = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + interval
if tat - now <= burst then
  redis.call('SET', KEYS[1], string.format('%.0f', tat), 'PX', math.ceil((tat - now) / 1000))
end
return tat - now
`

/**
 * Counts requests in Redis 5 and later, or in a server that has its protocol and runs Lua.
 *
 * It takes a function for the one command that it needs, so that any client works and no package is required.
 *
 * @example
 * // ioredis
 * redisStore((script, keys, args) => redis.eval(script, keys.length, ...keys, ...args))
 * // redis (node-redis)
 * redisStore((script, keys, args) => redis.eval(script, { keys, arguments: args }))
 */
export function redisStore(evaluate: RedisEval): RateLimitStore {
  return {
    async take(key, { intervalUs, burstUs }) {
      return Number(await evaluate(script, [`tricube:rate:${key}`], [String(intervalUs), String(burstUs)]))
    },
  }
}
