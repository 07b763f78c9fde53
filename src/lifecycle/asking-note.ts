import { openSync, writeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'

/** Whose model it is: the candidate's, a version's, or the package that was checked for a champion which was trained once more after it. */
export const Whose = Type.Union([Type.Literal('candidate'), Type.Literal('checked'), Type.Integer({ minimum: 1 })])
export type Whose = Static<typeof Whose>

/** What the check's child notes of the models that it asks, so that whoever finds it ended can tell whose doing that was. */
const AskingNote = Type.Object({
  /** The one that is being loaded or asked, and since when, in milliseconds since 1970. */
  asking: Type.Optional(Type.Object({ whose: Whose, since: Type.Number() })),
  /** How many milliseconds each has taken before. */
  spent: Type.Array(Type.Object({ whose: Whose, milliseconds: Type.Number() })),
})

/** Is told before a model is loaded or asked, and after. */
export interface Asking {
  readonly during: <T>(whose: Whose, work: () => Promise<T>) => Promise<T>
}

/** Longer than any note: it is written over the former one at once, so that a child which is killed leaves a whole one. */
const NOTE_BYTES = 2048

/** Keeps a note in a file; without one, none. */
export function noteAsking(file: string | undefined): Asking {
  if (file === undefined) return { during: (_whose, work) => work() }
  const note = openSync(file, 'w')
  const spent = new Map<Whose, number>()
  const write = (asking?: { readonly whose: Whose; readonly since: number }): void => {
    const text = JSON.stringify({ ...(asking === undefined ? {} : { asking }), spent: Array.from(spent, ([whose, milliseconds]) => ({ whose, milliseconds })) })
    writeSync(note, text.padEnd(NOTE_BYTES), 0)
  }
  write()
  return {
    during: async (whose, work) => {
      const since = Date.now()
      write({ whose, since })
      try {
        return await work()
      } finally {
        spent.set(whose, (spent.get(whose) ?? 0) + Date.now() - since)
        write()
      }
    },
  }
}

/**
 * The model by whose doing a child has ended: for want of time the one that took at least half of it, else the one that was
 * being asked. Undefined where it was none: the child was reading or judging, or the machine was slow for all of them.
 */
export async function whoseEnd(file: string, isTimeout: boolean, { milliseconds, at }: { readonly milliseconds: number; readonly at: number }): Promise<Whose | undefined> {
  const note = await readNote(file)
  if (note === undefined || !isTimeout) return note?.asking?.whose
  const { asking, spent } = note
  const ofAsking = asking === undefined ? [] : [{ whose: asking.whose, milliseconds: at - asking.since }]
  const all = [...spent, ...ofAsking]
  const takenBy = (whose: Whose): number => all.reduce((sum, each) => (each.whose === whose ? sum + each.milliseconds : sum), 0)
  return all.map(({ whose }) => whose).find((whose) => takenBy(whose) >= milliseconds / 2)
}

/** Undefined where the child has not come so far. */
async function readNote(file: string): Promise<Static<typeof AskingNote> | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.trim() === '' ? undefined : Value.Parse(AskingNote, JSON.parse(text))
}
