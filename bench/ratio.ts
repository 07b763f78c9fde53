/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] ?? Number.NaN) : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** One measurement beside another one, in milliseconds, as a line of a table. */
export function line(what: string, ours: readonly number[], bare: readonly number[], most: number): string {
  const ratio = median(ours) / median(bare)
  return `| ${what} | ${median(ours).toFixed(2)} | ${median(bare).toFixed(2)} | ${ratio.toFixed(2)} | ${most} | ${ratio <= most ? 'yes' : '**no**'} |`
}

export const HEAD: readonly string[] = ['| what | ours, ms | bare, ms | ratio | at most | holds |', '|---|---|---|---|---|---|']
