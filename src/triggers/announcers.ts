/** Why an announced key could not be recorded; undefined: it is, or there was nothing to record. */
export type FailureOf = (key: string) => unknown

/** What was announced until now, taken to be looked at. */
export interface TakenAnnouncements {
  readonly keys: readonly string[]
  /** Answers each announcer for its own key: one that fails is no business of the others. */
  answer(failureOf: FailureOf): void
}

/** Those who announced something and wait until it is recorded. */
export interface Announcers {
  /** Resolves when what the key announces is recorded, or there is nothing to record; rejects when it could not be. */
  announce(key: string): Promise<void>
  /** Whatever is announced from now on belongs to the next look. */
  take(): TakenAnnouncements
}

interface Announcer {
  resolve(): void
  reject(error: unknown): void
}

export function createAnnouncers(): Announcers {
  let announced = new Map<string, Announcer[]>()
  return {
    announce: (key) =>
      new Promise((resolve, reject) => {
        const announcers = announced.get(key)
        if (announcers === undefined) announced.set(key, [{ resolve, reject }])
        else announcers.push({ resolve, reject })
      }),
    take: () => {
      const taken = announced
      announced = new Map()
      return {
        keys: [...taken.keys()],
        answer: (failureOf) => {
          for (const [key, announcers] of taken) {
            const failure = failureOf(key)
            for (const { resolve, reject } of announcers) {
              if (failure === undefined) resolve()
              else reject(failure)
            }
          }
        },
      }
    },
  }
}
