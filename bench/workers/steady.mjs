/** Requests at a fixed rate, over persistent connections in turn, whether or not responses come: latencies in ms, sorted. */
export async function steady(pool, path, rate, seconds) {
  const latencies = []
  const sent = []
  const from = performance.now()
  for (let n = 0; n < rate * seconds; n++) {
    const at = from + (n * 1000) / rate
    const waitMs = at - performance.now()
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    sent.push(pool[n % pool.length].ask(path).then(() => latencies.push(performance.now() - at)))
  }
  await Promise.all(sent)
  for (const { close } of pool) close()
  return latencies.sort((a, b) => a - b)
}
