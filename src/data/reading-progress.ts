import type { DuckDBConnection } from '@duckdb/node-api'

const LOOK_MS = 500
/** What is read faster needs no telling. */
const QUIET_MS = 2000

/**
 * Says on standard output, which is the attempt's log, how far a drop is: a line a percent. What is read once more, for its
 * faults, begins again. Returns how to end it.
 */
export async function tellProgress(connection: DuckDBConnection, key: string): Promise<() => void> {
  await connection.run('set enable_progress_bar = true; set enable_progress_bar_print = false')
  const since = Date.now()
  const label = key.replaceAll(/\p{Cc}/gu, ' ')
  let told = 0
  const timer = setInterval(() => {
    const percent = Math.floor(connection.progress.percentage)
    if (percent < 0 || percent === told || Date.now() - since < QUIET_MS) return
    told = percent
    process.stdout.write(`reading ${label}: ${percent} %\n`)
  }, LOOK_MS)
  timer.unref()
  return () => clearInterval(timer)
}
