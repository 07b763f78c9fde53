let last: Promise<unknown> = Promise.resolve()

/**
 * Work of the runtime, one call after the other. All sessions of a thread share the runtime's stack, and a call gives up
 * the thread in its midst: another one that begins then overwrites what it has there, and calls fail, or read what is
 * not their own.
 */
export function oneAtATime<T>(work: () => Promise<T>): Promise<T> {
  const done = last.then(work)
  last = done.catch(() => undefined)
  return done
}
