import { writeFileSync } from 'node:fs'

/**
 * Stops here for as long as it takes to be killed, if REFIT_PAUSE_AT names this point, after leaving a file that says
 * so. This is how the crash tests break a run at a place of their choice; see test/crash.
 */
export async function pausePoint(name: string): Promise<void> {
  const wanted = process.env['REFIT_PAUSE_AT']
  const marker = process.env['REFIT_PAUSE_MARKER']
  if (wanted !== name || marker === undefined) return
  writeFileSync(marker, name)
  await new Promise(() => {
    setInterval(() => undefined, 60_000)
  })
}
