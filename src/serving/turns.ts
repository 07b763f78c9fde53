/** Requests begin for so long before the sockets are looked at again, milliseconds. */
const SLICE_MS = 1
/** After a longer slice they are looked at for so many times as long at most. */
const LOOKS = 3

/** When requests begin. */
export interface Turns {
  /** Comes back when it is a request's turn: first come, first served. */
  next(): Promise<void>
  /** Another request has been seen. */
  noteArrival(): void
}

/**
 * Has requests begin one after the other, and the sockets looked at in between. A model that computes in this thread would
 * otherwise hold up all who come meanwhile where nobody sees that they wait, and nobody can refuse them.
 */
export function createTurns(): Turns {
  let sliceBegan: number | undefined
  let arrivals = 0
  /** Each look accepts one connection: after a long slice there are looks as long as each finds somebody, for then a crowd comes. */
  const look = (seen: number, until: number): void => {
    if (arrivals !== seen && performance.now() < until) setImmediate(look, arrivals, until)
    else sliceBegan = undefined
  }
  const begin = (start: () => void): void => {
    const now = performance.now()
    if (sliceBegan === undefined) {
      sliceBegan = now
      // Of what is due at once, this comes first when the sockets have been looked at.
      setImmediate(() => {
        const end = performance.now()
        if (end - now > SLICE_MS) look(-1, end + LOOKS * (end - now))
        else sliceBegan = undefined
      })
    } else if (now - sliceBegan > SLICE_MS) {
      setImmediate(begin, start)
      return
    }
    start()
  }
  return {
    next: () => new Promise((resolve) => setImmediate(begin, resolve)),
    noteArrival: () => {
      arrivals += 1
    },
  }
}
