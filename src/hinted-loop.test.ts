import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from './clock.js'
import { startHintedLoop } from './hinted-loop.js'

const HOUR_MS = 3_600_000

/** A loop whose looks the test follows; each asks for a pause of an hour. */
function observed(): { readonly loop: ReturnType<typeof startHintedLoop>; readonly begun: (look: number) => Promise<void>; end(): void } {
  let looks = 0
  let end = (): void => undefined
  const waiting = new Map<number, () => void>()
  const loop = startHintedLoop(systemClock, async () => {
    looks += 1
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    waiting.get(looks)?.()
    await ended
    return HOUR_MS
  })
  const begun = (look: number): Promise<void> => (looks >= look ? Promise.resolve() : new Promise((resolve) => waiting.set(look, resolve)))
  return { loop, begun, end: () => end() }
}

test('a hint ends the pause; those that come during a look are worth one more', async () => {
  const { loop, begun, end } = observed()
  await begun(1)
  loop.hint()
  loop.hint()
  end()
  await begun(2)
  end()
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
  loop.hint()
  await begun(3)
  end()
  await loop.stop()
})

test('stopping waits for the look under way and needs no pause to end', async () => {
  const { loop, begun, end } = observed()
  await begun(1)
  let isStopped = false
  const stopped = loop.stop().then(() => {
    isStopped = true
  })
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
  assert.equal(isStopped, false)
  end()
  await stopped
})
