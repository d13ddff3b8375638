/** Requests at a fixed rate, over kept connections in turn, whether or not they are answered: latencies in ms, sorted. */
export async function steady(kept, path, rate, seconds) {
  const latencies = []
  const asked = []
  const from = performance.now()
  for (let n = 0; n < rate * seconds; n++) {
    const at = from + (n * 1000) / rate
    const waitMs = at - performance.now()
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    asked.push(kept[n % kept.length].ask(path).then(() => latencies.push(performance.now() - at)))
  }
  await Promise.all(asked)
  for (const { close } of kept) close()
  return latencies.sort((a, b) => a - b)
}
