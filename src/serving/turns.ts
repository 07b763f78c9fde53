/** Requests begin for so long before the sockets are looked at again, milliseconds. */
const SLICE_MS = 1

/** Comes back when it is a request's turn to begin: first come, first served. */
export type Turn = () => Promise<void>

/**
 * Has requests begin one after the other, and the sockets looked at in between. A model that computes in this thread would
 * otherwise hold up all who come meanwhile where nobody sees that they wait, and nobody can refuse them.
 */
export function createTurns(): Turn {
  let sliceBegan: number | undefined
  const begin = (start: () => void): void => {
    if (sliceBegan === undefined) {
      sliceBegan = performance.now()
      // Of what is due at once, this comes first when the sockets have been looked at.
      setImmediate(() => {
        sliceBegan = undefined
      })
    } else if (performance.now() - sliceBegan > SLICE_MS) {
      setImmediate(begin, start)
      return
    }
    start()
  }
  return () => new Promise((resolve) => setImmediate(begin, resolve))
}
