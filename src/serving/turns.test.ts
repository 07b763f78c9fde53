import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTurns } from './turns.js'

/** Keeps this thread for so long. */
function compute(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

test('what computes begins in the order in which it came, with a look at the rest of the world in between', async () => {
  const turns = createTurns()
  const seen: string[] = []
  const work = async (name: string): Promise<void> => {
    await turns.next()
    seen.push(name)
    compute(3)
  }
  const all = Promise.all(['a', 'b', 'c'].map(work))
  setImmediate(() => seen.push('world'))
  const later = new Promise<void>((resolve) => setTimeout(() => resolve(work('late')), 0))
  await Promise.all([all, later])
  assert.deepEqual(
    seen.filter((each) => each !== 'world'),
    ['a', 'b', 'c', 'late'],
  )
  assert.ok(seen.indexOf('world') < seen.indexOf('c'), seen.join())
})

test('what is quick begins together', async () => {
  const turns = createTurns()
  let looks = 0
  let looking = true
  const look = (): void => {
    looks += 1
    if (looking) setImmediate(look)
  }
  setImmediate(look)
  await Promise.all(Array.from({ length: 50 }, () => turns.next()))
  looking = false
  assert.ok(looks < 10, `${looks} looks`)
})

test('after what took long there are looks as long as each finds somebody, for a few times as long at most', async () => {
  const turns = createTurns()
  let looks = 0
  let [finding, looking] = [true, true]
  const look = (): void => {
    looks += 1
    if (finding) turns.noteArrival()
    if (looking) setImmediate(look)
  }
  const looksBetween = async (): Promise<number> => {
    await turns.next()
    compute(20)
    const before = looks
    await turns.next()
    return looks - before
  }
  setImmediate(look)
  const whileFound = await looksBetween()
  finding = false
  const otherwise = await looksBetween()
  looking = false
  assert.ok(whileFound > 20 && otherwise < 5, `${whileFound} looks while each finds somebody, and ${otherwise}`)
})
